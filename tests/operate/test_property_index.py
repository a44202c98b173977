"""Indexes of properties: filters find what they found before and read less, whatever the property is called."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from etl import cli, sql
from etl.errors import PropertyIndexError, TransientError
from etl.operate import property_index
from etl.operate.event_views import refresh_event_views
from etl.quality.daily import check_days
from tests.faults.hostile import NAMES
from tests.history import act
from tests.landing import EPOCH, moment

TODAY = EPOCH.date()
ANSWER = "select count(*) as n, sum((properties ->> 'price')::numeric) as total from {} where {}"


def indexes(db: sql.Db) -> set[str]:
    rows = db.execute("select indexname from pg_indexes where schemaname = 'warehouse'").fetchall()
    return {row["indexname"] for row in rows}


def used(db: sql.Db, query: str, *parameters: object) -> set[str]:
    """The indexes in the plan of a query, and the partitions that are read from end to end."""
    plan = db.execute(f"explain (format json) {query}", parameters or None).fetchone()["QUERY PLAN"][0]["Plan"]
    nodes = [plan]
    for node in nodes:
        nodes += node.get("Plans", [])
    scans = {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
    return {node["Index Name"] for node in nodes if "Index Name" in node} | {
        name for name in scans if name.startswith("stored_event")
    }


@pytest.fixture
def week(db, land, cycle):
    """A few hundred orders on two days, of twenty plans, and one of a day that has no partition."""
    for day in (4, 5):
        sql_day = date(2022, 7, day)
        db.execute("select ops.ensure_day_partition('warehouse', 'stored_event', 'timestamp', %s)", (sql_day,))
    db.execute(
        "insert into landing.event (event, distinct_id, timestamp, properties)"
        " select 'Order created', 'd', '2022-07-0' || 4 + n %% 2 || 'T10:00:00Z',"
        " jsonb_build_object('$device_id', 'd', 'planId', 'plan ' || n / 2 %% 20, 'price', n,"
        " 'filler', repeat(md5(n::text), 20))"
        " from generate_series(1, 400) as n",
        (),
    )
    act(land, "d", "Order created", "09 10:00", planId="plan 3", price=1000)
    cycle()


def test_a_filter_reads_only_what_has_the_value(db, week):
    queries = [
        ANSWER.format("warehouse.events", "properties ->> 'planId' = 'plan 3'"),
        ANSWER.format(
            "warehouse.events",
            "team_id = 1 and event = 'Order created' and properties ->> 'planId' = 'plan 3'"
            " and timestamp >= '2022-07-04' and timestamp < '2022-07-06'",
        ),
        ANSWER.format("warehouse.posthog_events", "properties ->> 'planId' = 'plan 3'"),
    ]
    before = [db.execute(query).fetchall() for query in queries]
    # 3 of every 20 pairs: n = 6, 7, 46, 47 and so on to 366, 367; and 1000.
    assert before[0] == [{"n": 21, "total": sum(range(6, 400, 40)) + sum(range(7, 400, 40)) + 1000}]
    property_index.create(db, "planId")
    name = db.execute("select index_name from ops.property_index").fetchone()["index_name"]
    assert [db.execute(query).fetchall() for query in queries] == before
    for query in queries[:2]:
        assert {index for index in used(db, query) if "2022070" in index} == {
            f"stored_event_{day}_{name}" for day in (20220704, 20220705)
        }


def test_a_view_of_an_event_uses_it_too(db, week):
    check_days(db, now=moment(86_400 * 5))
    refresh_event_views(db)
    query = """select count(*) as n from event."Order created" where "planId" = 'plan 3'"""
    assert db.execute(query).fetchone()["n"] == 21
    property_index.create(db, "planId", event="Order created")
    assert db.execute(query).fetchone()["n"] == 21
    assert {name.split("_")[2] for name in used(db, query)} >= {"20220704", "20220705"}
    assert all("property" in name for name in used(db, query) if "2022070" in name)
    # Of another event it is of no use.
    other = ANSWER.format("warehouse.events", "event = 'other' and properties ->> 'planId' = 'plan 3'")
    assert not any("property" in name for name in used(db, other))


def test_new_days_have_it_from_the_beginning(db, week, land, cycle):
    property_index.create(db, "planId")
    name = db.execute("select index_name from ops.property_index").fetchone()["index_name"]
    # Its event moves from the default partition.
    db.execute("select ops.ensure_day_partition('warehouse', 'stored_event', 'timestamp', '2022-07-09')")
    db.execute("select ops.ensure_day_partition('warehouse', 'stored_event', 'timestamp', '2022-07-10')")
    act(land, "d", "Order created", "10 10:00", planId="plan 3", price=0)
    cycle()
    children = db.execute(
        "select c.relname from pg_inherits as i inner join pg_class as t on i.inhparent = t.oid"
        " inner join pg_index as x on i.inhrelid = x.indexrelid inner join pg_class as c on x.indrelid = c.oid"
        " where t.relname = %s",
        (name,),
    ).fetchall()
    assert {f"stored_event_202207{day}" for day in ("04", "05", "09", "10")} <= {row["relname"] for row in children}
    assert db.execute(
        "select count(*) as n from warehouse.events where properties ->> 'planId' = 'plan 3'"
    ).fetchone() == {"n": 22}
    assert property_index.create(db, "planId") == 0
    assert property_index.list_all(db)[0]["is_complete"]


@pytest.mark.parametrize("is_first", [True, False])
def test_values_of_any_length_are_loaded_and_found(db, land, cycle, is_first):
    """3 KB are more than a B-tree takes."""
    values = ["", "x", "é" * 1_500, "ab" * 400_000, "".join(map(str, range(30_000)))]

    def load() -> None:
        for place, value in enumerate([*values, None, 5, {"a": 1}]):
            land("e", "d", properties={"$device_id": "d", "p": value, "place": place})
        assert cycle()["loaded"] == 8

    if is_first:
        property_index.create(db, "p")
        load()
    else:
        load()
        property_index.create(db, "p")
    db.execute("set enable_seqscan = off")
    for place, value in enumerate([*values, None, "5", '{"a": 1}']):
        found = db.execute(
            "select properties -> 'place' as place from warehouse.events where properties ->> 'p' = %s", (value,)
        ).fetchall()
        assert found == ([] if value is None else [{"place": place}])
    assert property_index.list_all(db)[0]["events"] == (0 if is_first else 7)


HOSTILE = [
    *NAMES,
    "",
    " ",
    "a'b\"c",
    "x" * 63,
    "x" * 64,
    "x" * 64 + "y",
    "é" * 40,
    "');drop table warehouse.merge;--",
    "%I",
    "%L %s",
]


def test_names_stay_names(db, land, cycle):
    before = indexes(db)
    for place, name in enumerate(HOSTILE):
        land(name or "e", "d", properties={"$device_id": "d", name: f"v{place}"})
    cycle()
    stored = {row["event"] for row in db.execute("select event from warehouse.events")}
    for name in HOSTILE:
        property_index.create(db, name)
        property_index.create(db, name, event=name or "e")
    assert {(row["property"], row["event"]) for row in property_index.list_all(db)} == {
        pair for name in HOSTILE for pair in [(name, None), (name, name or "e")]
    }
    assert all(row["is_complete"] for row in property_index.list_all(db))
    db.execute("set enable_seqscan = off")
    for place, name in enumerate(HOSTILE):
        query = "select event from warehouse.events where properties ->> %s = %s"
        assert len(db.execute(query, (name, f"v{place}")).fetchall()) == 1
    assert len(stored) > 20
    for name in HOSTILE:
        property_index.drop(db, name)
        property_index.drop(db, name, event=name or "e")
    assert indexes(db) == before
    assert property_index.list_all(db) == []


def test_what_an_interrupted_run_has_left_is_completed_or_dropped(db, week):
    before = indexes(db)
    for complete in (True, False):
        index = sql.one(db, "property_index/create", {"property": "planId", "event": None})
        first, second, *_ = sql.run(db, "property_index/list_statements", index).fetchall()
        db.execute(first["create_statement"])
        db.execute(second["create_statement"])
        broken = second["drop_statement"].split()[-1]
        db.execute("update pg_index set indisvalid = false where indexrelid = %s::regclass", (broken,))
        assert not property_index.list_all(db)[0]["is_complete"]
        if complete:
            assert property_index.create(db, "planId") >= 2
            assert property_index.list_all(db)[0]["is_complete"]
            valid = db.execute("select indisvalid from pg_index where indexrelid = %s::regclass", (broken,)).fetchone()
            assert valid == {"indisvalid": True}
        property_index.drop(db, "planId")
        assert indexes(db) == before


def test_it_is_made_while_others_read_and_write_and_dropped_when_nobody_does(database, db, week, land, cycle):
    with psycopg.connect(database) as other:
        other.execute("select count(*) from warehouse.events")
        property_index.create(db, "planId")
        with pytest.raises(TransientError, match="in use"):
            property_index.drop(db, "planId")
        assert property_index.list_all(db)[0]["is_complete"]
    property_index.drop(db, "planId")
    with sql.connect(database) as other:
        sql.one(other, "property_index/lock")
        with pytest.raises(TransientError, match="Another process"):
            property_index.create(db, "planId")
        sql.one(other, "property_index/unlock")
    with pytest.raises(PropertyIndexError, match="no index of the property 'planId'; "):
        property_index.drop(db, "planId")
    property_index.create(db, "planId")
    with pytest.raises(PropertyIndexError, match="no index of the property 'planId' of the event 'x'; "):
        property_index.drop(db, "planId", event="x")


def test_the_commands(database, db, week, monkeypatch):
    monkeypatch.setenv("ETL_DATABASE_URL", database)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(cli.app, ["property", *arguments], catch_exceptions=False).stdout

    partitions = db.execute(
        "select count(*) as n from pg_inherits where inhparent = 'warehouse.stored_event'::regclass"
    )
    n = partitions.fetchone()["n"]
    assert run("index", "planId") == f"planId: {n} partitions indexed; new days are by themselves\n"
    assert (
        run("index", "price", "--event", "Order created")
        == f"price: {n} partitions indexed; new days are by themselves\n"
    )
    first, second = json.loads(run("list", "--json"))
    assert (first["property"], first["event"], first["events"], first["is_complete"]) == ("planId", None, 401, True)
    assert (second["property"], second["event"], second["events"]) == ("price", "Order created", 401)
    assert "planId" in run("list")
    db.execute("set role auditor")
    assert [row["property"] for row in property_index.list_all(db)] == ["planId", "price"]
    assert run("drop", "planId") == "planId: no longer indexed\n"
    assert run("drop", "price", "--event", "Order created") == "price: no longer indexed\n"
