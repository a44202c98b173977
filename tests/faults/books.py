"""Events that a fault may strike, and the proof afterwards that each of them is there, once."""

from __future__ import annotations

from collections.abc import Collection

from etl.operate.maintain import check_invariants
from etl.quality.audit import verify
from etl.sql import Db


def land_visits(db: Db, count: int, *, visitor: str = "d") -> set[str]:
    """Land events of anonymous visitors in one transaction; returns their uuids."""
    rows = db.execute(
        "insert into landing.event (uuid, event, distinct_id, properties) "
        "select gen_random_uuid()::text, '$pageview', %(visitor)s || i %% 500, "
        "jsonb_build_object('$device_id', %(visitor)s || i %% 500, 'n', i, 'text', repeat('x', 200)) "
        "from generate_series(1, %(count)s) as i returning uuid",
        {"visitor": visitor, "count": count},
    )
    return {str(row["uuid"]) for row in rows}


def check(db: Db, sent: Collection[str], *, held: int = 0) -> None:
    """Each event that was sent is loaded or held, none twice; every batch balances; the audit agrees."""
    sent = set(sent)
    loaded = [str(row["uuid"]) for row in db.execute("select uuid from warehouse.events")]
    waiting = [str(row["uuid"]) for row in db.execute("select uuid from buffer.event")]
    assert len(waiting) == held
    assert sent - {*loaded, *waiting} == set()
    assert len(loaded) + len(waiting) == len({*loaded, *waiting})
    unbalanced = db.execute("select * from ops.batch where status = 'loaded' and not is_balanced").fetchall()
    assert unbalanced == []
    check_invariants(db)
    assert verify(db).troubles == []
