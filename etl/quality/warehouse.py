"""The whole warehouse: what must always hold. ``sql/invariants/`` has a query for each, listing what contradicts it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from etl import sql
from etl.errors import InvariantError
from etl.quality.gate import MAX_EXAMPLES, Finding, evaluate_queries, record_checks
from etl.sql import Db

SUITES = ("warehouse", "person")


def check_warehouse(db: Db) -> list[Finding]:
    """Evaluate ``expectations/warehouse.json`` and ``person.json`` over everything, and note the results.

    A cycle may run meanwhile: each query is right at any moment.

    Raises:
        GateError: an expectation could not be evaluated.
    """
    findings = [
        finding if finding.is_success else replace(finding, examples=sql.head(db, _query(finding.name), MAX_EXAMPLES))
        for suite in SUITES
        for finding in evaluate_queries(db, suite, lambda name: sql.statement(_query(name)).decode())
    ]
    record_checks(db, sql.one(db, "daily/read_today")["today"], findings)
    return findings


def refuse_contradictions(findings: Iterable[Finding]) -> None:
    """Let a warehouse pass that does not contradict itself.

    Raises:
        InvariantError: a critical expectation failed; names it and shows the first offender.
    """
    broken = [finding for finding in findings if finding.is_critical]
    if not broken:
        return
    first, *others = broken
    also = f" Broken as well: {', '.join(finding.name for finding in others)}." if others else ""
    raise InvariantError(
        f"Invariant {first.name} is broken by {first.unexpected:,} rows, the first: {first.first_example}. "
        f"{first.reason} Stop publishing numbers that depend on it. {first.remedy} "
        f"sql/invariants/{first.name}.sql lists all offenders.{also}"
    )


def _query(name: str) -> str:
    return f"invariants/{name}"
