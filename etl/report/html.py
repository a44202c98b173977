"""Jinja2 for the page: everything is escaped, nothing is loaded, the only style is the one whose hash is named."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import math
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from etl.quality.suites import read_refusals
from etl.sql import resource
from etl.visible import visible

TEMPLATES = Path(__file__).parent / "templates"
TEXT_CHARACTERS = 120


@functools.cache
def environment() -> jinja2.Environment:
    """The templates and filters; a name that a template misspells is an error, not a gap."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "n": number,
        "secs": seconds,
        "share": share,
        "t": clock,
        "when": when,
        "text": text,
        "name": label,
        "why": why,
        "prose": prose,
        "counted": counted,
        "sentence": lambda name: _warnings()[name]["sentence"] if name in _warnings() else label(name),
        "severity": lambda name: _warnings()[name]["severity"] if name in _warnings() else "info",
    }
    made.filters.update(filters)
    made.tests["replayable"] = is_replayable
    made.globals |= {"style": style(), "policy": policy()}
    return made


@functools.cache
def style() -> Markup:
    """The one stylesheet, ours, so that it needs no escaping."""
    return Markup((TEMPLATES / "style.css").read_text())  # noqa: S704 - a file of this package


@functools.cache
def policy() -> str:
    """The Content-Security-Policy in every page: no script, no request, no style but the one with this hash."""
    digest = base64.b64encode(hashlib.sha256(str(style()).encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@functools.cache
def version() -> str:
    """Changes with any template, stylesheet or reason, so that pages written by an older version are written again."""
    files = sorted(path for path in TEMPLATES.iterdir() if path.suffix in {".html", ".css"})
    files += sorted(resource("expectations").glob("*.json"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def render(template: str, **values: Any) -> str:
    """One page."""
    return environment().get_template(template).render(**values)


def is_missing(value: Any) -> bool:
    """None, NaN or NaT."""
    return value is None or value != value  # noqa: PLR0124 - what NaN and NaT are


def number(value: Any) -> str:
    """1,234."""
    return "\N{EN DASH}" if is_missing(value) else f"{value:,.0f}"


def counted(value: Any, one: str, many: str | None = None) -> str:
    """1 row, 1,234 rows."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def prose(value: str) -> Markup:
    """Words of ours with names of clients in them: what stands between backticks is code."""
    parts = value.split("`")
    if len(parts) % 2 == 0:
        return escape(value)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def seconds(value: Any) -> str:
    """0.4 s, 75 s, 12 min, 3.5 h, 2.1 d."""
    if is_missing(value):
        return "\N{EN DASH}"
    units = ((120, "s", 1), (7_200, "min", 60), (172_800, "h", 3_600), (float("inf"), "d", 86_400))
    unit, size = next((unit, size) for limit, unit, size in units if value < limit)
    shown = value / size
    return f"{shown:.1f} {unit}" if shown < 10 and shown != int(shown) else f"{shown:,.0f} {unit}"


def share(value: Any) -> str:
    """0.4 %; what is there but less than 0.1 % is never shown as nothing."""
    if is_missing(value):
        return "\N{EN DASH}"
    percent = value * 100
    if 0 < percent < 0.1:
        return "<0.1 %"
    return f"{percent:.0f} %" if percent >= 10 or percent == 0 else f"{percent:.1f} %"


def clock(value: datetime | None) -> str:
    """12:34:56."""
    return "\N{EN DASH}" if is_missing(value) else f"{value:%H:%M:%S}"


def when(value: date | datetime | None) -> str:
    """Tue 24 Nov, and the time where there is one."""
    if value is None or is_missing(value):
        return "\N{EN DASH}"
    shown = f"{value:%a} {value.day} {value:%b}"
    return f"{shown} {value:%H:%M:%S}" if isinstance(value, datetime) else shown


def text(value: Any, characters: int = TEXT_CHARACTERS) -> str:
    """A client's text on one line: cut, and with invisible and direction-changing characters written out."""
    if is_missing(value):  # pandas has NaN where the database has null
        return ""
    whole = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    shown = visible(whole[:characters])
    return f"{shown}\N{HORIZONTAL ELLIPSIS}" if len(whole) > characters else shown


def label(value: str) -> str:
    """event_name_not_empty -> event name not empty."""
    return text(value).replace("_", " ")


@functools.cache
def _suites() -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in sorted(resource("expectations").glob("*.json"))]


@functools.cache
def _notes() -> dict[str, str]:
    notes = {each["meta"]["name"]: each["notes"] for suite in _suites() for each in suite.get("expectations", ())}
    return notes | {name: refusal["reason"] for name, refusal in read_refusals().items()}


@functools.cache
def _warnings() -> dict[str, dict[str, str]]:
    return {each["name"]: each for suite in _suites() for each in suite.get("warnings", ())}


@functools.cache
def _replayable() -> frozenset[str]:
    metas = [each["meta"] for suite in _suites() for each in suite.get("expectations", ())]
    metas += [each for suite in _suites() for each in suite.get("refusals", ())]
    return frozenset(each["name"] for each in metas if each.get("is_replayable"))


def is_replayable(expectation: str) -> bool:
    """Whether a row that was refused for it can pass as it is, once something here was changed."""
    return expectation in _replayable() or expectation.startswith("plan:")


def why(expectation: str) -> str:
    """What it means that an expectation failed or a rule refused, in the words of ``expectations/``."""
    kind, _, name = expectation.partition(":")
    if kind == "plan":
        return text(f"It does not fit its schema in the tracking plan: {name}.", 300)
    return text(_notes().get(expectation) or label(expectation), 300)


# What people count seconds in.
DURATIONS = (1, 2, 4, 10, 20, 60, 120, 240, 600, 1200, 3600, 7200, 14_400, 43_200, 86_400)


def nice_ceiling(value: float, unit: str = "n") -> float:
    """The round number at or above: 1, 2, 2.5, 5 times a power of ten; of seconds whole minutes, hours or days."""
    if value <= 0:
        return 1.0
    if unit == "secs":
        if value <= DURATIONS[-1]:
            return next(float(step) for step in DURATIONS if step >= value)
        return nice_ceiling(value / DURATIONS[-1]) * DURATIONS[-1]
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * (1 - 1e-9))
