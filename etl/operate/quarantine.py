"""The quarantine as people work on it: what waits there and why, landing rows again after a fix, discarding rows.

A row stays where it is whatever is decided; replayed rows know the landing row that was made of them.
"""

from __future__ import annotations

import getpass
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from etl import sql
from etl.errors import EtlError
from etl.quality.audit_log import entry
from etl.sql import Db, Row


@dataclass(frozen=True)
class Selection:
    """Which rows are meant; a member that is None does not restrict.

    Attributes:
        reason: the name of an expectation that the row failed.
        event: its name, as sent.
        since: arrived at or after; UTC where it names no zone.
        until: arrived before; UTC where it names no zone.
    """

    reason: str | None = None
    event: str | None = None
    batch_id: int | None = None
    landing_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    team_id: int | None = None

    def __post_init__(self) -> None:
        for name in ("since", "until"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                object.__setattr__(self, name, moment.replace(tzinfo=UTC))

    @property
    def is_everything(self) -> bool:
        """Nothing restricts it."""
        return not any(value is not None for value in asdict(self).values())


def summarize(db: Db, selection: Selection, *, with_resolved: bool = False, at_most: int = 100) -> list[Row]:
    """What waits by reason and event name, the most frequent first."""
    return sql.run(
        db, "quarantine/summarize", {**asdict(selection), "with_resolved": with_resolved, "at_most": at_most}
    ).fetchall()


def show(db: Db, landing_id: int) -> Row:
    """One row, whole, and what became of it.

    Raises:
        EtlError: it is not in quarantine.
    """
    row = sql.run(db, "quarantine/read_row", {"landing_id": landing_id}).fetchone()
    if row is None:
        raise EtlError(f"No quarantined row has the landing id {landing_id}. `etl quarantine list` shows examples.")
    return row


def replay(db: Db, selection: Selection, *, why: str, who: str | None = None) -> int:
    """Land the selected rows again; the next cycle checks them again. Those replayed or discarded before stay.

    So do those of a file that is undone (``etl land --undo``): the withdrawal discards them.

    Returns:
        How many were landed.
    """
    who = who or getpass.getuser()
    with entry(db, "decision", _record("landed again", selection, why, who)):
        landing_ids, new_ids = _choose(db, selection, is_replay=True)
        if not landing_ids:
            return 0
        ids = {"landing_ids": landing_ids, "new_landing_ids": new_ids}
        landed = sql.run(db, "quarantine/land_again", ids).fetchall()
        _resolve(db, "replayed", ids, xid=landed[0]["xid"], why=why, who=who)
        # What a file's withdrawal lands once more was dropped again as duplicates, since the file's events were there.
        for row in landed:
            if row["is_withdrawal"]:
                sql.run(db, "land/land_repeated", row)
    return len(landing_ids)


def discard(db: Db, selection: Selection, *, why: str, who: str | None = None) -> int:
    """Discard the selected rows: they are kept, with who, when and why, and wait for nothing any more."""
    who = who or getpass.getuser()
    with entry(db, "decision", _record("discarded", selection, why, who)):
        landing_ids, new_ids = _choose(db, selection, is_replay=False)
        ids = {"landing_ids": landing_ids, "new_landing_ids": new_ids}
        _resolve(db, "discarded", ids, xid=None, why=why, who=who)
    return len(landing_ids)


def _record(what: str, selection: Selection, why: str, who: str) -> str:
    chosen = ", ".join(f"{name} {value}" for name, value in asdict(selection).items() if value is not None)
    return f"quarantined rows {what} by {who}: {why} ({chosen or 'all'})"


def _choose(db: Db, selection: Selection, *, is_replay: bool) -> tuple[list[int], list[int | None]]:
    rows = sql.tuples(db, "quarantine/choose_rows", {**asdict(selection), "is_replay": is_replay})
    return [row[0] for row in rows], [row[1] for row in rows]


def _resolve(db: Db, resolution: str, ids: dict[str, Any], *, xid: str | None, why: str, who: str) -> None:
    if not why.strip():
        raise EtlError("Say why: the reason is kept with the rows.")
    parameters = {"resolution": resolution, "who": who, "why": why.strip(), "xid": xid}
    sql.run(db, "quarantine/resolve", {**ids, **parameters})
