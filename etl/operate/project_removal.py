"""Removing a project: all that is stored of it goes, and everything else stays as it was, the audit included.

Batches have rows of several projects, and their records are hashed into the audit log. So by what the removal changes
their numbers and digests is kept (``ops.amendment``), as erasures and retention do.
"""

from __future__ import annotations

from etl import sql
from etl.cycle.actions import match_chains
from etl.errors import CycleBusyError
from etl.operate.project import team_of
from etl.quality.audit_log import entry
from etl.sql import Db

LOCK_SECONDS = 60.0


def remove(db: Db, name: str, *, by: str, why: str, is_trial: bool = False) -> dict[str, int]:
    """Remove a project and every row of it, in one transaction; it cannot be undone. Cycles wait, landing goes on.

    Its tokens end, and its number is never given to another project. Rows of it that land later belong to no project
    and go to quarantine.

    Args:
        db: a connection in autocommit mode.
        name: of the project.
        by: who decides.
        why: the reason, which is kept.
        is_trial: roll back; only the counts are wanted.

    Returns:
        How many rows of which table.

    Raises:
        CycleBusyError: cycles kept the lock for a minute, or a batch is open.
        ProjectError: there is no such project.
    """
    with sql.cycle_lock(db, wait_seconds=LOCK_SECONDS), db.transaction(force_rollback=is_trial):
        return remove_rows(db, team_of(db, name), name, by=by, why=why)


def remove_rows(db: Db, team_id: int, name: str, *, by: str, why: str) -> dict[str, int]:
    """As ``remove``, for who holds the cycle lock; inside a transaction it belongs to that."""
    refuse_open_batch(db)
    with entry(db, "decision", f"project {team_id} removed by {by}: {why}"):
        sql.run(db, "project/insert_amendments", {"team_id": team_id})
        counts = {row["name"]: row["deleted"] for row in sql.run(db, "project/delete_rows", {"team_id": team_id})}
        noted = {"team_id": team_id, "name": name, "by": by, "why": why, "counts": sql.json_text(counts)}
        sql.run(db, "project/insert_removed", noted)
        # Chains are those of all projects together.
        sql.run(db, "action/delete_matched_chains")
        match_chains(db, sql.stream(db, "action/read_chains"))
        sql.run(db, "progress/clear")
    return counts


def refuse_open_batch(db: Db) -> None:
    """Its numbers are counted by now, and would not be right without the rows, or with others.

    Raises:
        CycleBusyError: there is one.
    """
    if batch := sql.run(db, "open/read_open_batch").fetchone():
        raise CycleBusyError(
            f"Batch {batch['batch_id']} is open: its last run failed or was killed. Let `etl cycle` finish it, then "
            "run this again."
        )
