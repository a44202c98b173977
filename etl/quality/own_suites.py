"""Expectations of one's own: a folder of suites as Great Expectations writes them, asked by maintenance.

The folder that a suite lies in says what it looks at, see ``LOOKS_AT``. Nothing of it stops anything: what cannot be
evaluated is a result too. ``sql/detectors/own_*.sql`` makes incidents of the results in ``ops.check_result``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg

from etl import sql
from etl.errors import EtlError
from etl.quality import incidents
from etl.quality.audit_log import entry
from etl.quality.gate import Finding, record_checks
from etl.quality.own_gate import ABOUT_TABLES, Answers, columns_of, evaluate_frame, evaluate_relation
from etl.sql import Db, Row

if TYPE_CHECKING:
    import pandas as pd

ROWS, BATCH, WAREHOUSE = "rows", "batch", "warehouse"
LOOKS_AT = {
    ROWS: "the events loaded since the last run, with a column for each property that the suite names",
    BATCH: "the ledger: a row for each batch loaded since the last run",
    WAREHOUSE: "the relation of the schema warehouse that has the name of the file",
}
AT_MOST = {ROWS: 200_000, BATCH: 1_000}
KEY = {ROWS: "uuid", BATCH: "batch_id"}
STATEMENT_SECONDS = 60.0
# The result that says whether a suite could be evaluated.
CAN_BE_EVALUATED = "can_be_evaluated"
KINDS = ("own_expectation_failed", "own_suite_broken")
NOTHING: Row = {"first_batch_id": None, "last_batch_id": None}


@dataclass(frozen=True)
class Suite:
    """A file of the folder.

    Attributes:
        name: folder and file without its ending, such as ``rows/orders``.
        content: what stands in it.
        expectations: those that it has, as written.
        trouble: why it cannot be used; empty: it can.
    """

    name: str
    content: bytes = field(default=b"", repr=False)
    expectations: list[dict[str, Any]] = field(default_factory=list, repr=False)
    trouble: str = ""

    @property
    def folder(self) -> str:
        """What it looks at."""
        return self.name.partition("/")[0]

    @property
    def properties(self) -> list[str]:
        """The columns that its expectations name: each that an event has not is a property."""
        asked = [each for each in self.expectations if not str(each.get("type")).startswith(ABOUT_TABLES)]
        names = {name for each in asked for name in _named_columns(each.get("kwargs"))}
        return sorted(names - set(_BASE_TYPES))


class _Written(msgspec.Struct):
    expectations: list[dict[str, Any]]


_TIME = "datetime64[us, UTC]"
_BASE_TYPES = {
    "uuid": "str",
    "event": "str",
    "distinct_id": "str",
    "person_id": "str",
    "timestamp": _TIME,
    "received_at": _TIME,
    "batch_id": "int64",
    "team_id": "int64",
}


def read_suites(folder: Path) -> list[Suite]:
    """Every JSON file of the folder and of those in it, by name; one that cannot be used says why."""
    if not folder.is_dir():
        return [Suite("./", trouble=f"ETL_EXPECTATIONS_DIR: there is no folder {folder}")]
    return [_read(folder, path) for path in sorted(folder.rglob("*.json"))]


def find_suites(folder: Path | None, name: str | None) -> list[Suite]:
    """All suites, or the one of that name.

    Raises:
        EtlError: no folder is set, or there is no such suite.
    """
    if folder is None:
        raise EtlError("There are no suites of your own: set ETL_EXPECTATIONS_DIR to their folder.")
    suites = read_suites(folder)
    chosen = [suite for suite in suites if name in {None, suite.name}]
    if name is not None and not chosen:
        known = ", ".join(suite.name for suite in suites) or "none"
        raise EtlError(f"There is no suite {name!r} in {folder}. There are: {known}.")
    return chosen


def check_suites(db: Db, folder: Path | None, *, statement_seconds: float = STATEMENT_SECONDS) -> list[Answers]:
    """Ask every suite about what is new since it was asked last, keep the results, and look for incidents in them.

    Args:
        db: a connection in autocommit mode.
        folder: the suites' folder; None: there are none.
        statement_seconds: how long a statement of a suite in ``warehouse/`` may take.
    """
    found = []
    for suite in read_suites(folder) if folder else []:
        span = _span(db, "own_suites/find_batches", suite)
        answers = evaluate(db, suite, span, statement_seconds=statement_seconds)
        _keep(db, answers, span)
        found.append(answers)
    _forget_all_but(db, found)
    incidents.watch(db, names=KINDS)
    return found


def try_suites(db: Db, suites: Iterable[Suite]) -> list[Answers]:
    """Ask suites about the newest batch, and keep nothing."""
    return [evaluate(db, suite, _span(db, "own_suites/find_last_batch", suite)) for suite in suites]


def evaluate(db: Db, suite: Suite, span: Row, *, statement_seconds: float = STATEMENT_SECONDS) -> Answers:
    """Ask one suite.

    Args:
        db: a connection to the warehouse.
        suite: the suite.
        span: the batches to look at, where it looks at batches.
        statement_seconds: how long a statement of a suite in ``warehouse/`` may take.
    """
    if suite.trouble:
        return Answers(suite.name, troubles={"": suite.trouble})
    try:
        if suite.folder == WAREHOUSE:
            query = find_query(db, suite)
            return evaluate_relation(db, query, suite.name, suite.expectations, seconds=statement_seconds)
        return evaluate_frame(read_frame(db, suite, span), suite.name, suite.expectations, KEY[suite.folder])
    except (EtlError, psycopg.Error) as error:
        if db.broken:
            raise
        return Answers(suite.name, troubles={"": str(error).partition("\n")[0]})


def find_query(db: Db, suite: Suite) -> str:
    """The query of the relation that a suite in ``warehouse/`` looks at.

    Raises:
        EtlError: there is no such relation.
    """
    relation = suite.name.partition("/")[2]
    found = sql.run(db, "own_suites/find_relation", {"relation": relation}).fetchone()
    if found is None:
        raise EtlError(f"there is no relation warehouse.{relation}")
    return str(found["query"])


def read_frame(db: Db, suite: Suite, span: Row) -> pd.DataFrame:
    """What a suite in ``rows/`` or ``batch/`` looks at: these batches, the newest first, as many as it may."""
    import pandas as pd

    asked = {**span, "at_most": AT_MOST[suite.folder]}
    if suite.folder == BATCH:
        cursor = sql.run(db, "own_suites/read_ledger", asked)
        frame = pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or ()])
        return frame.astype(dict.fromkeys(("arrival_clock", "as_of", "opened_at", "loaded_at"), _TIME))
    names = suite.properties
    rows = sql.tuples(db, "own_suites/read_rows", {**asked, "properties": names})
    base = {
        name: pd.Series([row[place] for row in rows], dtype=dtype)
        for place, (name, dtype) in enumerate(_BASE_TYPES.items())
    }
    return pd.DataFrame(base | {name: _column([row[-1][place] for row in rows]) for place, name in enumerate(names)})


def export(db: Db, suite: Suite, out: Path) -> list[Path]:
    """Write a suite and what maintenance looked at last for it, for anybody who has Great Expectations.

    Returns:
        The files: the suite as it is, the frame or the query of the relation, and what the suite finds there.

    Raises:
        EtlError: the suite cannot be evaluated.
    """
    span = sql.run(db, "own_suites/read_last_run", {"suite": suite.name}).fetchone()
    span = span or _span(db, "own_suites/find_last_batch", suite)
    answers = evaluate(db, suite, span)
    if answers.troubles:
        raise EtlError(f"{suite.name} cannot be evaluated: {_summary(answers.troubles)}.")
    out.mkdir(parents=True, exist_ok=True)
    written = [out / "suite.json", out / "result.json"]
    written[0].write_bytes(suite.content)
    found = {
        each.name: {"success": each.is_success, "evaluated": each.evaluated, "unexpected": each.unexpected}
        for each in answers.findings
    }
    written[1].write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    if suite.folder == WAREHOUSE:
        written.append(out / "query.sql")
        written[-1].write_text(f"{find_query(db, suite)}\n")
    else:
        written.append(out / f"{suite.folder}.parquet")
        read_frame(db, suite, span).to_parquet(written[-1], index=False)
    return written


def _read(folder: Path, path: Path) -> Suite:
    place = path.relative_to(folder)
    name = place.with_suffix("").as_posix()
    if place.parent.as_posix() not in LOOKS_AT:
        return Suite(name if "/" in name else f"./{name}", trouble=f"it lies in none of {', '.join(LOOKS_AT)}")
    try:
        content = path.read_bytes()
        expectations = msgspec.json.decode(content, type=_Written).expectations
    except OSError as error:
        return Suite(name, trouble=f"the file cannot be read: {error.strerror}")
    except (msgspec.DecodeError, RecursionError) as error:
        return Suite(name, trouble=f"it is no suite: {error}")
    return Suite(name, content, expectations, "" if expectations else "it has no expectations")


def _span(db: Db, statement: str, suite: Suite) -> Row:
    at_most = AT_MOST.get(suite.folder)
    if at_most is None:
        return NOTHING
    return sql.one(db, statement, {"suite": suite.name, "at_most": at_most})


def _named_columns(kwargs: Any) -> Iterator[str]:
    """The columns that the arguments of an expectation name, also in a condition."""
    if not isinstance(kwargs, dict):
        return
    yield from columns_of(kwargs)
    for name, value in kwargs.items():
        if name == "column" and isinstance(value, dict) and isinstance(value.get("name"), str):
            yield value["name"]
        elif name == "row_condition" and isinstance(value, str):
            yield from _names_in(value)
        elif isinstance(value, dict):
            yield from _named_columns(value)
        elif isinstance(value, list):
            for each in value:
                yield from _named_columns(each)


def _names_in(condition: str) -> Iterator[str]:
    """The columns in a condition as pandas writes it: bare, or in backticks."""
    quoted = re.compile(r"`([^`]+)`")
    yield from quoted.findall(condition)
    try:
        tree = ast.parse(quoted.sub("0", condition), mode="eval")
    except (SyntaxError, ValueError):
        return  # Great Expectations says what is wrong with it
    yield from (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _column(values: list[Any]) -> pd.Series[Any]:
    """A property as a column of one type: numbers, texts or booleans, or else all as text, as PostgreSQL's ``->>``."""
    import pandas as pd

    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and kinds:
        if kinds == {int} and None not in values and all(abs(value) < 2**63 for value in values):
            return pd.Series(values, dtype="int64")
        return pd.Series([None if value is None else float(value) for value in values], dtype="float64")
    if kinds <= {bool}:
        return pd.Series(values, dtype="object")
    texts = [value if isinstance(value, str | None) else sql.json_text(value) for value in values]
    return pd.Series(texts, dtype="str")


def _keep(db: Db, answers: Answers, span: Row) -> None:
    """Keep what a suite found. One that could not be evaluated looks at the same batches, and newer ones, next time."""
    with db.transaction():
        today = sql.one(db, "daily/read_today")["today"]
        record_checks(db, today, [*answers.findings, _as_finding(answers)])
        if span["last_batch_id"] is not None and not answers.troubles:
            sql.run(db, "own_suites/note_run", {"suite": answers.suite, **span})


def _as_finding(answers: Answers) -> Finding:
    """Whether it could be evaluated."""
    troubles = answers.troubles
    return Finding(
        suite=answers.suite,
        name=CAN_BE_EVALUATED,
        type=CAN_BE_EVALUATED,
        column="",
        severity="warning",
        reason=f"{answers.suite} cannot be evaluated: {_summary(troubles)}." if troubles else answers.suite,
        remedy=f"Correct it; `etl expectations check --suite {answers.suite}` tries it at once.",
        is_success=not troubles,
        evaluated=len(answers.findings) + len(answers.unasked) + len(troubles),
        unexpected=len(troubles),
        examples=[_summary(troubles)] if troubles else [],
    )


def _summary(troubles: dict[str, str]) -> str:
    (name, reason), *others = troubles.items()
    also = f" (and {len(others)} more)" if others else ""
    return f"{name}: {reason}{also}" if name else reason


def _forget_all_but(db: Db, found: list[Answers]) -> None:
    """Results of suites and expectations that are no longer there would stay forever."""
    there = [
        (answers.suite, name)
        for answers in found
        for name in (
            CAN_BE_EVALUATED,
            *(finding.name for finding in answers.findings),
            *answers.unasked,
            *answers.troubles,
        )
    ]
    parameters = {"suites": [suite for suite, _ in there], "expectations": [name for _, name in there]}
    forgotten = sql.run(db, "own_suites/list_forgotten", parameters).fetchall()
    if forgotten:
        with entry(db, "maintenance", "results of expectations that are no longer there"):
            for row in forgotten:
                sql.run(db, "own_suites/delete_results", row)
