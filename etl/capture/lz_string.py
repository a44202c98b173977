"""lz-string: what posthog-js packed events in until 2023, and posthog-react-native and posthog-js-lite until 2024.

Phones keep an app for years. The format has no description but its program (pieroxy.net/blog/pages/lz-string): LZ78 on
UTF-16 code units, whose codes get longer as more are known, each with its lowest bit first. PostHog reads it too
(rust/capture/src/payload/decompression.rs).
"""

from __future__ import annotations

from collections.abc import Callable

from etl.errors import RefusedError

NEW_BYTE, NEW_UNIT, END = range(3)
"""Codes of their own: a code unit of eight bits follows, or one of sixteen, that was not there before; the end."""

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def unpack_lz_string(packed: bytes, *, most: int, max_codes: int) -> bytes:
    """The text as UTF-8. A lone surrogate becomes U+FFFD.

    Args:
        packed: the bytes of which ``compressToBase64`` made base64.
        most: where the text has so many code units, it ends.
        max_codes: each costs a hundred bytes of memory, however short it is.

    Raises:
        RefusedError: it is damaged, cut off, or has too many codes.
    """
    try:
        text = _unpack(packed, most, max_codes)
    except IndexError as error:
        raise RefusedError(400, "truncated", "The compressed body is cut off.") from error
    try:
        return text.encode()
    except UnicodeEncodeError:  # the halves of a pair are code units of their own
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _unpack(packed: bytes, most: int, max_codes: int) -> str:
    read = _reader(packed)
    known = ["", "", ""]  # by code
    parts: list[str] = []
    size, before = 0, ""
    while size <= most and (code := read(len(known).bit_length())) != END:
        if code in {NEW_BYTE, NEW_UNIT}:
            known.append(chr(read(8 if code == NEW_BYTE else 16)))
            code = len(known) - 1
        if code > len(known) or (code == len(known) and not before):
            raise RefusedError(400, "undecodable", "The compressed body is damaged.")
        part = known[code] if code < len(known) else before + before[0]
        if before:
            known.append(before + part[0])
        if len(known) > max_codes:
            raise RefusedError(413, "too_many_values", f"The compressed body has more than {max_codes:,} codes.")
        parts.append(part)
        size += len(part)
        before = part
    return "".join(parts)


def _reader(packed: bytes) -> Callable[[int], int]:
    """A function that takes so many bits. It raises IndexError behind the last byte."""
    reversed_bytes = packed.translate(_REVERSED)
    at = held = bits = 0

    def read(width: int) -> int:
        nonlocal at, held, bits
        while bits < width:
            held |= reversed_bytes[at] << bits
            at += 1
            bits += 8
        code = held & ((1 << width) - 1)
        held >>= width
        bits -= width
        return code

    return read
