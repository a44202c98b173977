"""Events that an operator's decision lands: they change nothing by themselves, the next cycle applies them.

A replay of landing applies them again, so a correction is history like everything else.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from etl import sql
from etl.sql import Db


def land(
    db: Db,
    *,
    team_id: int,
    distinct_id: str,
    uuid: UUID,
    event: str,
    properties: dict[str, Any],
    by: str,
    why: str | None,
) -> None:
    """Land one, with who decided and why among its properties."""
    written = {**properties, "$decided_by": by, "$process_person_profile": True, **({"$why": why} if why else {})}
    sql.run(
        db,
        "operator_event/land",
        {
            "team_id": team_id,
            "uuid": str(uuid),
            "event": event,
            "distinct_id": distinct_id,
            "properties": sql.json_text(written),
        },
    )
