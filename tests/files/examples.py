"""Files of events for tests, and what became of them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from etl.files.land import LandResult, land_files
from etl.sql import Db

DATA = Path(__file__).parent / "data"


COLUMNS = "team_id, uuid, event, distinct_id, properties::text as properties, timestamp, sent_at, ip"


def landed(db: Db) -> list[dict[str, Any]]:
    """The landing table in order of arrival, numbers exact."""
    rows = db.execute(f"select {COLUMNS} from landing.event order by xid, landing_id").fetchall()
    return [{**row, "properties": exact(row["properties"])} for row in rows]


def exact(text: str | None) -> Any:
    return None if text is None else json.loads(text, parse_float=Decimal, parse_int=Decimal)


def names(db: Db) -> list[str]:
    return [row["event"] for row in landed(db)]


def land_one(database: str, path: Path, **arguments: Any) -> LandResult:
    (result,) = land_files(database, [path], **arguments)
    return result


def write(folder: Path, content: str | bytes, name: str = "events") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def events(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [{"event": f"e{number}", "distinct_id": "u", "properties": {"n": number}} for number in range(first, count)]


def lines(count: int) -> str:
    return "".join(json.dumps(event) + "\n" for event in events(count))
