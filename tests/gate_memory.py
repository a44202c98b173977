"""Most cycles of the tests show the gate what it has seen before: what it found then is remembered, in a worker's life.

Great Expectations takes half of what a small cycle costs. It is asked once for each expectation, format and column; of
a column only its different values count where the answer is yes or no. The tests of the gate itself ask it every time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from etl.quality import gate

_validate = gate._validate
_batch_of = gate.batch_of
_found: dict[Any, Any] = {}


def remember(*, is_wanted: bool) -> None:
    """From now on; or ask every time."""
    gate._validate = _remembering if is_wanted else _validate
    gate.batch_of = _Unasked if is_wanted else _batch_of  # type: ignore[misc]


@dataclass
class _Unasked:
    """A frame that the library may never have to see."""

    frame: Any


def _remembering(
    batch: Any, suite_name: str, written: list[dict[str, Any]], result_format: dict[str, Any], **options: Any
) -> list[Any]:
    if not isinstance(batch, _Unasked):  # a query of a database, which changes
        return _validate(batch, suite_name, written, result_format, **options)
    asked = json.dumps([suite_name, result_format, options])
    values = {name: (str(column.dtype), column.tolist()) for name, column in batch.frame.items()}
    questions = [(asked, *_question(values, each, result_format)) for each in written]
    new = {question: each for each, question in zip(written, questions, strict=True) if question not in _found}
    if new:
        found = _validate(_batch_of(batch.frame), suite_name, list(new.values()), result_format, **options)
        by_name = {gate._name(each): each for each in found}
        _found.update({question: by_name[each["meta"]["name"]] for question, each in new.items()})
    return [_found[question] for question in questions]


def _question(
    values: dict[str, tuple[str, list[Any]]], written: dict[str, Any], result_format: dict[str, Any]
) -> tuple[str, str]:
    # Also the columns of a row condition count.
    expectation = json.dumps([written, result_format])
    columns = [name for name in values if f'"{name}"' in expectation]
    rows = [repr(row) for row in zip(*(values[name][1] for name in columns), strict=True)]
    if result_format == gate.YES_OR_NO:
        rows = sorted(set(rows))
    return expectation, repr([[values[name][0] for name in columns], rows])
