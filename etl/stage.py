"""Step 2, stage: type and normalise the batch's rows. Narrow; the payload is not copied; nothing is refused here."""

from __future__ import annotations

from etl import db as door
from etl.db import Db
from etl.plan import step_of
from etl.settings import Settings


def stage_batch(db: Db, settings: Settings, batch_id: int) -> None:
    """Fill ``staging.event`` with one narrow row for each landing row of the batch."""
    with step_of(db, batch_id, "stage") as batch:
        if batch is None:
            return
        door.run(db, "stage/insert_cookieless_salt", batch)
        door.run(db, "stage/insert_event", {**batch, "max_properties_bytes": settings.max_properties_bytes})
        door.run(db, "stage/analyze_event")
        door.run(db, "stage/insert_warning")
        door.run(db, "stage/insert_client_warning")
