r"""Regular expressions as PostHog's server reads them (RE2), written as PostgreSQL reads them. Pure.

Most is the same in both, also that a dot matches a line break. What only one of them has is translated or refused,
never passed on to mean something else: ``\b`` is the edge of a word in RE2 and a backspace in PostgreSQL.
"""

from __future__ import annotations

import re

from etl.errors import DefinitionError

LONGEST = 1000
"""Characters of a regular expression."""

_SAME = frozenset("dDwWsSAnrtfva")
_OTHER = {"b": r"\y", "B": r"\Y", "z": r"\Z"}
_HEX = re.compile(r"\\x(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2}))")
_CAPTURE = re.compile(r"\(\?P?<[A-Za-z_]\w*>")
_FLAGS = re.compile(r"\(\?([is]+)\)")


def to_postgres(pattern: str) -> str:
    """A regular expression of RE2 as one of PostgreSQL that matches the same texts.

    Raises:
        DefinitionError: it has something that only RE2 knows, or neither; says where. PostgreSQL says the rest.
    """
    if len(pattern) > LONGEST:
        raise DefinitionError(f"a regular expression of {len(pattern):,} characters; {LONGEST:,} are the most")
    written = []
    at, is_in_class = 0, False
    if flags := _FLAGS.match(pattern):
        at = flags.end()
        written.append("(?i)" if "i" in flags[1] else "")
    if pattern.startswith(("*", "+", "?"), at):
        raise _refusal(pattern, at, "nothing to repeat")
    while at < len(pattern):
        rest = pattern[at:]
        if rest[0] == "\\":
            text, length = _escape(pattern, at, is_in_class)
        elif is_in_class:
            text, length = (named[0], named.end()) if (named := re.match(r"\[:\^?\w+:\]", rest)) else (rest[0], 1)
            is_in_class = rest[0] != "]"
            text = "\\[" if text == "[" else text
        elif opening := re.match(r"\[\^?\]?", rest):
            text, length = opening[0], opening.end()
            is_in_class = True
        elif named := _CAPTURE.match(rest):
            text, length = "(", named.end()
        elif rest.startswith("(?") and not rest.startswith("(?:"):
            raise _refusal(pattern, at, f"{rest[:3]} is not supported")
        else:
            text, length = rest[0], 1
        written.append(text)
        at += length
    return "".join(written)


def _escape(pattern: str, at: int, is_in_class: bool) -> tuple[str, int]:
    """What a backslash begins, as PostgreSQL writes it, and how many characters it takes up."""
    if hexadecimal := _HEX.match(pattern, at):
        return f"\\U{int(hexadecimal[1] or hexadecimal[2], 16):08x}", hexadecimal.end() - at
    letter = pattern[at + 1 : at + 2]
    if letter in _SAME and not (is_in_class and letter in "DWSA"):
        return f"\\{letter}", 2
    if letter in _OTHER and not is_in_class:
        return _OTHER[letter], 2
    if letter and not letter.isalnum():
        return f"\\{letter}", 2
    raise _refusal(pattern, at, f"\\{letter} is not supported" + (" inside of [ ]" if is_in_class else ""))


def _refusal(pattern: str, at: int, reason: str) -> DefinitionError:
    return DefinitionError(f"{pattern!r} is no regular expression that can be used: {reason}, at character {at + 1}")
