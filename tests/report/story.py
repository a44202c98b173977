"""Two weeks as usual, then ten days with an incident each: what a small shop's site, backend and app would send.

Always the same but for the dates: the last of the ten days is yesterday. All of it goes through landing and cycles, one
for the usual weeks, and then one at the end of each day and one just after midnight.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from etl import sql
from etl.cycle.run import run_cycle
from etl.operate import merge, quarantine
from etl.quality.daily import check_days
from etl.quality.warehouse import check_warehouse
from etl.report.refresh import refresh
from etl.settings import Settings
from etl.sql import Db

QUIET_DAYS = 14
HOURS = range(8, 20)
VISITORS = 60
PHONES = 30
ROW = ("uuid", "event", "distinct_id", "properties", "timestamp", "received_at")

Row = dict[str, Any]


class Day:
    """One day's rows as they were sent; ``is_odd(hour)`` says whether its incident lasts then."""

    def __init__(self, number: int, day: date) -> None:
        self.number = number
        self.day = day
        self.chance = random.Random(f"day {number}")
        self.rows: list[Row] = []
        for hour in HOURS:
            for _ in range(30):
                self._visit(hour)
            for _ in range(26):
                self._order(hour)
            for _ in range(26):
                self._screen(hour)

    def at(self, hour: float) -> datetime:
        return datetime.combine(self.day, time(), UTC) + timedelta(hours=hour)

    def send(self, event: str, who: str, hour: float, late: timedelta = timedelta(seconds=2), **properties: Any) -> Row:
        at = self.at(hour + self.chance.random() * 0.9)
        row = {
            "uuid": str(UUID(int=self.chance.getrandbits(128))),
            "event": event,
            "distinct_id": who,
            "properties": properties,
            "timestamp": at.isoformat(),
            "received_at": at + late,
        }
        self.rows.append(row)
        return row

    def _visit(self, hour: int) -> None:
        number = self.chance.randrange(VISITORS)
        device = f"browser-{number}"
        if number < 20 and self.number == -QUIET_DAYS and hour == HOURS[0]:
            self.send("$identify", f"user-{number}", hour, **{"$lib": "web", "$anon_distinct_id": device})
        shared = {"$lib": "web", "$device_id": device, "price": 10.5, "planId": "basic"}
        self.send(self.chance.choice(["$pageview", "Plan viewed"]), device, hour, **shared)

    def _order(self, hour: int) -> None:
        user = f"user-{self.chance.randrange(20)}"
        self.send("Order created", user, hour, **{"$lib": "posthog-node", "source": "backend", "total": 5})

    def _screen(self, hour: int) -> None:
        phone = f"phone-{self.chance.randrange(PHONES)}"
        shared = {"$lib": "posthog-android", "$app_version": "3.8", "$device_id": phone}
        self.send("Screen opened", phone, hour, **shared)

    def odd(self, library: str, first_hour: int = 0, event: str | None = None) -> Iterator[Row]:
        """The rows of a library from an hour on."""
        for row in self.rows:
            is_late_enough = datetime.fromisoformat(row["timestamp"]) >= self.at(first_hour)
            if row["properties"].get("$lib") == library and is_late_enough and event in {None, row["event"]}:
                yield row


def silent_source(day: Day) -> None:
    """The backend sends nothing from 10 to 16."""
    gone = [row for row in day.odd("posthog-node", 10) if datetime.fromisoformat(row["timestamp"]) < day.at(16)]
    day.rows = [row for row in day.rows if row not in gone]


def lost_device_ids(day: Day) -> None:
    """From 12 on each screen of the app is of a new phone without $device_id."""
    for number, row in enumerate(day.odd("posthog-android", 12)):
        row["distinct_id"] = f"lost-{number}"
        del row["properties"]["$device_id"]


def vanished_property(day: Day) -> None:
    """`planId` is gone from 10 on."""
    for row in day.odd("web", 10, "Plan viewed"):
        del row["properties"]["planId"]


def changed_type(day: Day) -> None:
    """`price` is a text from 10 on."""
    for row in day.odd("web", 10, "Plan viewed"):
        row["properties"]["price"] = "10.50"


def names_from_ids(day: Day) -> None:
    """60 names instead of one."""
    for number in range(60):
        browser = f"browser-{number % 30}"
        day.send(f"Viewed item {100 + number}", browser, 11, **{"$lib": "web", "$device_id": browser})


def placeholder_ids(day: Day) -> None:
    """40 phones send one of three placeholders."""
    for number in range(40):
        who = ("null", "undefined", "anonymous")[number % 3]
        day.send("Screen opened", who, 13, **{"$lib": "posthog-android", "$device_id": f"new-{number}"})


def duplicate_flood(day: Day) -> None:
    """The backend sends all of the day seven times more."""
    for row in list(day.odd("posthog-node")):
        day.rows += [row | {"received_at": row["received_at"] + timedelta(minutes=n)} for n in range(1, 8)]


def refused_merges(day: Day) -> None:
    """14 users log in on one tablet without a reset between them: all but the first are refused."""
    for number in range(14):
        day.send("$identify", f"guest-{number}", 12, timedelta(0), **{"$lib": "web", "$anon_distinct_id": "tablet"})


def refused_rows(day: Day) -> None:
    """App 3.9 sends 60 events without a name, of 40 new phones."""
    for number in range(60):
        phone = f"beta-{number % 40}"
        day.send("", phone, 14, **{"$lib": "posthog-android", "$app_version": "3.9", "$device_id": phone})


def late_uploads(day: Day) -> None:
    """Phones that were offline send 80 events of two days ago."""
    for number in range(80):
        phone = f"phone-{number % PHONES}"
        shared = {"$lib": "posthog-android", "$app_version": "3.8", "$device_id": phone}
        row = day.send("Screen opened", phone, 15, **shared)
        row["timestamp"] = (datetime.fromisoformat(row["timestamp"]) - timedelta(days=2)).isoformat()


INCIDENTS: list[Callable[[Day], None]] = [
    silent_source, lost_device_ids, vanished_property, changed_type, names_from_ids, placeholder_ids, duplicate_flood,
    refused_merges, refused_rows, late_uploads,
]  # fmt: skip


def play(db: Db, settings: Settings, each_day: Callable[[Day, datetime], None]) -> None:
    """Land, load and check all of it; ``each_day`` is called after each of the ten with the clock just after it."""
    today = sql.one(db, "daily/read_today")["today"]
    days = [
        Day(number, today - timedelta(days=len(INCIDENTS) - number)) for number in range(-QUIET_DAYS, len(INCIDENTS))
    ]
    land(db, [row for day in days[:QUIET_DAYS] for row in day.rows])
    cycle(db, settings, days[QUIET_DAYS].at(0.2))
    check_warehouse(db)
    for day, happen in zip(days[QUIET_DAYS:], INCIDENTS, strict=True):
        happen(day)
        if day is days[-1]:
            decide(db)
        land(db, day.rows)
        now = day.at(24.2)
        for clock in (day.at(23.9), now):
            cycle(db, settings, clock)
        refresh(db, settings, now=now)
        check_days(db, now=now)
        each_day(day, now)


def cycle(db: Db, settings: Settings, now: datetime) -> None:
    """A cycle as if it had run then."""
    batch = run_cycle(db, settings, now=now)
    assert not batch.held
    db.execute("update ops.batch set loaded_at = %s where batch_id = %s", (now, batch.batch_id))


def decide(db: Db) -> None:
    """Somebody deals with what waits."""
    for refused in merge.list_refused(db, status="open"):
        merge.reject(db, refused["uuid"], by="ann", why="a tablet in the shop")
    quarantine.discard(db, quarantine.Selection(event=""), why="a beta", who="ann")


def land(db: Db, rows: list[Row]) -> None:
    rows = sorted(rows, key=lambda row: row["received_at"])
    with db.cursor() as cursor:
        cursor.executemany(
            f"insert into landing.event ({', '.join(ROW)}) values ({', '.join(f'%({name})s' for name in ROW)})",
            [row | {"properties": sql.json_text(row["properties"])} for row in rows],
        )
