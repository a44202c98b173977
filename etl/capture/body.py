"""From the bytes of a request to JSON: whatever an SDK packed it in, and never larger than a limit.

Labels are not trusted, because the browser SDK sends gzip as ``text/plain`` without a word about it; every packing is
known by its first bytes. PostHog: rust/capture/src/payload.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from urllib.parse import unquote_to_bytes

import zstandard

from etl.errors import RefusedError
from etl.rules.wire import STRING

MAX_LAYERS = 4  # gzip in base64 in a form is three
MAX_WINDOW_BYTES = 1 << 23  # what a zstd frame may ask for
MAX_VALUES = 500_000  # in one body: each costs a hundred bytes of memory, however short it is written

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_FORM = re.compile(rb"\s*(?:[\w.~%-]{1,64}=[^&]*+&)*?data=")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\s-]++={0,2}+\s*+")
_STRINGS = re.compile(STRING, re.DOTALL)


def unpack(body: bytes, *, max_bytes: int, compression: str = "") -> bytes:
    """The JSON text in a request's body.

    Args:
        body: as received.
        max_bytes: of the result and of each layer on the way to it; unpacking stops there.
        compression: what the query says; it only explains a refusal.

    Raises:
        RefusedError: it cannot be unpacked, or is too large.
    """
    for _ in range(MAX_LAYERS):
        unpacked = _without_layer(body, max_bytes, compression)
        if unpacked is None:
            break
        body = unpacked
    text = body.strip()
    if not text:
        raise RefusedError(400, "empty", "The request holds no event: its body is empty.")
    if len(text) > max_bytes:
        raise _too_large(max_bytes)
    if text.count(b",") > MAX_VALUES and _STRINGS.sub(b"", text).count(b",") > MAX_VALUES:
        raise RefusedError(
            413, "too_many_values", f"The body holds more than {MAX_VALUES:,} values: send smaller ones."
        )
    if text[:3] == b"\xef\xbb\xbf":
        return text[3:]
    return text


def _without_layer(body: bytes, max_bytes: int, compression: str) -> bytes | None:
    """The body with its outermost packing removed; None when it has none."""
    start = body[:4]
    if start[:2] == _GZIP or start[:2] in _ZLIB:
        return _inflate(body, max_bytes)
    if start == _ZSTD:
        return _unpack_zstd(body, max_bytes)
    if start.lstrip()[:1] in {b"{", b"["}:
        return None
    if _FORM.match(body):
        return _form_data(body)
    if len(body) >= 4 and _BASE64.fullmatch(body):
        return _unpack_base64(body, compression)
    if compression == "br":
        raise RefusedError(400, "unsupported_compression", "Brotli is not supported: send gzip, deflate or zstd.")
    return None


def _inflate(body: bytes, max_bytes: int) -> bytes:
    """Gzip (also of several members) or zlib."""
    parts, size, rest = [], 0, body
    try:
        while rest:
            inflater = zlib.decompressobj(wbits=47)
            part = inflater.decompress(rest, max_bytes - size + 1)
            size += len(part)
            if size > max_bytes:
                raise _too_large(max_bytes)
            if not inflater.eof:
                raise RefusedError(400, "truncated", "The compressed body is cut off.")
            parts.append(part)
            rest = inflater.unused_data.lstrip(b"\0")  # padding is allowed
    except zlib.error as error:
        raise RefusedError(400, "undecodable", f"The compressed body is damaged: {error}.") from error
    return b"".join(parts)


def _unpack_zstd(body: bytes, max_bytes: int) -> bytes:
    try:
        inflater = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
        frame = inflater.decompressobj()
        with inflater.stream_reader(body) as reader:
            unpacked = reader.read(max_bytes + 1)
        if len(unpacked) > max_bytes:
            raise _too_large(max_bytes)
        frame.decompress(body)
    except zstandard.ZstdError as error:
        raise RefusedError(400, "undecodable", f"The compressed body is damaged: {error}.") from error
    if not frame.eof or zstandard.frame_content_size(body) not in {-1, len(unpacked)}:
        raise RefusedError(400, "truncated", "The compressed body is cut off.")
    return unpacked


def _form_data(body: bytes) -> bytes:
    """The field ``data`` of a form. A plus is a space in JSON, but itself in base64."""
    value = next(field[5:] for field in body.lstrip().split(b"&") if field.startswith(b"data="))
    as_text = unquote_to_bytes(value.replace(b"+", b" "))
    if as_text.lstrip()[:1] in {b"{", b"["}:
        return as_text
    return unquote_to_bytes(value).replace(b" ", b"+")


def _unpack_base64(body: bytes, compression: str) -> bytes:
    text = b"".join(body.translate(bytes.maketrans(b"-_", b"+/")).split()).rstrip(b"=")
    try:
        unpacked = base64.b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error as error:
        raise RefusedError(400, "undecodable", f"The body is not JSON, and no base64 either: {error}.") from error
    if compression.startswith("lz") and unpacked.lstrip()[:1] not in {b"{", b"["} and unpacked[:2] != _GZIP:
        raise RefusedError(
            400,
            "unsupported_compression",
            "lz-string is not supported: use posthog-js 1.57 or newer, which sends gzip.",
        )
    return unpacked


def _too_large(max_bytes: int) -> RefusedError:
    return RefusedError(413, "too_large", f"The body is larger than {max_bytes:,} bytes: send smaller batches.")
