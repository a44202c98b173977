"""No text makes a regular expression of capture slow: each is tried on everything that could make it begin in vain."""

from __future__ import annotations

import importlib
import itertools
import json
import pkgutil
import re
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

import etl.capture
from etl.capture.body import unpack
from etl.capture.privacy import Rules, clean
from etl.errors import RefusedError
from etl.rules import wire

pytestmark = pytest.mark.long

MODULES = [
    wire,
    *(importlib.import_module(f"etl.capture.{module.name}") for module in pkgutil.iter_modules(etl.capture.__path__)),
]
# Used with match and fullmatch only, so they begin at the text's first character and nowhere else.
ANCHORED = {"_PADDING", "_FORM", "_BASE64", "_NOT_ZERO", "ENDPOINTS", "_TAG"}
# Seconds of CPU for texts of a size. What is quadratic takes minutes for the larger one and seconds for the smaller, of
# which there are many.
LARGE, SMALL = 100_000, 10_000
SECONDS = {LARGE: 0.5, SMALL: 0.1}

UNITS = [
    '"', "\\", '\\"', '"\\', '"a', 'a="', '="', "a=", "a", "aé", "$-", ";", ";a", "&", "a=b&", "%25", "=", "[", "{",
    "]", '["', "[[]", '{"a":', " ", "\n", "\t ", "0", "9e", ":0", "1.", "-", "1e9999,", "NaN", "-Infinity", "null", ",",
    "\\u0000", "\\ud800", "\\u", "ph-no-capture", ".ph-no-capture", 'a="b\\"', "data=", "/e", "/array/", "/", "é",
]  # fmt: skip
STARTS = ["", '"', "[", "ph-no-capture", "data", "[NaN", "/array/a"]
ENDS = ["", "\\", '"', "]", "!"]


def patterns() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    for module in MODULES:
        for name, value in vars(module).items():
            found = value.values() if isinstance(value, dict) else [value]
            for number, each in enumerate(found):
                if isinstance(each, re.Pattern):
                    yield f"{module.__name__}.{name}.{number}", each


PATTERNS = dict(patterns())


def test_they_are_found() -> None:
    assert {name.split(".")[-2] for name in PATTERNS} >= {"_VALUE", "_STRING_OR_NOT_A_NUMBER", "_QUOTED", "ENDPOINTS"}


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.timeout(60)
def test_no_text_takes_long(name: str) -> None:
    pattern = PATTERNS[name]
    is_anchored = name.split(".")[-2] in ANCHORED
    for unit, start, end in itertools.product(UNITS, STARTS, ENDS):
        size = LARGE if start == end == "" else SMALL
        text = start + unit * (size // len(unit.encode())) + end
        written = text if isinstance(pattern.pattern, str) else text.encode()
        began = time.process_time()
        pattern.match(written)  # type: ignore[arg-type]
        pattern.fullmatch(written)  # type: ignore[arg-type]
        if not is_anchored:
            for _ in pattern.finditer(written):  # type: ignore[arg-type]
                pass
        assert time.process_time() - began < SECONDS[size], (unit, start, end)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", [
    pytest.param("[" + '\\"' * 4_000 + "," * 500_001, id="values"),
    pytest.param("[" + '\\"' * 4_000 + "," * 500_001 + "\\", id="values cut off in an escape"),
    pytest.param("[NaN" + '\\"' * 500_000, id="no number"),
    pytest.param("[NaN" + '"\\' * 500_000, id="no number, cut off in an escape"),
    pytest.param('{"a":' + "[" * 200 + "]" * 200 + "}" + " " * 900_000 + "x", id="spaces after the last bracket"),
])  # fmt: skip
def test_what_is_no_json_is_refused_at_once(text: str) -> None:
    began = time.process_time()
    with suppress(RefusedError):
        body = wire.read_body(unpack(text.encode(), max_bytes=20_971_520))
        assert all(isinstance(event, wire.Unreadable) for event in body.events)
    assert time.process_time() - began < 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "chain", ["ph-no-capture;" + "a" * 900_000, "ph-no-capture;" + '"\\' * 400_000, 'ph-no-capture:a="' * 60_000]
)
def test_a_chain_of_elements_is_emptied_at_once(chain: str) -> None:
    began = time.process_time()
    cleaned = json.loads(clean(json.dumps({"$elements_chain": chain}), Rules(1)))
    assert time.process_time() - began < 1
    assert cleaned["$elements_chain"].startswith("ph-no-capture.ph-no-capture:")


def test_brackets_in_a_string_are_no_depth() -> None:
    text = json.dumps({"event": "page", "properties": {"text": "[" * 500, "cut": '"' + "{" * 500}}).encode()
    assert not any(isinstance(event, wire.Unreadable) for event in wire.read_body(text).events)
    text = json.dumps("[" * 500).encode()
    assert bytes(wire.json_value(text)) == text
