"""A file that was landed in error is taken out again, and everything is as if it had never been landed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from etl import cli
from etl.cycle.open import open_batch
from etl.errors import LandingError
from etl.files.undo import Undone, undo
from etl.operate import batch as batches
from etl.operate.explain import explain_event
from etl.operate.maintain import check_invariants, drop_expired_partitions
from etl.operate.quarantine import Selection, replay
from etl.operate.rebuild import rebuild
from etl.quality import audit
from etl.report.refresh import refresh
from etl.settings import Settings
from etl.sql import Db, Row
from tests.files.examples import land_one, write

Cycle = Callable[..., Row]
Land = Callable[..., int]
LIVE = "10000000-0000-4000-8000-00000000000"


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def event(name: str, distinct_id: str, number: int, at: str = "2026-01-02T03:04:05Z", **properties: Any) -> dict:
    return {
        "event": name,
        "distinct_id": distinct_id,
        "uuid": uuid(number),
        "timestamp": at,
        "properties": properties,
    }


def lines(*events: dict[str, Any]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def undone(db: Db, path: Path | str, **arguments: Any) -> Undone:
    return undo(db, str(path), by="ada", why="wrong times", **arguments)


def seen(db: Db) -> dict[str, Any]:
    """What readers see, but for the withdrawals themselves."""
    persons = (
        "select person_id, is_identified, created_at, first_seen_at, properties, merged_into from warehouse.persons"
    )
    events = "select uuid, event, person_id, timestamp from warehouse.events where event <> '$withdraw_file'"
    others = {
        "ids": "select distinct_id, person_id from warehouse.person_distinct_ids",
        "merges": "select uuid, outcome, person_id from warehouse.merges",
        "groups": "select group_type, group_key, properties from warehouse.groups",
        "held": "select uuid from buffer.event",
    }
    statements = {"persons": persons, "events": events, **others}
    return {
        name: db.execute(f"{statement} order by 1, 2" if name != "held" else statement).fetchall()
        for name, statement in statements.items()
    }


def test_nothing_of_it_is_left_and_everything_agrees(
    tmp_path: Path, database: str, db: Db, land: Land, cycle: Cycle, settings: Settings
) -> None:
    """Its identify merged two live persons, its events made others; one is held, one refused."""
    land("page", "anon", properties={"$device_id": "anon", "$set": {"plan": "free"}}, uuid=LIVE + "1")
    land("$identify", "bob", uuid=LIVE + "2")
    land("$groupidentify", "bob", properties={"$group_type": "g", "$group_key": "k", "$group_set": {"a": 1}})
    cycle()
    refresh(db, settings)
    before = seen(db)
    assert len({row["person_id"] for row in before["events"]}) == 2
    path = write(
        tmp_path,
        lines(
            event("$identify", "bob", 1, **{"$anon_distinct_id": "anon", "$set": {"plan": "pro"}}),
            event("page", "new", 2, **{"$device_id": "new"}),
            event("page", "quiet", 3, **{"$process_person_profile": False}),
            event("$groupidentify", "bob", 4, **{"$group_type": "g", "$group_key": "k", "$group_set": {"a": 2}}),
            event("$groupidentify", "bob", 5, **{"$group_type": "g", "$group_key": "other"}),
            event("page", "later", 6),
            event("", "refused", 7),
        ),
    )
    assert land_one(database, path).landed == 7
    batch = cycle(hold_seconds=1000)
    assert (batch["loaded"], batch["held"], batch["quarantined"], batch["persons_merged"]) == (5, 1, 1, 1)
    refresh(db, settings)

    found = undone(db, path)
    assert (found.events, found.loaded, found.held, found.quarantined, found.merging) == (7, 5, 1, 1, 1)
    batch = cycle(hold_seconds=1000)
    assert (batch["landed"], batch["loaded"], batch["released"], batch["quarantined"]) == (1, 1, 1, 1)
    assert seen(db) == before
    refresh(db, settings)
    shown = db.execute("select sum(unique_users) as users, sum(events) as events from ops.report_day").fetchone()
    assert shown == {"users": 2, "events": 4}  # three and the withdrawal itself
    check_invariants(db)
    assert audit.verify(db).troubles == []
    refused = db.execute("select resolution, resolved_by, resolved_why from quarantine.event").fetchall()
    assert refused == [{"resolution": "discarded", "resolved_by": "ada", "resolved_why": "wrong times"}] * 2
    assert rebuild(database, settings).difference is None


def test_a_corrected_file_lands_with_the_same_uuids(tmp_path: Path, database: str, db: Db, cycle: Cycle) -> None:
    wrong = write(tmp_path, lines(event("page", "u", 1, at="2020-01-02T03:04:05Z")), "wrong")
    right = write(tmp_path, lines(event("page", "u", 1, at="2026-01-02T03:04:05Z")), "right")
    land_one(database, wrong)
    cycle(hold_seconds=0)
    undone(db, wrong)
    assert land_one(database, right).landed == 1
    while not (batch := cycle(hold_seconds=0))["is_caught_up"]:
        pass
    assert (batch["loaded"], batch["duplicate"]) == (1, 0)
    events = db.execute("select timestamp::text as at from warehouse.events where event = 'page'").fetchall()
    assert events == [{"at": "2026-01-02 03:04:05+00"}]
    # The wrong one may come again, and is undone again.
    assert land_one(database, wrong).landed == 1
    assert cycle(hold_seconds=0)["duplicate"] == 1
    assert undone(db, wrong).events == 1
    cycle()
    assert len(db.execute("select from warehouse.events where event = 'page'").fetchall()) == 1
    assert audit.verify(db).troubles == []


def test_rows_that_no_cycle_has_taken_yet(tmp_path: Path, database: str, db: Db, cycle: Cycle) -> None:
    path = write(tmp_path, lines(event("page", "u", 1), event("page", "v", 2)))
    land_one(database, path)
    assert str(undone(db, path)).startswith(f"{path}: 2 events landed on ")
    assert land_one(database, path).landed == 2
    batches = [cycle(hold_seconds=0) for _ in range(3)]
    assert [(batch["landed"], batch["loaded"]) for batch in batches] == [(2, 2), (1, 1), (2, 2)]
    assert [batch["is_caught_up"] for batch in batches] == [False, False, True]
    assert len(db.execute("select from warehouse.events where event = 'page'").fetchall()) == 2


def test_what_was_a_duplicate_of_it_counts_then(
    tmp_path: Path, database: str, db: Db, land: Land, cycle: Cycle
) -> None:
    land("page", "first", uuid=uuid(2), properties={"live": True})
    cycle(hold_seconds=0)
    path = write(tmp_path, lines(event("page", "u", 1), event("page", "first", 2)), "one")
    other = write(tmp_path, lines(event("page", "u", 1, n=1), event("page", "w", 3)), "other")
    land_one(database, path)
    cycle(hold_seconds=0)
    land("page", "u", uuid=uuid(1), properties={"live": True}, timestamp="2026-03-04T05:06:07Z")
    land_one(database, other)
    assert cycle(hold_seconds=0)["duplicate"] == 2
    found = undone(db, path)
    assert found.repeated == 2  # not the one that is loaded itself
    while not (batch := cycle(hold_seconds=0))["is_caught_up"]:
        pass
    assert (batch["loaded"], batch["duplicate"]) == (1, 1)
    events = db.execute(
        "select distinct_id, properties from warehouse.events where event = 'page' order by 1"
    ).fetchall()
    assert events == [
        {"distinct_id": "first", "properties": {"live": True}},
        {"distinct_id": "u", "properties": {"live": True}},
        {"distinct_id": "w", "properties": {}},
    ]
    # The rows that landed once more are still the other file's.
    undone(db, other)
    cycle()
    assert len(db.execute("select from warehouse.events where event = 'page'").fetchall()) == 2
    assert audit.verify(db).troubles == []


def test_what_landed_once_more_goes_with_the_day_of_its_first_arrival(
    tmp_path: Path, database: str, db: Db, land: Land, cycle: Cycle, settings: Settings
) -> None:
    db.execute("select ops.ensure_day_partition('landing', 'event', 'received_at', '2022-07-01')")
    path = write(tmp_path, lines(event("page", "u", 1)))
    land_one(database, path)
    cycle(hold_seconds=0)
    land("page", "u", uuid=uuid(1), at=0)
    assert cycle(hold_seconds=0)["duplicate"] == 1
    assert undone(db, path).repeated == 1
    while not cycle(hold_seconds=0)["is_caught_up"]:
        pass
    assert audit.verify(db).troubles == []
    assert drop_expired_partitions(db, settings) == ["event_20220701"]
    found = audit.verify(db)
    assert (found.troubles, found.dropped) == ([], 2)


def test_a_withdrawal_that_is_replayed_from_quarantine_takes_it_out(
    tmp_path: Path, database: str, db: Db, land: Land, cycle: Cycle, settings: Settings
) -> None:
    path = write(tmp_path, lines(event("page", "u", 1), event("page", "v", 2)))
    land_one(database, path)
    cycle(hold_seconds=0)
    land("page", "u", uuid=uuid(1), properties={"live": True})
    assert cycle(hold_seconds=0)["duplicate"] == 1
    assert undone(db, path).repeated == 1
    number = open_batch(db, settings)
    batches.quarantine(db, number, why="stop", who="ann")
    assert cycle(hold_seconds=0)["quarantined"] == 1
    assert cycle(hold_seconds=0)["duplicate"] == 1
    assert replay(db, Selection(batch_id=number), why="go on") == 1
    while not cycle(hold_seconds=0)["is_caught_up"]:
        pass
    events = db.execute("select distinct_id, properties from warehouse.events where event = 'page'").fetchall()
    assert events == [{"distinct_id": "u", "properties": {"live": True}}]
    check_invariants(db)
    assert audit.verify(db).troubles == []


@pytest.fixture
def refused(tmp_path: Path, database: str, db: Db, cycle: Cycle) -> Path:
    """A file whose only row is in quarantine: of a project that was removed, and is there again."""
    path = write(tmp_path, lines({**event("page", "u", 1), "team_id": 9}))
    db.execute("insert into landing.project (team_id, name) values (9, 'ninth')")
    land_one(database, path, team_id=9)
    db.execute("delete from landing.project where team_id = 9")
    assert cycle(hold_seconds=0)["quarantined"] == 1
    return path


def test_rows_replayed_from_quarantine_are_the_files_too(db: Db, cycle: Cycle, refused: Path) -> None:
    db.execute("insert into landing.project (team_id, name) values (9, 'ninth')")
    replay(db, Selection(), why="the project is there")
    assert cycle(hold_seconds=0)["loaded"] == 1
    undone(db, refused, team_id=9)
    cycle(hold_seconds=0)
    assert seen(db)["events"] == []


def test_rows_of_an_undone_file_do_not_land_again_before_its_withdrawal(db: Db, cycle: Cycle, refused: Path) -> None:
    replay(db, Selection(), why="too early")  # still no such project, so a replay of the row is refused again
    assert cycle(hold_seconds=0)["quarantined"] == 1
    db.execute("insert into landing.project (team_id, name) values (9, 'ninth')")
    undone(db, refused, team_id=9)
    assert replay(db, Selection(), why="the project is there") == 0
    cycle(hold_seconds=0)
    assert seen(db)["events"] == []
    rows = db.execute("select resolution, resolved_why from quarantine.event order by landing_id").fetchall()
    assert [row["resolution"] for row in rows] == ["replayed", "discarded"]


def test_refused_rows_and_the_withdrawal_of_their_file_may_be_replayed_together(
    db: Db, cycle: Cycle, settings: Settings, refused: Path
) -> None:
    db.execute("insert into landing.project (team_id, name) values (9, 'ninth')")
    undone(db, refused, team_id=9)
    batches.quarantine(db, open_batch(db, settings), why="stop", who="ann")
    assert cycle(hold_seconds=0)["quarantined"] == 1
    assert replay(db, Selection(), why="go on") == 1  # the withdrawal alone, which discards the row
    cycle(hold_seconds=0)
    assert seen(db)["events"] == []
    assert db.execute("select from quarantine.event where resolution is null").fetchall() == []
    assert audit.verify(db).troubles == []


def test_explain_names_the_file(tmp_path: Path, database: str, db: Db, cycle: Cycle) -> None:
    path = write(tmp_path, lines(event("page", "u", 1)))
    land_one(database, path)
    cycle(hold_seconds=0)
    undone(db, path)
    cycle()
    (story,) = explain_event(db, uuid(1))
    assert story["state"] == "withdrawn"
    assert story["answer"].startswith(f"Taken out again with the file {path}, of which somebody said on ")
    land_one(database, path)
    cycle(hold_seconds=0)
    (story,) = explain_event(db, uuid(1))
    assert (story["state"], [row["role"] for row in story["landing"]]) == ("loaded", ["withdrawn", "this one"])


def test_a_client_cannot_withdraw(tmp_path: Path, database: str, db: Db, land: Land, cycle: Cycle) -> None:
    path = write(tmp_path, lines(event("page", "u", 1)))
    land_one(database, path)
    cycle(hold_seconds=0)
    ranges = db.execute(
        "select jsonb_agg(jsonb_build_array(xid::text, 0, 9999)) as r from ops.landed_range"
    ).fetchone()["r"]
    land("$withdraw_file", "eve", properties={"ranges": ranges, "name": "x"})
    cycle(hold_seconds=0)
    assert len(db.execute("select from warehouse.events where event = 'page'").fetchall()) == 1


def test_a_file_is_found_by_content_name_or_hash(tmp_path: Path, database: str, db: Db) -> None:
    path = write(tmp_path, lines(event("page", "u", 1)), "export.jsonl")
    sha256 = undone(db, path, is_check=True).sha256 if land_one(database, path).landed else ""
    path.unlink()
    for text in (str(path), "export.jsonl", sha256):
        assert undone(db, text, is_check=True).events == 1
    write(tmp_path, lines(event("page", "u", 2)), "export.jsonl")  # written again, and not landed
    assert undone(db, path, is_check=True).sha256 == sha256
    land_one(database, path)
    with pytest.raises(LandingError, match=r"2 files were landed under this name\. Say which one by its SHA-256"):
        undone(db, "export.jsonl")
    assert undone(db, path, is_check=True).sha256 != sha256
    with pytest.raises(LandingError, match="no such file was landed for project 1, neither with this content nor"):
        undone(db, "port.jsonl")
    undone(db, sha256)
    with pytest.raises(LandingError, match="or it was undone already"):
        undone(db, sha256)


def test_the_command(tmp_path: Path, database: str, db: Db, monkeypatch: pytest.MonkeyPatch, cycle: Cycle) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    path = write(tmp_path, lines(event("page", "u", 1), event("page", "v", 2)))
    land_one(database, path)

    def run(*arguments: str) -> tuple[int, str]:
        shown = CliRunner().invoke(cli.app, ["land", "--undo", str(path), *arguments])
        return shown.exit_code, " ".join(shown.output.split())

    status, shown = run()
    assert status == 2
    assert "--undo needs a reason" in shown
    status, shown = run("--why", "wrong team", "--check")
    assert (status, shown.partition(" UTC ")[2]) == (
        0,
        "(0 loaded, 0 held, 0 in quarantine) would be taken out by the next cycle; nothing was changed",
    )
    status, shown = run("--why", "wrong team", "--by", "ada")
    assert (status, shown.partition(" UTC ")[2]) == (
        0,
        "(0 loaded, 0 held, 0 in quarantine) will be taken out by the next cycle; it, or a corrected one, can be "
        "landed now",
    )
    said = db.execute("select properties from landing.event where event = '$withdraw_file'").fetchone()["properties"]
    assert (said["$decided_by"], said["$why"], said["name"]) == ("ada", "wrong team", str(path))
    assert run("--why", "again")[0] == 1
