"""Most cycles of the tests show the gate what it has seen before: what it found then is remembered, in a worker's life.

Great Expectations takes half of what a small cycle costs. It is asked once for each expectation, format and column; of
a column only its different values count where the answer is yes or no. The tests of the gate itself ask it every time.
"""

from __future__ import annotations

import json
from typing import Any

from etl.quality import gate

_validate = gate._validate
_found: dict[str, Any] = {}


def remember(*, is_wanted: bool) -> None:
    """From now on; or ask every time."""
    gate._validate = _remembering if is_wanted else _validate


def _remembering(
    batch: Any, suite_name: str, written: list[dict[str, Any]], result_format: dict[str, Any], **options: Any
) -> list[Any]:
    frame = getattr(getattr(batch, "data", None), "dataframe", None)
    if frame is None:  # a query of a database, which changes
        return _validate(batch, suite_name, written, result_format, **options)
    questions = [_question(frame, suite_name, each, result_format, options) for each in written]
    new = [each for each, question in zip(written, questions, strict=True) if question not in _found]
    if new:
        asked = [question for question in questions if question not in _found]
        by_name = {gate._name(each): each for each in _validate(batch, suite_name, new, result_format, **options)}
        _found.update({question: by_name[each["meta"]["name"]] for each, question in zip(new, asked, strict=True)})
    return [_found[question] for question in questions]


def _question(frame: Any, suite_name: str, written: dict[str, Any], result_format: dict[str, Any], options: Any) -> str:
    # Also the columns of a row condition count.
    named = json.dumps([written["kwargs"], result_format])
    seen = frame[[column for column in frame.columns if f'"{column}"' in named]]
    if result_format == gate.YES_OR_NO:
        seen = seen.drop_duplicates().sort_values(list(seen.columns))
    return json.dumps([
        suite_name,
        written,
        result_format,
        options,
        seen.dtypes.astype(str).to_list(),
        seen.to_csv(index=False),
    ])
