"""A view for each event, typed: whatever the names and values are, maintenance makes it and a reader can use it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest
from psycopg import sql as psql

from etl import sql
from etl.operate.event_views import refresh_event_views
from etl.quality.daily import check_days
from etl.rules.identity import person_id_of

pytestmark = pytest.mark.long

BASE = ["team_id", "uuid", "timestamp", "distinct_id", "person_id"]


@pytest.fixture
def refresh(db, cycle):
    def _refresh():
        cycle()
        check_days(db)
        return refresh_event_views(db)

    return _refresh


def rows_of(db, view, *columns):
    chosen = psql.SQL(", ").join(map(psql.Identifier, columns)) if columns else psql.SQL("*")
    query = psql.SQL("select {} from event.{} order by distinct_id").format(chosen, psql.Identifier(view))
    return db.execute(query).fetchall()


def columns_of(db, view):
    rows = db.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = 'event' and table_name = %s order by ordinal_position",
        (view,),
    ).fetchall()
    return {row["column_name"]: row["data_type"] for row in rows}


def views_of(db):
    return {
        row["n"] for row in db.execute("select relname as n from pg_class where relnamespace = 'event'::regnamespace")
    }


def order(land, distinct_id, /, **properties):
    land("Order created", distinct_id, properties={"$device_id": distinct_id} | properties)


def test_a_view_has_typed_columns(db, land, refresh):
    order(land, "a", subtotal=35.99, is_gift=True, planId="pro", items=[{"sku": 1}], note=None)
    order(land, "b", subtotal=5, is_gift=False, planId="free", items=[])
    assert refresh().made == ["Order created"]
    columns = columns_of(db, "Order created")
    assert list(columns)[:5] == BASE
    assert {name: columns[name] for name in columns if name not in {*BASE, "$device_id"}} == {
        "is_gift": "boolean",
        "items": "jsonb",
        "planId": "text",
        "subtotal": "numeric",
    }
    assert [tuple(row.values()) for row in rows_of(db, "Order created", "subtotal", "is_gift", "planId", "items")] == [
        (Decimal("35.99"), True, "pro", [{"sku": 1}]),
        (Decimal(5), False, "free", []),
    ]


def test_a_value_that_does_not_fit_is_null(db, land, refresh):
    order(land, "a", subtotal=1, is_gift=True)
    order(land, "b", subtotal=2, is_gift=False)
    order(land, "c", subtotal="none", is_gift="yes")
    order(land, "d", subtotal={"cents": 3}, is_gift=1)
    order(land, "e")
    order(land, "f", subtotal="4.5", is_gift=True)
    order(land, "g", subtotal=5, is_gift=True)
    refresh()
    assert [tuple(row.values()) for row in rows_of(db, "Order created", "subtotal", "is_gift")] == [
        (1, True),
        (2, False),
        (None, None),
        (None, None),
        (None, None),
        (Decimal("4.5"), True),
        (5, True),
    ]


def test_the_person_is_the_one_of_now(db, land, cycle, refresh):
    order(land, "a", subtotal=1)
    land("$identify", "ann")
    refresh()
    assert rows_of(db, "Order created", "person_id") == [{"person_id": person_id_of(1, "a")}]
    land("$identify", "ann", properties={"$anon_distinct_id": "a"})
    cycle()
    assert rows_of(db, "Order created", "person_id") == [{"person_id": person_id_of(1, "ann")}]


HOSTILE = [
    'a"b',
    "a'b",
    "a''); drop schema warehouse cascade; --",
    "a\\'b\\",
    "100 %s %(x)s %I",
    "${x} {y} $1 $$",
    "a;b",
    "select",
    " ",
    "ÄÖ€🛒",
    "\u202eabc",
    "x" * 63,
    "x" * 64,
    "x" * 190 + "1",
    "x" * 190 + "2",
    "é" * 40 + "1",
    "é" * 40 + "2",
    "Order",
    "order",
    "ORDER",
]


def test_any_name_of_an_event(db, land, refresh):
    """Each has its view with its own event and no other's."""
    for number, name in enumerate(HOSTILE):
        if name.strip():
            land(name, f"d{number}", properties={"$device_id": f"d{number}", "n": number})
    found = refresh()
    names = [name for name in HOSTILE if name.strip()]
    assert (len(found.made), found.kept) == (len(names), [])
    views = {row["event"]: row["view_name"] for row in db.execute("select event, view_name from ops.event_view")}
    assert views.keys() == set(names)
    assert views_of(db) == set(views.values())
    for name, view in views.items():
        assert len(view.encode()) <= 63
        assert (view == name) == (len(name.encode()) <= 63)
        assert [row["n"] for row in rows_of(db, view, "n")] == [HOSTILE.index(name)]
    assert db.execute("select count(*) as n from warehouse.events").fetchone() == {"n": len(names)}


def test_any_name_of_a_property(db, land, refresh):
    """Also those of the columns that every view has, and none at all."""
    names = [*HOSTILE, "", "timestamp", "person_id", "uuid", "team_id", "distinct_id", "properties", "e", "ctid"]
    order(land, "a", **{name: number for number, name in enumerate(names)})
    assert refresh().made == ["Order created"]
    row = rows_of(db, "Order created")[0]
    assert row["distinct_id"] == "a"
    assert row["person_id"] == person_id_of(1, "a")
    for number, name in enumerate(names):
        if name in {"", *BASE}:
            assert row[f"properties.{name}"] == number
        elif len(name.encode()) <= 63:
            assert row[name] == number
    assert {value for value in row.values() if isinstance(value, Decimal)} == set(range(len(names)))


def test_an_event_without_properties_has_a_view_too(db, land, refresh):
    land("$identify", "ann")
    assert refresh().made == ["$identify"]
    assert list(columns_of(db, "$identify")) == BASE


def test_two_properties_of_one_column_are_one(db, land, refresh):
    """As `properties.timestamp` may be sent too: the more frequent one has the column, and the view is made."""
    order(land, "a", **{"timestamp": 1, "properties.timestamp": 2})
    order(land, "b", **{"timestamp": 3})
    assert refresh().made == ["Order created"]
    assert [row["properties.timestamp"] for row in rows_of(db, "Order created")] == [1, 3]


def test_what_has_not_changed_is_left_alone(db, land, refresh):
    order(land, "a", subtotal=1)
    refresh()
    before = db.execute("""select 'event."Order created"'::regclass::oid as n""").fetchone()
    order(land, "b", subtotal=2)
    found = refresh()
    assert (found.made, found.dropped, found.kept) == ([], [], [])
    assert db.execute("""select 'event."Order created"'::regclass::oid as n""").fetchone() == before


def test_a_new_property_is_a_new_column(db, land, refresh):
    order(land, "a", subtotal=1)
    refresh()
    order(land, "b", coupon="X")
    assert refresh().made == ["Order created"]
    assert [row["coupon"] for row in rows_of(db, "Order created", "coupon")] == [None, "X"]


def test_the_view_of_an_event_that_is_gone_goes(db, land, refresh):
    order(land, "a", subtotal=1)
    land("Signed up", "a", properties={"$device_id": "a"})
    refresh()
    assert views_of(db) == {"Order created", "Signed up"}
    db.execute("update ops.event_day set day = day - 31 where event = 'Signed up'")
    assert refresh_event_views(db).dropped == ["Signed up"]
    assert views_of(db) == {"Order created"}
    assert db.execute("select event from ops.event_view").fetchall() == [{"event": "Order created"}]


def test_a_view_that_somebody_dropped_is_made_again(db, land, refresh):
    order(land, "a", subtotal=1)
    refresh()
    db.execute("""drop view event."Order created" """)
    assert refresh_event_views(db).made == ["Order created"]


def test_what_others_built_is_not_broken(db, land, refresh):
    """A view built on one keeps it; a table of its name stays."""
    order(land, "a", subtotal=1)
    refresh()
    db.execute("""create view public.mine as select subtotal from event."Order created" """)
    db.execute("""create table event."Signed up" (x integer)""")
    order(land, "b", coupon="X")
    land("Signed up", "a", properties={"$device_id": "a"})
    assert refresh().kept == ["Order created", "Signed up"]
    assert db.execute("select count(subtotal) as n from public.mine").fetchone() == {"n": 1}
    assert db.execute("""select count(*) as n from event."Signed up" """).fetchone() == {"n": 0}
    db.execute("drop view public.mine")
    assert refresh_event_views(db).made == ["Order created"]


def test_a_reader_keeps_its_view_and_no_cycle_waits(database, db, land, refresh):
    order(land, "a", subtotal=1)
    refresh()
    with sql.connect(database) as reader, reader.transaction():
        reader.execute("set role auditor")
        reader.execute("""select * from event."Order created" """)
        order(land, "b", coupon="X")
        assert refresh().kept == ["Order created"]
        assert "coupon" not in columns_of(db, "Order created")
    assert refresh_event_views(db).made == ["Order created"]


def test_the_auditor_reads_and_changes_nothing(db, land, refresh):
    order(land, "a", subtotal=1)
    refresh()
    db.execute("set role auditor")
    assert len(rows_of(db, "Order created")) == 1
    assert len(db.execute("select * from ops.event_view").fetchall()) == 1
    for statement in ("create view event.mine as select 1 as n", """drop view event."Order created" """):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute(statement)


def test_a_range_of_time_reads_its_days_only(db, land, refresh):
    order(land, "a", subtotal=1)
    refresh()
    today = datetime.now(UTC).date()
    query = """explain select sum(subtotal) from event."Order created" where timestamp >= %s and timestamp < %s"""
    plan = str(db.execute(query, (f"{today} 00:00+00", f"{today} 23:59+00")).fetchall())
    assert f"stored_event_{today:%Y%m%d}" in plan
    assert plan.count("on stored_event_") == 1


def test_hostile_numbers_of_names_have_an_end(db, land, refresh):
    """A property that one event in hundreds has is no column; 300 columns and 500 views are the most."""
    order(land, "a", **{f"p{n:03}": n for n in range(400)})
    db.execute(
        "insert into landing.event (event, distinct_id, properties)"
        """ select 'e' || n, 'a', '{"$device_id": "a"}' from generate_series(1, 600) as n"""
    )
    for number in range(150):
        order(land, f"d{number}", subtotal=number)
    refresh()
    assert len(views_of(db)) == 500
    columns = columns_of(db, "Order created")
    assert "subtotal" in columns
    assert not [name for name in columns if name.startswith("p0")]
    db.execute("delete from ops.property_day where property = 'subtotal'")
    db.execute("update ops.property_day set sampled = 1")
    refresh_event_views(db)
    assert len(columns_of(db, "Order created")) == 5 + 300
