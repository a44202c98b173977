"""`etl digest` is the same for every cut; `etl rebuild` finds the same from landing alone, or names what differs."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from etl import cli
from etl.cycle.open import open_batch
from etl.operate import action, batch, quarantine
from etl.operate.digest import SECTIONS, read_digest
from etl.operate.rebuild import rebuild
from etl.rules.action import read_actions
from tests.conftest import fresh_database
from tests.digest import reset
from tests.landing import moment

pytestmark = pytest.mark.long


def tell(land: Callable[..., int], cycle: Callable[..., object], *, cut: int) -> None:
    """A busy log with every kind of event, a cycle after each ``cut`` rows."""
    chance = random.Random(3)
    names = {"$identify": "$anon_distinct_id", "$split": "$split_from"}
    kinds = ["$identify", "$merge_dangerously", "$create_alias", "$split", "page", "page", "$groupidentify"]
    for n in range(40):
        event, (mine, other) = chance.choice(kinds), chance.sample("abcdefgh", 2)
        properties = {"$set": {"n": n}, "$group_type": "team", "$group_key": other, "$group_set": {"n": n}}
        if event == "page":
            properties["$elements_chain"] = f'button:nth-child="1"text="{n % 3}"'
        if event.startswith("$") and event != "$groupidentify":
            properties[names.get(event, "alias")] = other
        uuid = f"00000000-0000-4000-8000-{n:012d}" if n != 13 else "no uuid"
        land(event, mine, properties=properties, at=n * 9, uuid=uuid, is_operator=event == "$split")
        if n % cut == cut - 1:
            cycle(at=n * 9 + 1)
    land("page", "held", at=40 * 9, uuid=f"00000000-0000-4000-8000-{40:012d}")
    cycle(at=40 * 9)


def test_the_digest_is_the_same_for_every_cut(db, land, cycle):
    steps = [
        {"text": "1"},
        {"event": "$identify", "properties": [{"key": "n", "operator": "gt", "value": 20, "type": "person"}]},
    ]
    action.add(db, read_actions({"name": "A", "steps": steps}), team_id=1, by="ann", why="a test")
    tell(land, cycle, cut=50)
    whole = read_digest(db)
    assert [each.name for each in whole.sections] == list(SECTIONS)
    assert all(each.entries for each in whole.sections)
    reset(db)
    db.execute("alter sequence landing.event_landing_id restart; delete from warehouse.matched_chain")
    tell(land, cycle, cut=11)
    assert read_digest(db) == whole
    db.execute("update warehouse.person set properties = '{}' where merged_into is null")
    changed = read_digest(db)
    different = ["properties", "actions"]  # one of its steps asks for a property of the person
    assert [a.name for a, b in zip(whole.sections, changed.sections, strict=True) if a != b] == different
    assert changed.overall != whole.overall


@pytest.fixture
def live(db, database, land, cycle):
    """A warehouse with a history of batches, holds of two lengths, and one event held now."""
    db.execute("update landing.project set name = 'renamed'")
    tell(land, cycle, cut=15)
    land("page", "late", at=1000)
    cycle(at=1001, hold_seconds=5)
    land("page", "later", at=1010)
    cycle(at=1011)
    assert db.execute("select array_agg(distinct_id) as held from buffer.event").fetchone()["held"] == ["later"]
    return database


def databases(db):
    return {row["datname"] for row in db.execute("select datname from pg_database")}


def test_the_same_from_landing_alone(db, live, settings):
    before = databases(db)
    found = rebuild(live, settings.model_copy(update={"batch_size": 9}))
    assert (found.difference, found.missing, found.landed) == (None, 0, 43)
    assert found.live == found.rebuilt
    assert found.live.sections == read_digest(db).sections[:-1]  # the last one is the quarantine
    [kept] = db.execute("select landed, missing, difference from ops.rebuild_run").fetchall()
    assert kept == {"landed": 43, "missing": 0, "difference": None}
    assert databases(db) == before


def test_what_was_refused_then_is_refused_again(db, database, land, cycle, settings):
    """Whatever was the cause: a project that is known by now, a decision about a batch; and whatever became of it."""
    land("$identify", "a", team_id=7, properties={"$anon_distinct_id": "b"})  # without a uuid: made up of the position
    land("page", "c", team_id=7)
    cycle(hold_seconds=0)
    db.execute("insert into landing.project (team_id, name) values (7, 'seventh')")
    land("$identify", "carol")
    number = open_batch(db, settings)
    batch.quarantine(db, number, why="stop", who="ann")
    assert cycle(hold_seconds=0)["quarantined"] == 1
    land("page", "a", team_id=7)
    cycle(hold_seconds=0)
    found = rebuild(database, settings)
    assert (found.difference, found.missing, found.landed) == (None, 0, 4)
    assert quarantine.replay(db, quarantine.Selection(event="$identify"), why="its cause is gone") == 2
    assert cycle(hold_seconds=0)["loaded"] == 2
    found = rebuild(database, settings)
    assert (found.difference, found.missing, found.landed) == (None, 0, 6)


def test_an_interrupted_one_leaves_no_database(db, live, settings):
    before = databases(db)
    replayed = []

    def interrupt(batch, landed):
        replayed.append((batch.landed, landed))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(live, settings, report=interrupt)
    [(first, landed)] = replayed
    assert (0 < first <= 43, landed, databases(db)) == (True, 43, before)
    assert db.execute("select from ops.rebuild_run").fetchall() == []


def test_the_first_difference_is_named_and_the_live_one_untouched(db, live, settings, monkeypatch):
    row = db.execute("select team_id, distinct_id from warehouse.person_distinct_ids order by 2 limit 1").fetchone()
    db.execute(
        "update warehouse.person_distinct_id set person_id = gen_random_uuid() where distinct_id = %(distinct_id)s", row
    )
    broken = read_digest(db)
    found = rebuild(live, settings)
    assert (found.difference.section, found.difference.key) == ("distinct ids", f"1 {row['distinct_id']}")
    assert found.difference.ours != found.difference.theirs
    assert read_digest(db) == broken
    monkeypatch.setenv("ETL_DATABASE_URL", live)
    monkeypatch.setenv("COLUMNS", "200")
    shown = CliRunner().invoke(cli.app, ["rebuild"])
    assert shown.exit_code == 1
    assert f"First difference, distinct ids: 1 {row['distinct_id']}" in shown.output
    kept = db.execute("select difference from ops.rebuild_run").fetchall()
    assert [each["difference"].partition(":")[0] for each in kept] == [f"distinct ids 1 {row['distinct_id']}"] * 2


def test_an_incomplete_log_is_said_to_be(db, live, settings, monkeypatch):
    db.execute("delete from landing.event where received_at < %s", (moment(60),))
    found = rebuild(live, settings)
    assert (found.missing, found.landed) == (7, 43)
    assert found.difference is not None
    monkeypatch.setenv("ETL_DATABASE_URL", live)
    assert "7 of 43 processed rows are no longer in landing" in CliRunner().invoke(cli.app, ["rebuild"]).output


def test_commands(server_url, template, monkeypatch):
    with fresh_database(server_url, template) as url:
        monkeypatch.setenv("ETL_DATABASE_URL", url)
        shown = CliRunner().invoke(cli.app, ["digest"], catch_exceptions=False)
        assert (shown.exit_code, "overall" in shown.output) == (0, True)
        shown = CliRunner().invoke(cli.app, ["rebuild"], catch_exceptions=False)
        assert (shown.exit_code, "same: " in shown.output) == (0, True)
