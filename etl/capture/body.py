"""From the bytes of a request to JSON: whatever an SDK packed it in, and never larger than a limit.

Labels are not trusted, because the browser SDK sends gzip as ``text/plain`` without a word about it; every packing is
known by its first bytes, but for lz-string, which has none of its own. PostHog: rust/capture/src/payload.

The work is bounded by construction: each layer is read once, from front to back, and layers, members of gzip, fields,
escapes and values are counted, so that the longest body that is allowed takes a known time, whatever is in it.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from itertools import islice
from urllib.parse import unquote_to_bytes

import zstandard

from etl.capture.lz_string import unpack_lz_string
from etl.errors import RefusedError
from etl.rules.wire import STRING

MAX_LAYERS = 4  # gzip in base64 in a form is three
MAX_MEMBERS = 1_000  # of one gzip; bgzip writes one for 64 KB of text, so 320 for the longest body
MAX_FIELDS = 100  # of a form; old browser SDKs send up to five
MAX_WINDOW_BYTES = 1 << 23  # what a zstd frame may ask for
MAX_VALUES = 500_000  # in one body, or escapes in a form: each costs a hundred bytes of memory, however short it is
BLOCK_BYTES = 65_536

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_PADDING = re.compile(rb"\0*+")
_COMPRESSION = re.compile(rb"(?:\A|&)compression=([\w-]{1,16})(?:&|\Z)")
_FORM = re.compile(rb"\s*+(?:[\w.~%%-]{1,64}=[^&]*+&){0,%d}?data=([^&]*+)" % (MAX_FIELDS - 1))
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\s-]++={0,3}+\s*+")
# A comma or an opening bracket outside strings, or else the end: it always matches, so nothing is read twice.
_VALUE = re.compile(rb'(?:[^",\[{]++|' + STRING + rb")*+(?:([,\[{])|\Z)", re.DOTALL)


def unpack(body: bytes, *, max_bytes: int, compression: str = "") -> bytes:
    """The JSON text in a request's body.

    Args:
        body: as received.
        max_bytes: of the result, and of all that is unpacked on the way to it, together; unpacking stops there.
        compression: what the query says, or the head; a field of a form may say it too.

    Raises:
        RefusedError: it cannot be unpacked, or is too large.
    """
    left = max_bytes
    for _ in range(MAX_LAYERS):
        # It fails at the first byte of what is no form: JSON, gzip, zlib and zstd.
        form = _FORM.match(body)
        if form:
            compression = compression or _compression_of(form)
        unpacked = _form_data(form[1]) if form else _without_layer(body, left, compression)
        if unpacked is None:
            break
        left -= len(unpacked)
        if left < 0:
            raise _too_large(max_bytes)
        body = unpacked
    text = body.strip()
    if not text:
        raise RefusedError(400, "empty", "The request holds no event: its body is empty.")
    if len(text) > max_bytes:
        raise _too_large(max_bytes)
    if _has_too_many_values(text):
        raise RefusedError(
            413, "too_many_values", f"The body holds more than {MAX_VALUES:,} values: send smaller ones."
        )
    if text[:3] == b"\xef\xbb\xbf":
        return text[3:]
    return text


def _without_layer(body: bytes, most: int, compression: str) -> bytes | None:
    """The body with its outermost packing removed, as far as ``most`` bytes and one more; None when it has none."""
    start = body[:4]
    if start[:2] == _GZIP or start[:2] in _ZLIB:
        return _inflate(body, most)
    if start == _ZSTD:
        return _unpack_zstd(body, most)
    if start.lstrip()[:1] in {b"{", b"["}:
        return None
    if len(body) >= 4 and _BASE64.fullmatch(body):
        return _unpack_base64(body, most, is_lz_string=compression.startswith("lz"))
    if compression == "br":
        raise RefusedError(400, "unsupported_compression", "Brotli is not supported: send gzip, deflate or zstd.")
    return None


def _compression_of(form: re.Match[bytes]) -> str:
    """What a field of a form says, next to the one with the data: before it or behind."""
    said = _COMPRESSION.search(form.string, 0, form.start(1)) or _COMPRESSION.search(form.string, form.end(1))
    return said[1].decode() if said else ""


def _inflate(body: bytes, most: int) -> bytes:
    """Gzip (also of several members) or zlib.

    It is fed by blocks, because what follows a member comes back as a copy: of a block, not of all the rest.
    """
    parts, size, at, members = [], 0, 0, 0
    try:
        while at < len(body) and size <= most:
            members += 1
            if members > MAX_MEMBERS:
                raise RefusedError(413, "too_many_members", f"The gzip has more than {MAX_MEMBERS:,} members.")
            inflater = zlib.decompressobj(wbits=47)
            while at < len(body) and size <= most and not inflater.eof:
                block = body[at : at + BLOCK_BYTES]
                parts.append(inflater.decompress(block, most - size + 1))
                size += len(parts[-1])
                at += len(block) - len(inflater.unused_data)
            if size <= most and not inflater.eof:
                raise RefusedError(400, "truncated", "The compressed body is cut off.")
            at = _PADDING.match(body, at).end()  # type: ignore[union-attr]  # it matches the empty string
    except zlib.error as error:
        raise RefusedError(400, "undecodable", f"The compressed body is damaged: {error}.") from error
    return b"".join(parts)


def _unpack_zstd(body: bytes, most: int) -> bytes:
    """One frame of zstd."""
    try:
        inflater = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
        frame = inflater.decompressobj()
        with inflater.stream_reader(body) as reader:
            unpacked = reader.read(most + 1)
        if len(unpacked) > most:
            return unpacked
        frame.decompress(body)
    except zstandard.ZstdError as error:
        raise RefusedError(400, "undecodable", f"The compressed body is damaged: {error}.") from error
    if not frame.eof or zstandard.frame_content_size(body) not in {-1, len(unpacked)}:
        raise RefusedError(400, "truncated", "The compressed body is cut off.")
    if frame.unused_data:
        raise RefusedError(400, "undecodable", "The compressed body goes on after its first zstd frame: send one.")
    return unpacked


def _form_data(value: bytes) -> bytes:
    """What the field ``data`` of a form holds. A plus is a space in JSON, but itself in base64."""
    if value.count(b"%") > MAX_VALUES:
        raise RefusedError(413, "too_many_values", f"The form has more than {MAX_VALUES:,} escapes: send JSON.")
    is_json = unquote_to_bytes(value[:BLOCK_BYTES].replace(b"+", b" ")).lstrip()[:1] in {b"{", b"["}
    if is_json:
        return unquote_to_bytes(value.replace(b"+", b" "))
    return unquote_to_bytes(value).replace(b" ", b"+")


def _unpack_base64(body: bytes, most: int, *, is_lz_string: bool) -> bytes:
    text = body.translate(bytes.maketrans(b"-_", b"+/"), delete=b" \t\r\n\f\v=")
    # What lz-string writes need not end with a whole byte: the bits that are missing are zeros.
    filler = b"A" if is_lz_string else b"="
    try:
        unpacked = base64.b64decode(text + filler * (-len(text) % 4))
    except binascii.Error as error:
        raise RefusedError(400, "undecodable", f"The body is not JSON, and no base64 either: {error}.") from error
    if is_lz_string and unpacked.lstrip()[:1] not in {b"{", b"["} and unpacked[:2] != _GZIP:
        return unpack_lz_string(unpacked, most=most, max_codes=MAX_VALUES)
    return unpacked


def _has_too_many_values(text: bytes) -> bool:
    """Whether it holds more values than are allowed; brackets and commas in strings are none."""
    if len(text) <= MAX_VALUES or text.count(b",") + text.count(b"[") + text.count(b"{") <= MAX_VALUES:
        return False
    return sum(1 for each in islice(_VALUE.finditer(text), MAX_VALUES + 1) if each[1]) > MAX_VALUES


def _too_large(max_bytes: int) -> RefusedError:
    return RefusedError(413, "too_large", f"The body is larger than {max_bytes:,} bytes: send smaller batches.")
