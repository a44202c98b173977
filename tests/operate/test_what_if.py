"""`etl what-if`: the same landing by other rules, and what would be different."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import date

import pytest
from typer.testing import CliRunner

from etl import cli, sql
from etl.errors import GateError
from etl.operate.digest import read_digest
from etl.operate.what_if import Day, Difference, Rules, what_if
from etl.quality.suites import read_suite
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


def test_other_expectations_refuse_other_rows(tmp_path, live, settings):
    """A name of at most five letters: `visit` and `order` pass, `User created` and `$identify` do not."""
    suite = json.loads((sql.resource("expectations") / "staged_event.json").read_bytes())
    short = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "event_length", "max_value": 5},
        "severity": "critical",
        "notes": "The name is long.",
        "meta": {"name": "event_name_short", "remedy": "Send a short one."},
    }
    (tmp_path / "staged_event.json").write_text(json.dumps({**suite, "expectations": [*suite["expectations"], short]}))
    found = what_if(live, settings, Rules(expectations_dir=tmp_path))
    ours, theirs = found.days[DAY]
    # Of 11 rows two User created and four $identify; left are four visits and an order of alice, and nobody is merged.
    assert (ours.refused, theirs.refused) == (0, 6)
    assert (ours.unique_users, theirs.unique_users) == (3, 5)
    assert "event_name_short" not in {each["meta"]["name"] for each in read_suite("staged_event")["expectations"]}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (None, "none of staged_event.json, project.json, batch.json is in this folder"),
        ("{", "staged_event.json cannot be used: "),
        ('{"expectations": [{"type": "expect_column_values_to_not_be_null"}]}', "staged_event.json cannot be used: "),
    ],
)
def test_suites_that_cannot_be_used_are_said_so_at_once(db, tmp_path, live, settings, written, said):
    if written is not None:
        (tmp_path / "staged_event.json").write_text(written)
    replays = []
    with pytest.raises(GateError, match=re.escape(said)):
        what_if(live, settings, Rules(expectations_dir=tmp_path), report=lambda *each: replays.append(each))
    assert replays == []
    assert read_suite("staged_event")["name"] == "staged_event"


def test_without_the_guard_a_shared_browser_joins_its_users(land, cycle, live, settings):
    """alice logs out without reset(), and bob logs in: his $identify names her."""
    land("$identify", "bob", properties={"$anon_distinct_id": "alice"}, at=700)
    cycle(at=701)
    found = what_if(live, settings, Rules(has_guard=False))
    ours, theirs = found.days[DAY]
    assert (ours.unique_users, theirs.unique_users) == (3, 2)
    [difference] = found.differences
    assert asdict(difference) == asdict(Difference(1, ["alice", "bob", "device-alice", "device-bob"], 4, 2, 1))


def test_the_page_says_of_the_buffer_what_the_replays_say(db, live, settings):
    """`Had nothing been held back, ...`: as many users more as the other replay stores persons more."""
    sql.run(db, "daily/count_users", {"day": DAY})
    day = db.execute("select * from ops.user_day").fetchone()
    ours, theirs = what_if(live, settings, Rules(hold_seconds=0)).days[DAY]
    assert day["persons_without_buffer"] - day["persons"] == theirs.persons_at_load - ours.persons_at_load == 2


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
    lifted = json.loads(CliRunner().invoke(cli.app, ["what-if", "--no-guard", "--json"]).stdout)
    assert (lifted["landed"], lifted["differences"]) == (11, [])
    nothing = CliRunner().invoke(cli.app, ["what-if"])
    assert "Say which rule is to be another" in str(nothing.exception)
    assert date.fromisoformat(next(iter(as_json["days"]))) == DAY
