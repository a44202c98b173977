"""Text of strangers, made safe to look at: nothing in it is invisible, changes direction, or steers a terminal."""

from __future__ import annotations

import unicodedata

# Control, format, surrogate, private and unassigned characters, line and paragraph separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str, *, kept: str = "") -> str:
    """The text with every hidden character written out as its code, such as ␛202E.

    Args:
        text: any.
        kept: characters that stay as they are, such as the line break of a terminal.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if each in kept or not _is_hidden(each) else _written_out(each) for each in text)


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN


def _written_out(character: str) -> str:
    return f"\N{SYMBOL FOR ESCAPE}{ord(character):04X}"
