"""Whatever JSON or bytes a file holds, what lands is what a plain model says."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.errors import LandingError
from etl.files.options import Reading
from etl.files.times import NOTHING, read_time
from etl.sql import Db
from tests.files.examples import land_one, landed, names, write

STRINGS = st.text(st.characters() | st.sampled_from('\0\ud800\udfff\\"{}[]:,\n'), max_size=8)


NUMBERS = st.integers() | st.floats() | st.integers(10**20, 10**40) | st.just(1e308)


JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | STRINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=12,
)


OPERATIONS = st.dictionaries(STRINGS, JSON, max_size=3)


EVENTS = st.dictionaries(
    st.sampled_from(["uuid", "event", "distinct_id", "$distinct_id", "timestamp", "ip", "other"]), JSON
).flatmap(
    lambda event: st.fixed_dictionaries(
        {}, optional={"properties": OPERATIONS, "$set": OPERATIONS, "$set_once": OPERATIONS}
    ).map(lambda more: {**event, **more})
)


def model(value: Any) -> Any:
    """What must come back for a JSON value."""
    match value:
        case str():
            return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in value)
        case dict():
            return {model(key): model(inner) for key, inner in value.items()}
        case list():
            return [model(inner) for inner in value]
        case bool() | None:
            return value
        case float() if not math.isfinite(value):
            return None
        case _:
            return Decimal(repr(value))


def model_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return model(value)  # type: ignore[no-any-return]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return json.dumps(cleaned(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def cleaned(value: Any) -> Any:
    """As ``model``, with numbers left as they are."""
    match value:
        case dict():
            return {model(key): cleaned(inner) for key, inner in value.items()}
        case list():
            return [cleaned(inner) for inner in value]
        case float() if not math.isfinite(value):
            return None
        case str():
            return model(value)
    return value


def model_id(value: Any) -> str | None:
    """A number with nothing behind its point is an integer's."""
    if isinstance(value, float) and str(value).endswith(".0"):
        return str(value).removesuffix(".0")
    return model_text(value)


def model_time(text: str | None) -> str | None:
    """What is no time stays as it came; what stands for none is none."""
    return None if text is None or text.strip() in NOTHING else read_time(text) or text


def model_row(event: dict[str, Any]) -> dict[str, Any]:
    properties = event.get("properties")
    if "properties" not in event and event.get("other") not in (None, ""):
        properties = {"other": event["other"]}
    if "$set" in event or "$set_once" in event:
        properties = dict(properties or {})
        for name in ("$set", "$set_once"):
            if name in event:
                inside = properties.get(name)
                properties[name] = {**(inside if isinstance(inside, dict) else {}), **event[name]}
    return {
        "team_id": 1,
        "uuid": model_text(event.get("uuid")),
        "event": model_text(event.get("event")),
        "distinct_id": model_id(event.get("distinct_id")) or model_id(event.get("$distinct_id")) or None,
        "properties": model(properties),
        "timestamp": model_time(model_text(event.get("timestamp"))),
        "sent_at": None,
        "ip": model_text(event.get("ip")),
    }


def is_named(event: dict[str, Any]) -> bool:
    """Whether it can be an event: its name is there, and no object or array."""
    name = event.get("event")
    return not (isinstance(name, dict | list) or name is None or (isinstance(name, float) and not math.isfinite(name)))


ANY_TIME = Reading(is_time_of_landing=True)
in_a_database = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@in_a_database
@given(batch=st.lists(EVENTS, max_size=5), indent=st.none() | st.just(1), is_ascii=st.booleans(), shape=st.booleans())
def test_any_json_event_lands_as_the_model_says(
    batch: list[dict[str, Any]], indent: int | None, is_ascii: bool, shape: bool, tmp_path: Path, database: str, db: Db
) -> None:
    db.execute("truncate landing.event")
    body = batch if shape else {"api_key": "k", "batch": batch}
    text = json.dumps(body, indent=indent, ensure_ascii=is_ascii)
    try:
        path = write(tmp_path, text)
    except UnicodeEncodeError:  # a lone surrogate that is not escaped is not UTF-8
        path = write(tmp_path, json.dumps(body, indent=indent))
    named = [event for event in batch if is_named(event)]
    if batch and not named:
        with pytest.raises(LandingError, match=r"no `event`|not a name"):
            land_one(database, path, is_again=True, reading=ANY_TIME)
        return
    result = land_one(database, path, is_again=True, reading=ANY_TIME)
    assert (result.landed, result.unreadable) == (len(named), len(batch) - len(named))
    assert landed(db) == [model_row(event) for event in named]


@in_a_database
@given(content=st.lists(st.binary(max_size=40) | EVENTS.map(lambda event: json.dumps(event).encode()), max_size=8))
def test_no_bytes_crash_a_landing(content: list[bytes], tmp_path: Path, database: str, db: Db) -> None:
    db.execute("truncate landing.event")
    path = write(tmp_path, b"\n".join([b'{"event": "first"}', *content]))
    result = land_one(database, path, is_again=True, reading=ANY_TIME)
    assert result.landed == len(names(db)) >= 1
