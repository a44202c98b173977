"""Events as tables: a view for each name in the schema ``event``, with its properties as typed columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from psycopg import errors

from etl import sql
from etl.sql import Db


@dataclass
class Refreshed:
    """What a refresh did, by names of views."""

    made: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    # As they were: somebody reads one, has built on one, or has made something of its name.
    kept: list[str] = field(default_factory=list)


def refresh_event_views(db: Db) -> Refreshed:
    """Make the views as what was seen of events in the last 30 days wants them; drop those of events that are gone.

    What cannot be changed just now stays as it is, and the next run tries again. No table is locked, so no cycle waits.
    """
    found = Refreshed()
    for row in sql.run(db, "event_view/list_due").fetchall():
        try:
            with db.transaction():
                sql.run(db, "event_view/replace", row)
        except (errors.LockNotAvailable, errors.DependentObjectsStillExist, errors.DuplicateTable):
            found.kept.append(row["view_name"])
        else:
            (found.dropped if row["query"] is None else found.made).append(row["view_name"])
    return found
