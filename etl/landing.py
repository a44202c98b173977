"""The table that apps write to, for those that write with SQLAlchemy or pandas: ``landing.event``.

    from sqlalchemy import create_engine, insert
    from etl import landing

    engine = create_engine("postgresql+psycopg://shop:...@127.0.0.1:54329/warehouse")
    with engine.begin() as connection:
        connection.execute(
            insert(landing.event),
            [{"event": "Order created", "distinct_id": "user_42", "properties": {"subtotal": 3599}}],
        )

A login with the role ``event_writer`` is enough. It may read nothing, and nothing here asks for what was written;
a session of the ORM must not either, and pandas does not:

    class Event(Base):
        __table__ = landing.event

    with Session(engine, expire_on_commit=False) as session: ...

    frame.to_sql("event", engine, schema="landing", if_exists="append", index=False, dtype=landing.DTYPES)
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import BigInteger, Column, Dialect, MetaData, Table, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB


class Written(TypeDecorator[Any]):
    """Text, written of any value: landing takes what it is given, and what is wrong with it is found later.

    A datetime becomes ISO 8601 with its offset, whatever the session's time zone and date style are; one without offset
    is in UTC, as landing reads it. NaN and NaT, which stand for null in a frame's rows, become null.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """What is sent."""
        if value is None or value != value:  # noqa: PLR0124 - what NaN and NaT are
            return None
        if isinstance(value, datetime):
            return (value.replace(tzinfo=UTC) if value.utcoffset() is None else value).isoformat()
        return str(value)


event = Table(
    "event",
    MetaData(schema="landing"),
    Column("team_id", BigInteger, default=1),
    # No key of the database: what the ORM knows an event by, and what a repeated event is recognised by.
    Column("uuid", Written, primary_key=True, default=uuid4),
    Column("event", Written),
    Column("distinct_id", Written),
    Column("properties", JSONB(none_as_null=True)),
    Column("timestamp", Written),
    Column("sent_at", Written),
    Column("ip", Written),
)
"""The columns that a client may fill; arrival and position are the database's. Without ``uuid`` an event gets one."""

DTYPES = {column.name: column.type for column in event.columns}
"""For ``DataFrame.to_sql(..., dtype=DTYPES)``, which would write a time as the session's date style has it."""
