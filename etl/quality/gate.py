"""The gate: a suite of expectations run over one data frame. The only module that knows Great Expectations."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from etl import sql
from etl.errors import GateError
from etl.sql import Db

if TYPE_CHECKING:
    import pandas as pd

MAX_EXAMPLES = 20
# For a frame of one row: neither the rows that failed nor statistics are asked for, so it costs a few milliseconds.
NUMBERS: dict[str, Any] = {"result_format": "BASIC"}
YES_OR_NO: dict[str, Any] = {"result_format": "BOOLEAN_ONLY"}


@dataclass(frozen=True)
class Finding:
    """What one expectation said of the frame.

    Attributes:
        evaluated: how many rows it looked at; 0: too few to say anything, which counts as success.
        unexpected_keys: the key of every row that failed it; empty for a number about the whole.
        observed: the number it judged, or None for an expectation on rows.
    """

    suite: str
    name: str
    type: str
    column: str
    severity: str
    reason: str
    remedy: str
    is_success: bool
    evaluated: int
    unexpected_keys: list[int] = field(default_factory=list, repr=False)
    observed: float | None = None

    @property
    def examples(self) -> list[int]:
        """The keys of the first failing rows."""
        return self.unexpected_keys[:MAX_EXAMPLES]

    @property
    def is_critical(self) -> bool:
        """It failed, and that is not to be let through."""
        return not self.is_success and self.severity == "critical"

    def as_reason(self) -> dict[str, Any]:
        """The finding as a reason in a record."""
        number = {} if self.observed is None else {"suite": self.suite, "observed": self.observed}
        return {
            "expectation": self.name,
            "column": self.column,
            "reason": self.reason,
            "remedy": self.remedy,
            **number,
        }


@functools.cache
def read_suite(name: str) -> dict[str, Any]:
    """The suite ``expectations/{name}.json`` as written."""
    suite: dict[str, Any] = msgspec.json.decode((sql.resource("expectations") / f"{name}.json").read_bytes())
    return suite


@functools.cache
def read_refusals() -> dict[str, dict[str, Any]]:
    """The rules of ``expectations/refusal.json`` by name, each as a reason in a record."""
    written = read_suite("refusal")["refusals"]
    return {
        each["name"]: {
            "expectation": each["name"],
            "column": each["column"],
            "reason": each["reason"],
            "remedy": each["remedy"],
        }
        for each in written
    }


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
    written = read_suite(suite_name)["expectations"]
    # Which rows failed is asked only of what failed at all: that is the dearer question, and mostly of nothing.
    found = {_name(each): each for each in _validate(frame, suite_name, written, YES_OR_NO, parameters)}
    doubtful = [each for each in written if not found[each["meta"]["name"]].success or "mostly" in each["kwargs"]]
    if doubtful:
        in_full = {"result_format": "COMPLETE", "unexpected_index_column_names": [key]}
        found |= {_name(each): each for each in _validate(frame, suite_name, doubtful, in_full, parameters)}
    return [_rows_finding(each, suite_name, key, len(frame)) for each in found.values()]


def evaluate_numbers(numbers: Mapping[str, float], suite_name: str, size: int) -> list[Finding]:
    """Run a suite over numbers about a whole: a batch, a day, the warehouse.

    Args:
        numbers: by name; the ``column`` of an expectation is such a name.
        suite_name: file name in ``expectations/`` without its ending.
        size: how many rows the numbers are about. An expectation whose ``min_rows`` is more is not asked.

    Raises:
        GateError: an expectation could not be evaluated.
    """
    import pandas as pd

    written = read_suite(suite_name)["expectations"]
    asked = [each for each in written if size >= each["meta"].get("min_rows", 0)]
    frame = pd.DataFrame([{name: float(value) for name, value in numbers.items()}])
    found = _validate(frame, suite_name, asked, NUMBERS, {}) if asked else []
    findings = {finding.name: finding for finding in (_number_finding(each, suite_name, size) for each in found)}
    for each in written:
        if each["meta"]["name"] not in findings:
            findings[each["meta"]["name"]] = Finding(
                suite=suite_name,
                name=each["meta"]["name"],
                type=each["type"],
                column=each["kwargs"]["column"],
                severity=each["severity"],
                reason=each["notes"],
                remedy=each["meta"]["remedy"],
                is_success=True,
                evaluated=0,
                observed=float(numbers[each["kwargs"]["column"]]),
            )
    return list(findings.values())


def record(db: Db, batch_id: int, findings: Iterable[Finding]) -> None:
    """Note what was found; load makes it part of the batch's record."""
    sql.copy_in(
        db,
        "validate/copy_expectation_result",
        (
            (
                batch_id,
                finding.suite,
                finding.name,
                finding.type,
                finding.column,
                finding.severity,
                finding.is_success,
                finding.evaluated,
                len(finding.unexpected_keys),
                finding.observed,
                sql.json_text(finding.examples),
                None if finding.is_success else finding.reason,
                None if finding.is_success else finding.remedy,
            )
            for finding in findings
        ),
    )


@functools.cache
def _frames() -> Any:
    # Once a process: making it takes longer than judging a small batch.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}  # type: ignore[assignment]
    return (
        context.data_sources.add_pandas("frame").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    )


def _validate(
    frame: pd.DataFrame,
    suite_name: str,
    written: list[dict[str, Any]],
    result_format: dict[str, Any],
    parameters: dict[str, Any],
) -> list[Any]:
    import great_expectations as gx

    try:
        batch = _frames().get_batch({"dataframe": frame})
        suite = gx.ExpectationSuite(name=suite_name, expectations=written)
        result = batch.validate(suite, result_format=result_format, expectation_parameters=parameters)
    except Exception as error:  # the library has no family of its own; whatever it is, nothing was evaluated
        raise GateError(
            f"expectations/{suite_name}.json could not be evaluated: {str(error).strip().splitlines()[0]}. "
            "Nothing of the batch was loaded; it stays open. Correct the suite and run the cycle again."
        ) from error
    if len(result.results) != len(written):  # the library leaves out a type that it does not know
        raise GateError(
            f"Only {len(result.results)} of the {len(written)} expectations in "
            f"expectations/{suite_name}.json could be evaluated: the others are of an unknown type. "
            "Nothing of the batch was loaded; it stays open. Correct the suite and run the cycle again."
        )
    for found in result.results:
        if trouble := _exception(found.exception_info):
            raise GateError(
                f"Expectation {found.expectation_config.meta['name']} of expectations/{suite_name}.json could not be "
                f"evaluated: {trouble}. "
                "Nothing of the batch was loaded; it stays open. Correct the suite and run the cycle again."
            )
    return list(result.results)


def _name(found: Any) -> str:
    name: str = found.expectation_config.meta["name"]
    return name


def _rows_finding(found: Any, suite_name: str, key: str, size: int) -> Finding:
    config, result = found.expectation_config, found.result or {}
    bad_rows = result.get("unexpected_index_list") or []
    if not found.success and not bad_rows:
        raise GateError(
            f"Expectation {config.meta['name']} of expectations/{suite_name}.json failed without naming a row. "
            "Only expectations on the values of a column belong in this suite."
        )
    return Finding(
        **_described(config, suite_name),
        is_success=not bad_rows,
        evaluated=size,
        unexpected_keys=sorted(int(row[key]) for row in bad_rows),
    )


def _number_finding(found: Any, suite_name: str, size: int) -> Finding:
    observed = (found.result or {}).get("observed_value")
    return Finding(
        **_described(found.expectation_config, suite_name),
        is_success=bool(found.success),
        evaluated=size,
        observed=None if observed is None else float(observed),
    )


def _described(config: Any, suite_name: str) -> dict[str, Any]:
    return {
        "suite": suite_name,
        "name": config.meta["name"],
        "type": config.type,
        "column": config.kwargs["column"],
        "severity": str(getattr(config.severity, "value", config.severity)),
        "reason": str(config.notes),
        "remedy": config.meta["remedy"],
    }


def _exception(info: dict[str, Any] | None) -> str | None:
    # The flag stands at the top, or one level down under the id of a metric.
    for part in (info or {}, *(value for value in (info or {}).values() if isinstance(value, dict))):
        if part.get("raised_exception"):
            return str(part.get("exception_message") or "unknown").splitlines()[0]
    return None
