"""The gate: a suite of expectations run over a data frame, or over queries of PostgreSQL.

Besides :mod:`etl.quality.own_gate` the only module that knows Great Expectations.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from psycopg.rows import tuple_row

from etl import sql
from etl.errors import GateError, UnavailableError
from etl.quality.audit_log import entry
from etl.quality.suites import of_columns, of_counts, unusable
from etl.sql import Db, Row

if TYPE_CHECKING:
    import pandas as pd

MAX_EXAMPLES = 20
# Neither the rows that failed nor statistics are asked for, so a frame of one row costs a few milliseconds.
NUMBERS: dict[str, Any] = {"result_format": "BASIC"}
YES_OR_NO: dict[str, Any] = {"result_format": "BOOLEAN_ONLY"}
STAYS_OPEN = "Nothing of the batch was loaded; it stays open. Correct the suite and run the cycle again."
NOTHING_IS_KNOWN = (
    "Whether the warehouse is sound is not known. Correct the suite or its query, then run `etl maintain`."
)


@dataclass(frozen=True)
class Finding:
    """What one expectation found.

    Attributes:
        column: what it looks at: a column or a number; empty for one on whole rows.
        evaluated: how many rows it looked at; 0: too few to say anything, which counts as success.
        unexpected: how many rows failed it; 0 for a number about the whole.
        unexpected_keys: the key of each of them, where rows of a batch have one.
        examples: the first of them: their keys, or what a query says of them.
        observed: the number it checked, or None for an expectation on rows.
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
    unexpected: int = 0
    unexpected_keys: list[int] = field(default_factory=list, repr=False)
    examples: list[Any] = field(default_factory=list, repr=False)
    observed: float | None = None

    @property
    def is_critical(self) -> bool:
        """It failed, and that is not to be let through."""
        return not self.is_success and self.severity == "critical"

    @property
    def first_example(self) -> str:
        """The first row that failed it, in words."""
        first = next(iter(self.examples), "it is gone by now")
        return ", ".join(f"{name}={value}" for name, value in first.items()) if isinstance(first, dict) else str(first)

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
    written, batch = of_columns(suite_name, "expect_column_value"), batch_of(frame)
    # Which rows failed is asked only of what failed at all: that costs more, and mostly nothing did.
    found = {_name(each): each for each in _validate(batch, suite_name, written, YES_OR_NO, parameters=parameters)}
    doubtful = [each for each in written if not found[each["meta"]["name"]].success]
    if doubtful:
        in_full = {"result_format": "COMPLETE", "unexpected_index_column_names": [key]}
        found |= {_name(each): each for each in _validate(batch, suite_name, doubtful, in_full, parameters=parameters)}
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

    written = of_columns(suite_name, "expect_column_")
    for each in written:
        if each["severity"] == "critical":
            raise unusable(suite_name, f"{each['meta']['name']} is critical, and only rows and projects are refused")
        if each["kwargs"]["column"] not in numbers:
            raise unusable(
                suite_name,
                f"{each['meta']['name']} looks at {each['kwargs']['column']!r}, which is none of {', '.join(numbers)}",
            )
    asked = [each for each in written if size >= each["meta"].get("min_rows", 0)]
    frame = pd.DataFrame([{name: float(value) for name, value in numbers.items()}])
    found = _validate(batch_of(frame), suite_name, asked, NUMBERS) if asked else []
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


def evaluate_contradictions(contradictions: Mapping[str, list[Row]], suite_name: str, size: int) -> list[Finding]:
    """Run those expectations of a suite that are named over the rows that contradict each.

    A frame for each that has such rows; the others, which mostly are all, share an empty one.

    Args:
        contradictions: the rows by the name of the expectation; none where it holds.
        suite_name: file name in ``expectations/`` without its ending.
        size: how many rows the batch has.

    Raises:
        GateError: an expectation could not be evaluated.
    """
    import pandas as pd

    named = {each["meta"]["name"]: each for each in of_counts(suite_name) if each["meta"]["name"] in contradictions}
    holding = [written for name, written in named.items() if not contradictions[name]]
    found = _validate(batch_of(pd.DataFrame()), suite_name, holding, NUMBERS) if holding else []
    for name, written in named.items():
        if rows := contradictions[name]:
            found += _validate(batch_of(pd.DataFrame(rows)), suite_name, [written], NUMBERS)
    findings = {finding.name: finding for finding in (_count_finding(each, suite_name, size) for each in found)}
    return [replace(findings[name], examples=contradictions[name][:MAX_EXAMPLES]) for name in named]


def evaluate_queries(db: Db, suite_name: str, query_of: Callable[[str], str]) -> list[Finding]:
    """Run a suite over a warehouse, by Great Expectations' own data source for PostgreSQL.

    Args:
        db: a connection to that warehouse. The queries run in a session of their own: what ``db`` has not committed,
            they do not see.
        suite_name: file name in ``expectations/`` without its ending.
        query_of: for the name of an expectation the query that it looks at. It is counted in one statement, hence in
            one snapshot.

    Raises:
        GateError: an expectation could not be evaluated.
        UnavailableError: the connection broke.
    """
    suite = of_counts(suite_name)
    queries = {each["meta"]["name"]: _selectable(query_of(each["meta"]["name"])) for each in suite}
    findings = []
    with sql.connect_beside(db) as session, batches_of(session, queries) as batch_of_query:
        try:
            for written in suite:
                batch = batch_of_query(written["meta"]["name"])
                [found] = _validate(batch, suite_name, [written], NUMBERS, consequence=NOTHING_IS_KNOWN)
                findings.append(_count_finding(found, suite_name, 1))
        except GateError as error:
            if session.broken:
                raise UnavailableError(
                    "The connection to the warehouse broke while it was checked; the next run tries again."
                ) from error
            raise
    return findings


@contextmanager
def batches_of(session: Db, queries: Mapping[str, str]) -> Iterator[Callable[[str], Any]]:
    """Queries in the form in which the library takes them, each by its name.

    Args:
        session: a connection for nothing else, from here on in transactions. It is handed over ready, so the library
            never sees a password; the URL only says which dialect.
        queries: by name; each begins with `select`.
    """
    from sqlalchemy.pool import StaticPool

    session.autocommit = False
    session.row_factory = tuple_row  # type: ignore[assignment]
    source = context().data_sources.add_postgres(
        f"session {session.info.backend_pid}",
        connection_string="postgresql+psycopg://nobody@warehouse",
        kwargs={"creator": lambda: session, "poolclass": StaticPool},
        assets=[
            {"name": name, "type": "query", "query": query, "batch_definitions": [{"name": "all"}]}
            for name, query in queries.items()
        ],
    )
    try:
        yield lambda name: source.get_asset(name).get_batch_definition("all").get_batch()
    finally:
        context().data_sources.delete(source.name)


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
                finding.unexpected,
                finding.observed,
                sql.json_text(finding.examples),
                None if finding.is_success else finding.reason,
                None if finding.is_success else finding.remedy,
            )
            for finding in findings
        ),
    )


def record_checks(db: Db, day: date, findings: Iterable[Finding]) -> None:
    """Note what was found on a day, of that day or of the whole warehouse, in ``ops.check_result``."""
    with entry(db, "maintenance", f"checks of {day}"):
        for finding in findings:
            sql.run(
                db,
                "daily/insert_result",
                {
                    "day": day,
                    "suite": finding.suite,
                    "expectation": finding.name,
                    "severity": finding.severity,
                    "is_success": finding.is_success,
                    "evaluated": finding.evaluated,
                    "unexpected": finding.unexpected,
                    "observed": finding.observed,
                    "examples": sql.json_text(finding.examples),
                    "reason": finding.reason,
                    "remedy": finding.remedy,
                },
            )


@functools.cache
def context() -> Any:
    """The library's context: once a process, since making it takes longer than checking a small batch."""
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx

    # Its own level is INFO, to name a temporary folder in every log.
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}  # type: ignore[assignment]
    return context


@functools.cache
def _frames() -> Any:
    frames = context().data_sources.add_pandas("frame")
    return frames.add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")


def _selectable(query: str) -> str:
    # The library takes only what begins with `select`, and puts it into brackets.
    code = [line for line in query.splitlines() if not line.startswith("--")]
    return "\n".join(code).strip().removesuffix(";")


def batch_of(frame: pd.DataFrame) -> Any:
    """A frame in the form in which the library takes it."""
    return _frames().get_batch({"dataframe": frame})


@contextmanager
def _configured_once() -> Iterator[None]:
    """Work out an expectation's configuration once, and not at each of some 500 reads: half of what a validation costs.

    Nothing changes an expectation while it is evaluated.
    """
    from great_expectations.expectations import expectation

    owner: Any = expectation.Expectation
    original = owner.configuration
    known: dict[int, tuple[Any, Any]] = {}

    def configuration(self: Any) -> Any:
        if id(self) not in known:
            known[id(self)] = self, original.fget(self)  # kept with it, so that no other gets its id
        return known[id(self)][1]

    owner.configuration = property(configuration)
    try:
        yield
    finally:
        owner.configuration = original


def _validate(
    batch: Any,
    suite_name: str,
    written: list[dict[str, Any]],
    result_format: dict[str, Any],
    *,
    parameters: dict[str, Any] | None = None,
    consequence: str = STAYS_OPEN,
) -> list[Any]:
    import great_expectations as gx

    try:
        with _configured_once():
            suite = gx.ExpectationSuite(name=suite_name, expectations=written)
            result = batch.validate(suite, result_format=result_format, expectation_parameters=parameters or {})
    except Exception as error:  # the library has no family of its own; whatever it is, nothing was evaluated
        raise GateError(
            f"expectations/{suite_name}.json could not be evaluated: {str(error).strip().splitlines()[0]}. "
            f"{consequence}"
        ) from error
    if len(result.results) != len(written):  # the library leaves out a type that it does not know
        raise GateError(
            f"Only {len(result.results)} of the {len(written)} expectations in "
            f"expectations/{suite_name}.json could be evaluated: the others are of an unknown type. {consequence}"
        )
    for found in result.results:
        if trouble := trouble_of(found.exception_info):
            raise GateError(
                f"Expectation {found.expectation_config.meta['name']} of expectations/{suite_name}.json could not be "
                f"evaluated: {trouble}. {consequence}"
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
    keys = sorted(int(row[key]) for row in bad_rows)
    return Finding(
        **_described(config, suite_name),
        is_success=not keys,
        evaluated=size,
        unexpected=len(keys),
        unexpected_keys=keys,
        examples=keys[:MAX_EXAMPLES],
    )


def _count_finding(found: Any, suite_name: str, size: int) -> Finding:
    return Finding(
        **_described(found.expectation_config, suite_name),
        is_success=bool(found.success),
        evaluated=size,
        unexpected=int(found.result["observed_value"]),
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
        "column": config.kwargs.get("column", ""),
        "severity": str(getattr(config.severity, "value", config.severity)),
        "reason": str(config.notes),
        "remedy": config.meta["remedy"],
    }


def trouble_of(info: dict[str, Any] | None) -> str | None:
    """Why the library could not evaluate an expectation, in one line; None: it could."""
    # The flag stands at the top, or one level down under the id of a metric.
    for part in (info or {}, *(value for value in (info or {}).values() if isinstance(value, dict))):
        if part.get("raised_exception"):
            return str(part.get("exception_message") or "unknown").splitlines()[0]
    return None
