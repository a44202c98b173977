"""The gate: a suite of expectations run over one data frame. The only module that knows Great Expectations."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from etl import db as door
from etl.errors import GateError

if TYPE_CHECKING:
    import pandas as pd

MAX_EXAMPLES = 20


@dataclass(frozen=True)
class Finding:
    """What one expectation said of the frame; ``unexpected_keys`` holds the key of every row that failed it."""

    name: str
    type: str
    column: str
    severity: str
    reason: str
    remedy: str
    evaluated: int
    unexpected_keys: list[int] = field(repr=False)

    @property
    def is_success(self) -> bool:
        """No row failed."""
        return not self.unexpected_keys

    @property
    def examples(self) -> list[int]:
        """The keys of the first failing rows."""
        return self.unexpected_keys[:MAX_EXAMPLES]


@functools.cache
def read_suite(name: str) -> dict[str, Any]:
    """The suite ``expectations/{name}.json`` as written."""
    suite: dict[str, Any] = msgspec.json.decode((door.resource("expectations") / f"{name}.json").read_bytes())
    return suite


def evaluate(frame: pd.DataFrame, suite_name: str, key: str, parameters: dict[str, Any]) -> list[Finding]:
    """Run a suite over a frame.

    Args:
        frame: the rows; ``key`` is an integer column that names them.
        suite_name: file name in ``expectations/`` without its ending.
        key: the column that says which rows failed.
        parameters: values for the suite's ``$PARAMETER`` entries.

    Raises:
        GateError: an expectation could not be evaluated, for example because a column is missing.
    """
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx

    written = read_suite(suite_name)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}  # type: ignore[assignment]
    batch = (
        context.data_sources
        .add_pandas("frame")
        .add_dataframe_asset("rows")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": frame})
    )
    try:
        suite = gx.ExpectationSuite(name=suite_name, expectations=written["expectations"])
        result = batch.validate(
            suite,
            result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [key]},
            expectation_parameters=parameters,
        )
    except Exception as error:  # the library has no family of its own; whatever it is, the batch was not evaluated
        raise GateError(
            f"expectations/{suite_name}.json could not be evaluated: {str(error).strip().splitlines()[0]}. "
            "Nothing of the batch was loaded; it stays open. Correct the suite and run the cycle again."
        ) from error
    if len(result.results) != len(written["expectations"]):  # the library leaves out a type that it does not know
        raise GateError(
            f"Only {len(result.results)} of the {len(written['expectations'])} expectations in "
            f"expectations/{suite_name}.json could be evaluated: the others are of an unknown type. "
            "Nothing of the batch was loaded; it stays open. Correct the suite and run the cycle again."
        )
    return [_finding(found, suite_name, key) for found in result.results]


def _finding(found: Any, suite_name: str, key: str) -> Finding:
    config = found.expectation_config
    if trouble := _exception(found.exception_info):
        raise GateError(
            f"Expectation {config.meta['name']} of expectations/{suite_name}.json could not be evaluated: {trouble}. "
            "Nothing of the batch was loaded; it stays open. Correct the suite and run the cycle again."
        )
    result = found.result or {}
    bad_rows = result.get("unexpected_index_list") or []
    if not found.success and not bad_rows:
        raise GateError(
            f"Expectation {config.meta['name']} of expectations/{suite_name}.json failed without naming a row. "
            "Only expectations on the values of a column belong in this suite."
        )
    return Finding(
        name=config.meta["name"],
        type=config.type,
        column=config.kwargs["column"],
        severity=str(getattr(config.severity, "value", config.severity)),
        reason=str(config.notes),
        remedy=config.meta["remedy"],
        evaluated=int(result.get("element_count") or 0),
        unexpected_keys=sorted(int(row[key]) for row in bad_rows),
    )


def _exception(info: dict[str, Any] | None) -> str | None:
    # The flag stands at the top, or one level down under the id of a metric.
    for part in (info or {}, *(value for value in (info or {}).values() if isinstance(value, dict))):
        if part.get("raised_exception"):
            return str(part.get("exception_message") or "unknown").splitlines()[0]
    return None
