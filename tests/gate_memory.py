"""Most cycles of the tests show the gate what it has seen before: what it found then is remembered, in a worker's life.

Great Expectations takes two thirds of what a small cycle costs. It is asked once for each suite, format and frame; of a
frame only the columns count that the suite looks at. The tests of the gate itself ask it every time.
"""

from __future__ import annotations

import json
from typing import Any

from etl.quality import gate

_validate = gate._validate
_found: dict[str, list[Any]] = {}


def remember(*, is_wanted: bool) -> None:
    """From now on; or ask every time."""
    gate._validate = _remembering if is_wanted else _validate


def _remembering(
    batch: Any, suite_name: str, written: list[dict[str, Any]], result_format: dict[str, Any], **options: Any
) -> list[Any]:
    frame = getattr(getattr(batch, "data", None), "dataframe", None)
    if frame is None:  # a query of a database, which changes
        return _validate(batch, suite_name, written, result_format, **options)
    named = {each["kwargs"].get("column") for each in written} | {
        *result_format.get("unexpected_index_column_names", [])
    }
    seen = frame[[column for column in frame.columns if column in named]]
    question = json.dumps([suite_name, written, result_format, options, len(frame), seen.to_csv(index=False)])
    if question not in _found:
        _found[question] = _validate(batch, suite_name, written, result_format, **options)
    return _found[question]
