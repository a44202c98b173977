"""Verdicts on a batch as a whole: on its plan before anything is visible, and on what load wrote before it commits."""

from __future__ import annotations

from typing import Any

from etl import db as door
from etl.db import Db, Row
from etl.errors import BlockedError, GateError
from etl.quality import Finding, evaluate_numbers
from etl.validate import record


def judge_plan(db: Db, batch: Row) -> None:
    """Evaluate ``expectations/batch.json`` over the plan, and block the batch where a critical expectation fails.

    A batch that a person has decided on is not blocked again. Called within the step resolve: its commit keeps both.

    Raises:
        GateError: an expectation could not be evaluated.
    """
    if not batch["landed"]:
        return
    findings = evaluate_numbers(door.one(db, "resolve/measure_batch", batch), "batch", batch["landed"])
    record(db, batch["batch_id"], findings)
    critical = [finding for finding in findings if finding.is_critical]
    if critical and batch["decision"] is None:
        reasons = door.json_text([finding.as_reason() for finding in critical])
        door.run(db, "resolve/block_batch", {"batch_id": batch["batch_id"], "reasons": reasons})


def refuse_blocked(batch: Row) -> None:
    """Let only a batch go on that is not blocked, or that a person has decided on.

    Raises:
        BlockedError: says why, and what a person can do.
    """
    if batch["blocked_at"] is not None and batch["decision"] is None:
        raise BlockedError(describe_blocked(batch))


def describe_blocked(batch: Row) -> str:
    """Why a batch is blocked, and what a person can do."""
    reasons = " ".join(f"{reason['reason']} ({_shown(reason)})" for reason in batch["blocked_reasons"])
    number = batch["batch_id"]
    return (
        f"Batch {number} is blocked: {reasons} Nothing of it is visible, and no later batch overtakes it. "
        f"`etl batch show {number}` shows it; decide with `etl batch release {number} --why TEXT` or "
        f"`etl batch quarantine {number} --why TEXT`."
    )


def judge_load(db: Db, batch: Row) -> None:
    """Evaluate ``expectations/warehouse.json`` over what load has just written for this batch, before it commits.

    Raises:
        GateError: the warehouse would contradict itself; the load is rolled back whole.
    """
    if not batch["landed"]:
        return
    numbers = door.one(db, "load/measure_warehouse")
    findings = evaluate_numbers(numbers, "warehouse", batch["landed"])
    record(db, batch["batch_id"], findings)
    if critical := [finding for finding in findings if finding.is_critical]:
        raise GateError(
            f"Batch {batch['batch_id']} would make the warehouse contradict itself: {_listed(critical)} "
            "Its load was rolled back whole; it stays open. Run `etl maintain`, which checks the whole warehouse, "
            "and look at what changed its tables beside the cycle."
        )


def _listed(findings: list[Finding]) -> str:
    return " ".join(f"{finding.reason} ({_shown(finding.as_reason())})" for finding in findings)


def _shown(reason: dict[str, Any]) -> str:
    observed = reason["observed"]
    return f"{reason['expectation']}: {reason['column']} is {'unknown' if observed is None else f'{observed:.4g}'}"
