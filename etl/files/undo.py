"""Undoing a landing: a file that was landed in error is taken out again by the next cycle.

What is landed here is an operator's event, like a split, so a replay of landing takes the file out again at the same
place. See :mod:`etl.cycle.withdraw` for what it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from etl import sql
from etl.errors import LandingError
from etl.files.land import sha256_of
from etl.sql import Db, Row


@dataclass(frozen=True)
class Undone:
    """A landing that is undone, or would be.

    Attributes:
        name: that the file was landed under.
        sha256: of the file as it is stored.
        events: rows of it in landing.
        loaded: of these, events in the warehouse by now; others are held, in quarantine, or not taken yet.
        held: events that are held.
        quarantined: rows in quarantine.
        merging: of the loaded ones, those that joined ids or made a person known.
        repeated: rows that came from elsewhere and had been dropped as duplicates of the file's: landed once more.
        is_check: nothing was landed.
    """

    name: str
    sha256: str
    landed_at: datetime
    events: int
    loaded: int
    held: int
    quarantined: int
    merging: int
    repeated: int
    is_check: bool

    def __str__(self) -> str:
        events = f"{self.events:,} event{'' if self.events == 1 else 's'}"
        parts = [f"{self.loaded:,} loaded", f"{self.held:,} held", f"{self.quarantined:,} in quarantine"]
        parts += [f"{self.merging:,} merging"] if self.merging else []
        will = "would be" if self.is_check else "will be"
        line = (
            f"{self.name}: {events} landed on {self.landed_at:%Y-%m-%d %H:%M} UTC ({', '.join(parts)}) "
            f"{will} taken out by the next cycle"
        )
        if self.is_check:
            return f"{line}; nothing was changed"
        if self.repeated:
            line += f"; {self.repeated:,} that came from elsewhere too landed once more"
        return f"{line}; it, or a corrected one, can be landed now"


def undo(db: Db, file: str, *, team_id: int = 1, by: str, why: str, is_check: bool = False) -> Undone:
    """Land the withdrawal of a file; its events leave the warehouse with the cycle that takes it.

    Args:
        db: the warehouse, as its owner.
        file: the file itself, or the name it was landed under, or its SHA-256.
        team_id: the project that it was landed for.
        by: who decides.
        why: the reason.
        is_check: only say what would be taken out.

    Raises:
        LandingError: no such file was landed, several were under that name, it is being landed just now, or retention
            has dropped events of it.
    """
    with db.transaction():
        known = _find(db, file, team_id)
        key = {"team_id": team_id, "sha256": known["sha256"]}
        if sql.one(db, "land/has_dropped_events", key)["has_dropped"]:
            raise LandingError(
                f"{known['name']}: retention has dropped events of it (ETL_EVENT_RETENTION_DAYS), so it cannot be "
                "taken out as if it had never been landed. Nothing was changed. `etl split` separates the ids that it "
                "joined."
            )
        counts = sql.one(db, "land/count_undone", key)
        repeated = 0 if is_check else _land(db, known, {**key, "by": by, "why": why})
    return Undone(
        name=known["name"],
        sha256=known["sha256"],
        landed_at=known["landed_at"],
        events=known["landed"],
        repeated=repeated,
        is_check=is_check,
        **counts,
    )


def _land(db: Db, known: Row, parameters: Row) -> int:
    landed = sql.run(db, "land/withdraw_file", parameters).fetchone()
    if landed is None:
        raise LandingError(f"{known['name']}: nothing of it is in landing, so there is nothing to take out.")
    if sql.one(db, "land/note_undone", parameters)["ranges"] != landed["ranges"]:
        raise LandingError(f"{known['name']} is being landed just now: undo it when that is done. Nothing was changed.")
    return sql.run(db, "land/land_repeated", landed).rowcount


def _find(db: Db, file: str, team_id: int) -> Row:
    path = Path(file)
    sha256 = sha256_of(path) if path.is_file() else None
    found = sql.run(db, "land/find_landed", {"team_id": team_id, "sha256": sha256, "text": file}).fetchall()
    if not found:
        raise LandingError(
            f"{file}: no such file was landed for project {team_id}, neither with this content nor under this name, or "
            "it was undone already. The table ops.landed_file lists them."
        )
    if len(found) > 1:
        listed = "\n  ".join(f"{row['sha256']}  landed {row['landed_at']:%Y-%m-%d %H:%M} UTC" for row in found)
        raise LandingError(
            f"{file}: {len(found)} files were landed under this name. Say which one by its SHA-256:\n  {listed}"
        )
    return found[0]
