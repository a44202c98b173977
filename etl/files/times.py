"""Times as files write them, in the form that ``ops.parse_timestamp`` reads.

The endpoint takes only what PostHog takes. A file may come from anywhere: numbers are epochs, their unit told by their
size, as Snowflake does; and what programs print of their times is read where it can mean one moment only.
``01/02/2026`` means two.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

NOTHING = frozenset({"", "NaT", "NaN", "nan", "None", "null", "NULL", "<NA>", r"\N"})
"""What stands where there is no time."""

MIN_EPOCH = 100_000_000
"""Smaller numbers are no times: March 1973 in seconds."""

SECONDS_IN_A_THOUSAND_YEARS = 31_536_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"\d+(\.\d*)?([eE]\+?\d{1,2})?")
_DAY = re.compile(r"(?:19[7-9]|20\d)\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_PLAIN = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s?(?:[Zz]|UTC|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
_RFC_2822 = re.compile(r"(?:[A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|GMT|UTC|Z)")
_ORDINAL = re.compile(r"\d{4}-\d{3}")
_WEEK = re.compile(r"\d{4}-W\d\d-\d")
_OF_GO = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4}) [A-Z]{1,5}(?: m=[+-][\d.]+)?")
_OF_JAVA = re.compile(r"(.+?(?:Z|[+-]\d\d:\d\d))\[[\w/+-]+\]")
_OF_JAVASCRIPT = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d) GMT([+-]\d{4})(?: \(.*\))?")
_IN_ZONE = re.compile(r"(\d{4}-\d\d-\d\d[T ][\d:.]+) ([A-Z][A-Za-z_]+/[A-Za-z_/+-]+)")
_SLASHES = re.compile(r"(\d{4})/(\d\d)/(\d\d)(.*)")
_DOTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(.*)")
_IN_WORDS = ("%b %d, %Y %I:%M:%S %p", "%b %d, %Y, %I:%M:%S %p", "%B %d, %Y %I:%M:%S %p", "%d/%b/%Y:%H:%M:%S %z")


def read_time(text: str) -> str | None:
    """A time in the form that the warehouse reads, as it came if it has that form; None if it is no readable time."""
    try:
        datetime.fromisoformat(text)
        if len(text) > 18 and text[7] == "-" and text[10] in "T " and text[13] == ":" and "," not in text:
            return text  # as nearly all are: a regular expression costs more than reading it
        if _PLAIN.fullmatch(text):
            return text
    except ValueError:
        pass
    try:
        moment = _moment(text.strip())
    except (ValueError, OverflowError, ArithmeticError, KeyError):
        return None
    if moment is None or isinstance(moment, str):
        return moment
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except OverflowError:
        return None


def as_moment(text: str) -> datetime | None:
    """The moment of a time that ``read_time`` gave."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(text: str) -> datetime | str | None:
    """A moment, or a text that the warehouse reads itself."""
    for pattern, read in _FORMS:
        if match := pattern.fullmatch(text):
            return read(match)
    if text.startswith("{"):
        return _of_mongo(json.loads(text))
    for form in _IN_WORDS:
        try:
            return _strptime(text, form)
        except ValueError:
            continue
    return _of_iso(text) if len(text) > 10 else None


def _strptime(text: str, form: str) -> datetime:
    moment = datetime.strptime(text, form)  # noqa: DTZ007 - the next line sees to it
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _of_iso(text: str) -> datetime:
    return datetime.fromisoformat(_without_gap(text))


def _of_epoch(number: Decimal) -> datetime | None:
    """By magnitude: seconds until the year 2969, milliseconds, microseconds, nanoseconds."""
    if number < MIN_EPOCH:
        return None
    unit = next((10**power for power in (0, 3, 6) if number < SECONDS_IN_A_THOUSAND_YEARS * 10**power), 10**9)
    return _EPOCH + timedelta(microseconds=int(number * 10**6 / unit))


def _of_mongo(value: object) -> datetime | str | None:
    """``{"$date": ...}`` of MongoDB's Extended JSON: a text, milliseconds, or ``{"$numberLong": "..."}``."""
    date = value.get("$date") if isinstance(value, dict) else None
    if isinstance(date, str):
        return read_time(date)
    if isinstance(date, dict):
        date = int(date["$numberLong"])
    return None if date is None else _EPOCH + timedelta(milliseconds=date)


def _with_overflow(text: str) -> datetime:
    """24:00 and a 60th second, which PostgreSQL takes and Python does not."""
    more = timedelta()
    if text[11:16] == "24:00":
        text, more = f"{text[:11]}00:00{text[16:]}", timedelta(days=1)
    elif text[16:19] == ":60":
        text, more = f"{text[:16]}:59{text[19:]}", timedelta(seconds=1)
    return datetime.fromisoformat(_without_gap(text.replace("UTC", "Z"))) + more


def _without_gap(text: str) -> str:
    """A zone next to its time, as Python wants it."""
    head, gap, zone = text.rpartition(" ")
    return head + zone if gap and zone[:1] in {"+", "-", "Z"} else text


def _of_day_first(match: re.Match[str]) -> datetime:
    """Day, month and year with dots between."""
    return _of_iso(f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}{match[4].replace(', ', ' ')}")


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], datetime | None]], ...] = (
    (_DAY, lambda match: _strptime(match[0], "%Y%m%d")),
    (_NUMBER, lambda match: _of_epoch(Decimal(match[0]))),
    (_RFC_2822, lambda match: parsedate_to_datetime(match[0].replace("Z", "GMT"))),
    (_WEEK, lambda match: _of_iso(match[0])),
    (_ORDINAL, lambda match: _strptime(match[0], "%Y-%j")),
    (_PLAIN, lambda match: _with_overflow(match[0])),
    (_OF_GO, lambda match: _of_iso(match[1])),
    (_OF_JAVA, lambda match: _of_iso(match[1])),
    (_OF_JAVASCRIPT, lambda match: _strptime(f"{match[1]} {match[2]}", "%b %d %Y %H:%M:%S %z")),
    (_IN_ZONE, lambda match: _of_iso(match[1]).replace(tzinfo=ZoneInfo(match[2]))),
    (_SLASHES, lambda match: _of_iso(f"{match[1]}-{match[2]}-{match[3]}{match[4]}")),
    (_DOTS, _of_day_first),
)
