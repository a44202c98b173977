"""The table for SQLAlchemy and pandas: what a writer's login lands is exactly what it gave, and nothing else can be."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_address
from uuid import UUID

import pandas as pd
import psycopg
import pytest
import sqlalchemy as sa
from psycopg.types.json import Jsonb
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import CompileError, ProgrammingError
from sqlalchemy.orm import DeclarativeBase, Session

from etl import landing
from tests.logins import login

NAME = UUID("018f3b9a-0000-7000-8000-000000000001")
BERLIN = timezone(timedelta(hours=1))
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, BERLIN)
WRITTEN = "2026-01-02T03:04:05.678901+01:00"
PROPERTIES = {"subtotal": 3599, "source": "backend", "empty": None, "items": [{"name": "Tür \N{DOOR}", "price": 1.5}]}
FULL = {
    "team_id": 1,
    "uuid": NAME,
    "event": "Order created",
    "distinct_id": "user_42",
    "properties": PROPERTIES,
    "timestamp": MOMENT,
    "sent_at": MOMENT.astimezone(UTC),
    "ip": ip_address("203.0.113.7"),
}
LANDED = FULL | {
    "uuid": str(NAME),
    "timestamp": WRITTEN,
    "sent_at": "2026-01-02T02:04:05.678901+00:00",
    "ip": "203.0.113.7",
}


class Base(DeclarativeBase):
    pass


class Event(Base):
    __table__ = landing.event


@pytest.fixture
def writer(database):
    """The URL of a login that may write and nothing else."""
    with login(database, "event_writer") as url:
        yield url


@pytest.fixture
def engine(writer):
    """An app's, in a session with a date style that writes times in a way of its own."""
    options = "-c datestyle=German -c timezone=Asia/Tokyo"
    engine = sa.create_engine(
        writer.replace("postgresql://", "postgresql+psycopg://"), connect_args={"options": options}
    )
    yield engine
    engine.dispose()


@pytest.fixture
def landed(db):
    """What the owner finds, in the order of arrival."""

    def _landed(*columns):
        names = ", ".join(f'"{name}"' for name in columns or FULL)
        return db.execute(f"select {names} from landing.event order by xid, landing_id").fetchall()

    return _landed


def test_the_table_is_what_the_database_lets_a_writer_fill(shared_db):
    catalog = shared_db.execute(
        """select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
                  pg_get_expr(d.adbin, d.adrelid) as default
           from pg_attribute as a left join pg_attrdef as d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
           where a.attrelid = 'landing.event'::regclass and a.attnum > 0 and not a.attisdropped
               and has_column_privilege('event_writer', a.attrelid, a.attnum, 'insert')
           order by a.attnum"""
    ).fetchall()
    assert {landing.event.schema, landing.event.name} == {"landing", "event"}
    assert [(row["name"], row["type"]) for row in catalog] == [
        (column.name, column.type.compile(postgresql.dialect()).lower()) for column in landing.event.columns
    ]
    defaults = {row["name"]: row["default"] for row in catalog if row["default"]}
    assert defaults == {"team_id": str(landing.event.c.team_id.default.arg)}
    assert landing.DTYPES.keys() == FULL.keys()


def test_one_row(engine, landed):
    with engine.begin() as connection:
        connection.execute(sa.insert(landing.event).values(FULL))
    assert landed() == [LANDED]


def test_many_rows(engine, landed):
    rows = [FULL | {"uuid": UUID(int=n), "properties": {"n": n}} for n in range(1000)]
    with engine.begin() as connection:
        connection.execute(sa.insert(landing.event), rows)
    assert landed() == [LANDED | {"uuid": str(UUID(int=n)), "properties": {"n": n}} for n in range(1000)]


def test_many_rows_in_one_statement(engine, landed):
    with engine.begin() as connection:
        connection.execute(sa.insert(landing.event).values([FULL, FULL | {"event": "Order paid"}]))
    assert landed() == [LANDED, LANDED | {"event": "Order paid"}]


def test_what_is_left_out_is_null_but_team_and_uuid(engine, landed):
    with engine.begin() as connection:
        connection.execute(sa.insert(landing.event), [{"event": "a"}, {"event": "b"}])
    first, second = landed()
    assert {UUID(first["uuid"]).version, UUID(second["uuid"]).version} == {4}
    assert first.pop("uuid") != second.pop("uuid")
    rest = dict.fromkeys(FULL.keys() - {"uuid"})
    assert [first, second] == [rest | {"team_id": 1, "event": "a"}, rest | {"team_id": 1, "event": "b"}]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (MOMENT, WRITTEN),
        (MOMENT.replace(tzinfo=None), "2026-01-02T03:04:05.678901+00:00"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (pd.Timestamp("2026-01-02 03:04:05.5", tz="Europe/Berlin"), "2026-01-02T03:04:05.500000+01:00"),
        (MOMENT.date(), "2026-01-02"),
        ("next Tuesday", "next Tuesday"),
        ("", ""),
        (1767323045, "1767323045"),
        (None, None),
        (pd.NaT, None),
        (float("nan"), None),
    ],
)
def test_times_are_written_as_landing_reads_them_and_text_stays_what_it_is(engine, landed, value, text):
    with engine.begin() as connection:
        connection.execute(sa.insert(landing.event), [{"event": "a", "timestamp": value, "sent_at": value}])
    assert landed("timestamp", "sent_at") == [{"timestamp": text, "sent_at": text}]


@pytest.mark.parametrize("value", [{}, {"a": [1, 2.5, "x", None, True]}, [1], "text", 7, None])
def test_properties_stay_what_they_are_and_none_is_null(engine, landed, db, value):
    with engine.begin() as connection:
        connection.execute(sa.insert(landing.event), [{"event": "a", "properties": value}])
    assert landed("properties") == [{"properties": value}]
    assert db.execute("select properties is null as is_null from landing.event").fetchone() == {
        "is_null": value is None
    }


def test_a_class_of_the_orm(engine, landed):
    """The session must not expire what it wrote: it could not read it again."""
    with Session(engine, expire_on_commit=False) as session:
        order = Event(**FULL)
        session.add(order)
        session.add_all([Event(event="a", distinct_id="u"), Event(event="b", distinct_id="u", timestamp=MOMENT)])
        session.commit()
        assert order.properties == PROPERTIES
    full, *others = landed()
    assert full == LANDED
    assert [(row["event"], row["team_id"], row["timestamp"]) for row in others] == [("a", 1, None), ("b", 1, WRITTEN)]
    assert len({row["uuid"] for row in others}) == 2


def test_the_orm_knows_an_event_by_the_uuid_that_was_landed(engine, landed):
    with Session(engine, expire_on_commit=False) as session:
        order = Event(event="a", distinct_id="u")
        session.add(order)
        session.commit()
    assert landed("uuid") == [{"uuid": str(order.uuid)}]


def test_rows_through_a_class_of_the_orm(engine, landed):
    with Session(engine) as session:
        session.execute(sa.insert(Event), [FULL, FULL | {"event": "Order paid"}])
        session.commit()
    assert landed() == [LANDED, LANDED | {"event": "Order paid"}]


@pytest.mark.parametrize("method", [None, "multi"])
def test_a_frame(engine, landed, method):
    rows = [FULL, FULL | {"uuid": UUID(int=2), "timestamp": None, "ip": None, "properties": None}]
    frame = pd.DataFrame(rows)
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], utc=True)
    frame.to_sql(
        "event", engine, schema="landing", if_exists="append", index=False, method=method, dtype=landing.DTYPES
    )
    first = LANDED | {"timestamp": "2026-01-02T02:04:05.678901+00:00"}
    assert landed() == [
        first,
        first | {"uuid": str(UUID(int=2)), "timestamp": None, "ip": None, "properties": None},
    ]


def test_a_frame_of_some_columns_gets_the_rest_from_the_database(engine, landed):
    frame = pd.DataFrame({"event": ["a", "b"], "distinct_id": ["u", None], "timestamp": [MOMENT, MOMENT]})
    frame.to_sql("event", engine, schema="landing", if_exists="append", index=False, dtype=landing.DTYPES)
    columns = ("team_id", "uuid", "event", "distinct_id", "timestamp")
    assert [tuple(row.values()) for row in landed(*columns)] == [
        (1, None, "a", "u", WRITTEN),
        (1, None, "b", None, WRITTEN),
    ]


def test_psycopg(writer, landed):
    statement = "insert into landing.event (event, distinct_id, properties, timestamp) values (%s, %s, %s, %s)"
    values = ("Order created", "user_42", Jsonb(PROPERTIES), WRITTEN)
    with psycopg.connect(writer) as connection:
        connection.execute(statement, values)
        connection.cursor().executemany(statement, [values, values])
        with connection.cursor().copy("copy landing.event (event, distinct_id, properties) from stdin") as copy:
            copy.write_row(("Order created", "user_42", json.dumps(PROPERTIES)))
    rows = landed("event", "distinct_id", "properties", "timestamp")
    expected = {key: LANDED[key] for key in ("event", "distinct_id", "properties", "timestamp")}
    assert rows == [expected, expected, expected, expected | {"timestamp": None}]


COLUMNS = "event, distinct_id, properties, timestamp"
CSV = """event,distinct_id,properties,timestamp
Order created,user_42,"{""a"": 1}",2026-01-02T03:04:05Z
Order created,user_43,{bad},
"""


@pytest.mark.parametrize("is_binary", [False, True])
def test_copy_of_rows(writer, landed, is_binary):
    way = " (format binary)" if is_binary else ""
    with (
        psycopg.connect(writer) as connection,
        connection.cursor().copy(f"copy landing.event ({COLUMNS}) from stdin{way}") as copy,
    ):
        copy.set_types(["text", "text", "jsonb", "text"])
        copy.write_row(("Order created", "user_42", Jsonb(PROPERTIES), WRITTEN))
        copy.write_row(("Order created", "user_42", None, None))
    assert [row["properties"] for row in landed("properties")] == [PROPERTIES, None]
    assert [row["timestamp"] for row in landed("timestamp")] == [WRITTEN, None]


@pytest.mark.parametrize(
    ("options", "events"), [("format csv, header match", 0), ("format csv, header match, on_error ignore", 1)]
)
def test_copy_of_csv_with_text_that_is_no_json(writer, landed, options, events):
    """All rows fail with it, unless the writer says that it alone does."""
    with psycopg.connect(writer, autocommit=True) as connection:
        if connection.info.server_version < 170000:
            pytest.skip("on_error came with PostgreSQL 17")
        try:
            with connection.cursor().copy(f"copy landing.event ({COLUMNS}) from stdin ({options})") as copy:
                copy.write(CSV)
        except psycopg.errors.InvalidTextRepresentation as error:
            assert "invalid input syntax for type json" in str(error)  # noqa: PT017
    expected = {"event": "Order created", "distinct_id": "user_42", "properties": {"a": 1}}
    assert landed(*expected) == [expected] * events


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": "\\u0000"}', "{bad", ""])
def test_text_that_is_no_json_fails_the_statement(writer, landed, text):
    statement = "insert into landing.event (event, distinct_id, properties) values ('a', 'u', '{}'), ('b', 'u', %s)"
    with psycopg.connect(writer) as connection, pytest.raises(psycopg.DataError, match=r"json|Unicode"):
        connection.execute(statement, (text,))
    assert landed() == []


@pytest.mark.parametrize("column", ["landing_id", "uuid", "event"])
def test_returning_is_refused_and_not_needed(writer, landed, column):
    """What a model of Django sends, whose key the program makes, and what one sends whose key the database makes."""
    statement = "insert into landing.event (uuid, event, distinct_id) values (%s, 'a', 'u')"
    with psycopg.connect(writer) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for table event"):
            connection.execute(f"{statement} returning {column}", (NAME,))
        connection.rollback()
        connection.execute(statement, (NAME,))
    assert landed("uuid") == [{"uuid": str(NAME)}]


def test_a_table_that_sqlalchemy_reads_from_the_catalog(engine, landed):
    with pytest.warns(sa.exc.SAWarning, match="Did not recognize type 'xid8'"):
        table = sa.Table("event", sa.MetaData(), schema="landing", autoload_with=engine)
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"event": "a", "distinct_id": "u", "properties": PROPERTIES}] * 3)
    assert [row["properties"] for row in landed("properties")] == [PROPERTIES] * 3


@pytest.mark.parametrize(
    ("column", "value"), [("landing_id", 1), ("received_at", MOMENT), ("is_personless", True), ("is_operator", True)]
)
def test_what_is_the_databases_cannot_be_written(engine, landed, column, value):
    with engine.begin() as connection, pytest.raises(CompileError, match=f"Unconsumed column names: {column}"):
        connection.execute(sa.insert(landing.event).values(event="a", **{column: value}))
    with pytest.raises(TypeError, match=column):
        Event(event="a", **{column: value})
    frame = pd.DataFrame({"event": ["a"], column: [value]})
    with pytest.raises(pd.errors.DatabaseError, match="permission denied for table event"):
        frame.to_sql("event", engine, schema="landing", if_exists="append", index=False, dtype=landing.DTYPES)
    assert landed() == []


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
def test_what_was_written_cannot_be_read_changed_or_replaced(engine, landed):
    with engine.begin() as connection:
        connection.execute(sa.insert(landing.event).values(FULL))
    for statement in (sa.select(landing.event), sa.delete(landing.event), sa.update(landing.event).values(event="b")):
        with engine.begin() as connection, pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(statement)
    with pytest.raises(ProgrammingError, match="must be owner of table event"):
        pd.DataFrame({"event": ["a"]}).to_sql("event", engine, schema="landing", if_exists="replace", index=False)
    assert landed() == [LANDED]


def test_a_landed_event_is_loaded_as_any_other(engine, db, cycle):
    with engine.begin() as connection:
        connection.execute(
            sa.insert(landing.event), [FULL | {"properties": {"$process_person_profile": False}, "sent_at": None}]
        )
    assert cycle()["loaded"] == 1
    assert db.execute("select uuid, timestamp from warehouse.events").fetchall() == [
        {"uuid": NAME, "timestamp": MOMENT}
    ]
