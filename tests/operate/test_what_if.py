"""`etl what-if`: the same landing by other rules, and what would be different."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date

import pytest
from typer.testing import CliRunner

from etl import cli
from etl.operate.digest import read_digest
from etl.operate.what_if import Day, Difference, Rules, what_if
from tests.landing import EPOCH, moment

pytestmark = pytest.mark.long

DAY = EPOCH.date()


def sign_up(land, cycle, name: str, at: int) -> None:
    """The backend's event arrives before the browser's $identify, each in a minute of its own."""
    land("visit", f"device-{name}", properties={"$device_id": f"device-{name}"}, at=at)
    cycle(at=at + 1)
    land("User created", name, at=at + 30)
    cycle(at=at + 31)
    identified = {"$anon_distinct_id": f"device-{name}", "$device_id": f"device-{name}"}
    land("$identify", name, properties=identified, at=at + 60)
    cycle(at=at + 61)
    cycle(at=at + 120)


@pytest.fixture
def live(db, database, land, cycle):
    for place, name in enumerate(("alice", "bob")):
        sign_up(land, cycle, name, at=place * 200)
    # Two visitors whose client sends the same id for everybody.
    for place, device in enumerate(("kiosk-1", "kiosk-2")):
        land("visit", device, properties={"$device_id": device}, at=500 + place * 10)
        land("$identify", "shared", properties={"$anon_distinct_id": device}, at=505 + place * 10)
    land("order", "alice", properties={"subtotal": "no number"}, at=530)
    cycle(at=600)
    return database


def names_of(db):
    return {row["datname"] for row in db.execute("select datname from pg_database")}


def test_without_the_hold_persons_are_made_and_merged_away_again(db, live, settings):
    before, databases = read_digest(db), names_of(db)
    found = what_if(live, settings, Rules(hold_seconds=0))
    # Each of the four devices began as a person; the second of the two with one id was merged away.
    ours, theirs = found.days[DAY]
    assert ours == Day(unique_users=3, persons_at_load=3, new_persons=4, refused=0, held=2)
    # alice and bob began as two persons each: the rows say so until merges are written into them.
    assert theirs == Day(unique_users=3, persons_at_load=5, new_persons=6, refused=0, held=0)
    assert (found.differences, found.difference_count) == ([], 0)
    assert (found.landed, found.missing) == (11, 0)
    assert (read_digest(db), names_of(db)) == (before, databases)


def test_a_blocked_id_joins_nobody(live, settings):
    found = what_if(live, settings, Rules(blocked_ids=("shared", 'it\'s $$ {"odd"}')))
    ours, theirs = found.days[DAY]
    assert (ours.unique_users, theirs.unique_users) == (3, 5)
    [difference] = found.differences
    assert asdict(difference) == asdict(Difference(1, ["kiosk-1", "kiosk-2", "shared"], 3, 1, 3))


def test_another_tracking_plan_refuses_rows(tmp_path, live, settings):
    schema = {"type": "object", "properties": {"subtotal": {"type": "number"}}}
    (tmp_path / "order.json").write_text(json.dumps({"event": "order", "mode": "quarantine", "schema": schema}))
    found = what_if(live, settings, Rules(plan_dir=tmp_path))
    ours, theirs = found.days[DAY]
    assert (ours.refused, theirs.refused) == (0, 1)
    assert ours.unique_users == theirs.unique_users


def test_rows_that_are_gone_are_counted(db, live, settings):
    db.execute("delete from landing.event where received_at < %s", (moment(200),))
    found = what_if(live, settings, Rules(hold_seconds=0))
    assert (found.landed, found.missing) == (11, 3)


def test_what_a_person_sees(live, monkeypatch):
    monkeypatch.setenv("ETL_DATABASE_URL", live)
    shown = CliRunner().invoke(cli.app, ["what-if", "--block-id", "shared"])
    assert shown.exit_code == 0, shown.output
    assert f"{DAY}        3 -> 5" in shown.output
    assert "11 landing rows replayed twice" in shown.output
    assert "1 person would differ:" in shown.output
    assert "project 1: kiosk-1, kiosk-2, shared: 1 person, would be 3 persons" in shown.output
    other_day = CliRunner().invoke(
        cli.app, ["what-if", "--hold-seconds", "0", "--from", "2001-01-01", "--to", "2001-01-02"]
    )
    assert str(DAY) not in other_day.output
    as_json = json.loads(CliRunner().invoke(cli.app, ["what-if", "--hold-seconds", "0", "--json"]).stdout)
    assert [each["new_persons"] for each in as_json["days"][str(DAY)]] == [4, 6]
    nothing = CliRunner().invoke(cli.app, ["what-if"])
    assert "Say which rule is to be another" in str(nothing.exception)
    assert date.fromisoformat(next(iter(as_json["days"]))) == DAY
