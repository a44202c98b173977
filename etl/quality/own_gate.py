"""The gate of a user's own suites: any expectation as Great Expectations writes it, over a frame or a relation.

An expectation is asked by itself, so one that cannot be evaluated leaves the others alone.
"""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from etl import sql
from etl.errors import GateError
from etl.quality.gate import MAX_EXAMPLES, Finding, batch_of, batches_of, trouble_of
from etl.sql import Db

if TYPE_CHECKING:
    import pandas as pd

ABOUT_TABLES = "expect_table_"
BY_SQL, QUERY = "unexpected_rows_expectation", "unexpected_rows_query"
# The columns that name a row.
KEYS = ("uuid", "batch_id")
# Rows that the query of an expectation gives at most, hence also the most that are counted.
MOST_ROWS = 10_000
# Of an expectation, a value or a message, as it is kept and shown.
SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Answers:
    """What the expectations of a suite found.

    Attributes:
        suite: its name: folder and file.
        findings: those that could be evaluated.
        troubles: why the others could not, by their name; by an empty one, why the suite could not.
        unasked: the names of those that had no row to look at.
    """

    suite: str
    findings: list[Finding] = field(default_factory=list)
    troubles: dict[str, str] = field(default_factory=dict)
    unasked: list[str] = field(default_factory=list)


def evaluate_frame(frame: pd.DataFrame, suite: str, written: list[dict[str, Any]], key: str) -> Answers:
    """Run a suite over a frame. An empty one is only asked about itself: a mean of nothing would fail.

    Args:
        frame: the rows.
        suite: the suite's name.
        written: its expectations.
        key: the column that names a row in the examples.
    """
    answers = Answers(suite)
    for name, each in named(written):
        if frame.empty and not str(each.get("type")).startswith(ABOUT_TABLES):
            answers.unasked.append(name)
            continue
        _ask(answers, name, each, lambda: batch_of(frame), key=key, size=len(frame), shown=each)
    return answers


def evaluate_relation(db: Db, query: str, suite: str, written: list[dict[str, Any]], *, seconds: float) -> Answers:
    """Run a suite over a relation, as the role ``auditor``, in transactions that cannot write.

    Args:
        db: a connection to the warehouse; the suite gets a session of its own.
        query: what reads the relation.
        suite: the suite's name.
        written: its expectations.
        seconds: how long a statement may take.
    """
    answers = Answers(suite)
    with sql.connect_beside(db) as session:
        try:
            sql.run(session, "own_suites/become_auditor", {"timeout": f"{seconds * 1000:.0f}"})
        except psycopg.errors.InsufficientPrivilege:
            answers.troubles[""] = (
                f"the login may not become the role auditor; let somebody run: grant auditor to {session.info.user}"
            )
            return answers
        session.read_only = True
        # A prepared statement is one statement: nothing can follow the query of an expectation.
        session.prepare_threshold = 0
        with batches_of(session, {"relation": query}) as batch_of_query:
            for name, each in named(written):
                bounded = _bounded(db, each)
                _ask(answers, name, bounded, lambda: batch_of_query("relation"), key=None, size=1, shown=each)
                if session.broken:
                    answers.troubles[name] = "the connection to the server broke meanwhile"
                    break
                session.rollback()
    return answers


def named(written: Iterable[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each expectation with a name: what it is and which columns it looks at; a number, where that is there already."""
    seen: dict[str, int] = {}
    for each in written:
        kwargs = each.get("kwargs")
        columns = ", ".join(columns_of(kwargs if isinstance(kwargs, dict) else {}))
        name = _shown(f"{each.get('type')}({columns})" if columns else each.get("type"))
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} #{seen[name]}", each


def columns_of(kwargs: dict[str, Any]) -> list[str]:
    """The columns that an expectation looks at, as its arguments name them."""
    names = [kwargs.get("column"), kwargs.get("column_A"), kwargs.get("column_B")]
    listed = kwargs.get("column_list")
    return [name for name in [*names, *(listed if isinstance(listed, list) else [])] if isinstance(name, str)]


def _bounded(db: Db, written: dict[str, Any]) -> dict[str, Any]:
    """The expectation, its query for ``MOST_ROWS`` at most."""
    kwargs = written.get("kwargs")
    if written.get("type") != BY_SQL or not isinstance(kwargs, dict) or not isinstance(kwargs.get(QUERY), str):
        return written
    bounded = sql.one(db, "own_suites/bound_query", {"query": kwargs[QUERY], "at_most": MOST_ROWS})["query"]
    return {**written, "kwargs": {**kwargs, QUERY: bounded}}


def _ask(
    answers: Answers,
    name: str,
    asked: dict[str, Any],
    batch: Callable[[], Any],
    *,
    key: str | None,
    size: int,
    shown: dict[str, Any],
) -> None:
    """Ask an expectation, which is ``shown`` as it was written."""
    try:
        answers.findings.append(_finding(answers.suite, name, shown, _validate(asked, batch(), key), size))
    except Exception as error:  # the library has no family of its own; whatever it is, nothing was evaluated
        answers.troubles[name] = _first_line(str(error))


def _validate(written: dict[str, Any], batch: Any, key: str | None) -> Any:
    import great_expectations as gx
    from great_expectations.expectations.registry import get_expectation_impl

    if not isinstance(written.get("type"), str) or not isinstance(written.get("kwargs"), dict):
        raise GateError("an expectation needs `type` and `kwargs`")
    get_expectation_impl(written["type"])  # else a suite leaves out a type that it does not know
    result_format: dict[str, Any] = {
        # Only this one gives its rows in no other way; all others then keep every value.
        "result_format": "COMPLETE" if written["type"] == BY_SQL else "SUMMARY",
        "partial_unexpected_count": MAX_EXAMPLES,
    }
    if key:
        result_format["unexpected_index_column_names"] = [key]
    # It prints advice, and warns of how it uses pandas itself.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        suite = gx.ExpectationSuite(name="own", expectations=[written])
        [found] = batch.validate(suite, result_format=result_format).results
    if trouble := trouble_of(found.exception_info):
        raise GateError(trouble)
    return found


def _finding(suite: str, name: str, written: dict[str, Any], found: Any, size: int) -> Finding:
    config, result = found.expectation_config, found.result or {}
    observed = result.get("observed_value")
    if config.type == BY_SQL:
        rows = (result.get("details") or {}).get("unexpected_rows") or []
        evaluated, unexpected, examples = size, int(result["observed_value"]), rows
    else:
        evaluated = int(result.get("element_count", size))
        # A set of values has no elements, and those that it misses are none of them.
        evaluated -= int(result.get("missing_count") or 0) if "element_count" in result else 0
        unexpected = int(result.get("unexpected_count") or 0)
        examples = result.get("partial_unexpected_index_list") or result.get("partial_unexpected_list") or []
    number = _plain(observed)
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    if not found.success and observed is not None and not is_number:
        examples = [observed]
    return Finding(
        suite=suite,
        name=name,
        type=config.type,
        column=", ".join(columns_of(config.kwargs)),
        severity=str(getattr(config.severity, "value", config.severity)),
        reason=f"{suite}: {_in_words(written, config)}",
        remedy=f"`etl expectations export {suite} --out DIR` writes what it looked at.",
        is_success=bool(found.success),
        evaluated=evaluated,
        unexpected=unexpected,
        examples=[_plain(_key_first(each)) for each in examples[:MAX_EXAMPLES]],
        observed=float(number) if is_number and config.type != BY_SQL else None,
    )


def _in_words(written: dict[str, Any], config: Any) -> str:
    """What whoever wrote it says of it, or else what it says itself."""
    said = written.get("description") or written.get("notes")
    if said:
        return _shown(" ".join(map(str, said)) if isinstance(said, list) else said)
    kwargs = {name: value for name, value in written["kwargs"].items() if name != "batch_id" and value is not None}
    return _shown(f"{config.type} ({', '.join(f'{name} {value}' for name, value in kwargs.items())})")


def _plain(value: Any) -> Any:
    """A value as JSON can hold it, and no longer than it is shown."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(each) for each in list(value)[:MAX_EXAMPLES]]
    if hasattr(value, "item"):  # numpy's
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None  # pandas writes nothing so, and JSON has no word for it
    if value is None or isinstance(value, bool | int | float | datetime | date | UUID):
        return value
    return _shown(value)


def _key_first(example: Any) -> Any:
    """The library puts the key of a row anywhere among the values."""
    if not isinstance(example, dict):
        return example
    return dict(sorted(example.items(), key=lambda item: item[0] not in KEYS))


def _shown(value: object) -> str:
    text = " ".join(str(value).replace("\0", "").split())
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 3]}..."


def _first_line(message: str) -> str:
    """Of the driver's errors the server's own sentence."""
    line = next(iter(message.strip().splitlines()), "it gives no reason")
    return _shown(line.partition(") ")[2] if line.startswith("(psycopg.") else line)
