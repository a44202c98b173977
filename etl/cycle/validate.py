"""Step 3, validate: the gate. Rows that fail a critical expectation go to quarantine; the rest of the batch goes on.

Where most rows of a project fail, what is left of the project's rows is withheld with them, and only of that project.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from etl import sql
from etl.cycle.batch import Batch, log, step_of
from etl.quality.gate import Finding, evaluate, record
from etl.quality.suites import read_refusals
from etl.quality.tracking_plan import Breach, find_breaches, find_plan
from etl.settings import Settings
from etl.sql import Db

if TYPE_CHECKING:
    import pandas as pd

SUITE = "staged_event"

# What the gate sees of a row, in the order of validate/copy_gate_columns.sql.
COLUMNS = {
    "landing_id": "int64",
    "is_team_known": "str",
    "uuid_status": "category",
    "event_length": "float64",
    "distinct_id_length": "float64",
    "timestamp_status": "category",
    "sent_at_status": "category",
    "clock_skew_seconds": "float64",
    "properties_type": "category",
    "properties_bytes": "int64",
    "other_id_status": "category",
    "personless_status": "category",
}


def validate_batch(db: Db, settings: Settings, batch_id: int) -> None:
    """Evaluate ``expectations/staged_event.json`` over the staged rows and note what failed.

    Raises:
        GateError: an expectation could not be evaluated; the batch stays open and nothing of it is loaded.
    """
    with step_of(db, batch_id, "validate") as batch:
        if batch is None or not batch.landed:
            return
        findings = evaluate(
            read_frame(db), SUITE, "landing_id", {"max_properties_bytes": settings.max_properties_bytes}
        )
        breaches, plan_findings = find_breaches(db, find_plan(settings.plan_dir))
        reasons = _reasons(findings, breaches)
        sql.copy_in(
            db,
            "validate/copy_excluded",
            ((landing_id, "quarantined", sql.json_text(found)) for landing_id, found in reasons.items()),
        )
        sql.copy_in(db, "validate/copy_warning", _plan_warnings(breaches))
        record(db, batch_id, [*findings, *plan_findings])
        _log(batch, reasons, [*findings, *plan_findings])
        _check_projects(db, batch)
        if batch.decision == "quarantined":
            sql.run(db, "validate/exclude_all", {"reason": sql.json_text(_whole_batch(batch))})


def read_frame(db: Db) -> pd.DataFrame:
    """The staged rows as the gate sees them: one row a landing row, keyed by ``landing_id``."""
    import pandas as pd

    # COPY writes the line breaks inside a value as backslash n.
    blocks = sql.copy_out(db, "validate/copy_gate_columns")
    lines = b"".join(block.rstrip(b"\n").replace(b"\\n", b"\n") for block in blocks)
    frame = pd.read_csv(io.BytesIO(lines), names=list(COLUMNS), dtype=COLUMNS, keep_default_na=False, na_values=[""])
    frame["is_team_known"] = frame["is_team_known"] == "t"
    return frame


def _check_projects(db: Db, batch: Batch) -> None:
    """Evaluate the suite ``project`` over the shares of each project, and withhold the rows of those that fail it.

    Asked only where a row of the project was refused: else there is nothing to judge.
    """
    import pandas as pd

    sql.run(db, "validate/measure_projects", batch.parameters)
    shares = sql.run(db, "validate/read_project_shares", batch.parameters).fetchall()
    # A trial looks at a part of the batch, of which shares say nothing.
    if not shares or batch.is_trial:
        return
    # A share of no rows is null, and a column of nulls would be one of objects.
    frame = pd.DataFrame(shares).astype(dict.fromkeys([name for name in shares[0] if name != "team_id"], "float64"))
    findings = evaluate(frame, "project", "team_id", {})
    record(db, batch.batch_id, findings)
    for finding in findings:
        if finding.is_critical:
            reason = {"team_ids": finding.unexpected_keys, "reason": sql.json_text(finding.as_reason())}
            sql.run(db, "validate/withhold_projects", reason)
            log(batch, "all rows of the projects %s are withheld: %s", finding.unexpected_keys, finding.reason)


def _log(batch: Batch, reasons: Mapping[int, Any], findings: Iterable[Finding]) -> None:
    log(batch, "%d of %d rows are refused.", len(reasons), batch.landed)
    for finding in findings:
        if not finding.is_success:
            found = finding.name, finding.severity, finding.unexpected, finding.reason, finding.first_example
            log(batch, "%s (%s) fails on %d rows: %s The first: %s", *found)


def _reasons(findings: list[Finding], breaches: list[Breach]) -> dict[int, list[dict[str, Any]]]:
    reasons: dict[int, list[dict[str, Any]]] = {}
    for finding in findings:
        if finding.is_critical:
            for landing_id in finding.unexpected_keys:
                reasons.setdefault(landing_id, []).append(finding.as_reason())
    for breach in breaches:
        if breach.entry.mode == "quarantine":
            reasons.setdefault(breach.landing_id, []).append({
                "expectation": f"plan:{breach.entry.name}",
                "column": "properties",
                "reason": breach.reason,
                "remedy": breach.remedy,
            })
    return reasons


def _whole_batch(batch: Batch) -> dict[str, Any]:
    reason = read_refusals()["batch_quarantined"]
    return {
        **reason,
        "reason": f"{reason['reason']} {batch.decided_by}: {batch.decided_why}",
        "remedy": reason["remedy"].format(batch_id=batch.batch_id),
    }


def _plan_warnings(breaches: list[Breach]) -> Iterable[tuple[int, str, str, str]]:
    for breach in breaches:
        if breach.entry.mode == "report":
            details = {"schema": breach.entry.name, "reason": breach.reason}
            yield breach.landing_id, "plan_violation", sql.json_text(details), breach.remedy
