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

MAX_OFFSET = timedelta(hours=16)
"""From UTC, as in PostgreSQL: no larger one is read."""

SECONDS_IN_A_THOUSAND_YEARS = 31_536_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"\d+(\.\d*)?([eE]\+?\d{1,2})?")
_DAY = re.compile(
    r"((?:19[7-9]|20\d)\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(?:((?:[01]\d|2[0-3])[0-5]\d)([0-5]\d)?)?(?:\.0)?"
)
"""A day in digits, perhaps with a time. As an epoch in milliseconds it would be in 1976, or after the year 2100."""
_ISO = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d|(?:19[7-9]|20\d)\d{5})"
    r"(?:[Tt ](?P<time>\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?|\d{4}(?:\d\d(?:[.,]\d+)?)?)"
    r"(?: ?(?P<zone>[Zz]|UTC|GMT|[+-]\d\d(?::?\d\d(?::\d\d)?)?|(?:UTC|GMT)[+-]\d{1,2}(?::?\d\d)?)"
    r"(?:\[[\w+/-]+\])?)?)?",
    re.ASCII,
)
"""As in ``ops.parse_rare_timestamp``."""
_RFC_2822 = re.compile(r"(?:[A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|GMT|UTC|Z)")
_OFFSET = re.compile(r"(?:[Zz]|UTC|GMT)?(?:([+-])(\d{1,2}?)(?::?(\d\d))?(?::(\d\d))?)?", re.ASCII)
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
        if _has_offset_of_the_world(datetime.fromisoformat(text)):
            if len(text) > 18 and text[7] == "-" and text[10] in "T " and text[13] == ":" and "," not in text:
                if text[19:20] != "." or text[20:21].isdigit():
                    return text  # as nearly all are: a regular expression costs more than reading it
            elif _ISO.fullmatch(text):
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


def _of_ordinal(match: re.Match[str]) -> datetime | None:
    moment = _strptime(match[0], "%Y-%j")
    return moment if match[0].startswith(f"{moment.year:04}") else None  # Python takes a 366th day of any year


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


def _of_iso_form(match: re.Match[str]) -> datetime:
    """As PostgreSQL reads it: 24:00 and a 60th second too, which Python does not take."""
    digits = (match["time"] or "0000").replace(":", "").replace(",", ".")
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), Decimal(digits[4:] or 0)
    if minutes > 59 or seconds > 60 or hours * 3600 + minutes * 60 + seconds > 24 * 3600:
        raise ValueError(match[0])
    day = _strptime(match["date"].replace("-", ""), "%Y%m%d")
    since = timedelta(hours=hours, minutes=minutes, microseconds=round(seconds * 10**6))
    return day + since - _offset(match["zone"] or "Z")


def _has_offset_of_the_world(moment: datetime) -> bool:
    """Whether PostgreSQL takes its offset."""
    offset = moment.utcoffset()
    return offset is None or abs(offset) < MAX_OFFSET


def _offset(zone: str) -> timedelta:
    sign, hours, minutes, seconds = _OFFSET.fullmatch(zone).groups()  # type: ignore[union-attr]
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0), seconds=int(seconds or 0))
    if offset >= MAX_OFFSET:
        raise ValueError(zone)
    return -offset if sign == "-" else offset


def _without_gap(text: str) -> str:
    """A zone next to its time, as Python wants it."""
    head, gap, zone = text.rpartition(" ")
    return head + zone if gap and zone[:1] in {"+", "-", "Z"} else text


def _of_zone(match: re.Match[str]) -> datetime | None:
    """A local time; none of the hour that a change of the clocks repeats or leaves out."""
    moment = _of_iso(match[1]).replace(tzinfo=ZoneInfo(match[2]))
    return moment if moment.utcoffset() == moment.replace(fold=1).utcoffset() else None


def _of_day_first(match: re.Match[str]) -> datetime:
    """Day, month and year with dots between."""
    return _of_iso(f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}{match[4].replace(', ', ' ')}")


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], datetime | None]], ...] = (
    (_DAY, lambda match: _strptime(f"{match[1]}{match[2] or '0000'}{match[3] or '00'}", "%Y%m%d%H%M%S")),
    (_NUMBER, lambda match: _of_epoch(Decimal(match[0]))),
    (_RFC_2822, lambda match: parsedate_to_datetime(match[0].replace("Z", "GMT"))),
    (_WEEK, lambda match: _of_iso(match[0])),
    (_ORDINAL, _of_ordinal),
    (_ISO, _of_iso_form),
    (_OF_GO, lambda match: _of_iso(match[1])),
    (_OF_JAVA, lambda match: _of_iso(match[1])),
    (_OF_JAVASCRIPT, lambda match: _strptime(f"{match[1]} {match[2]}", "%b %d %Y %H:%M:%S %z")),
    (_IN_ZONE, _of_zone),
    (_SLASHES, lambda match: _of_iso(f"{match[1]}-{match[2]}-{match[3]}{match[4]}")),
    (_DOTS, _of_day_first),
)
