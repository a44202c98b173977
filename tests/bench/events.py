"""Generated events for the benchmark: deterministic, about 1 KB of properties, in the proportions of a busy product.

Or with the properties that posthog-js really sends, 1.7 to 3 KB; and how they, or any others, are landed.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from etl.sql import Db

# Of the backlog's events; the rest are of persons that the warehouse knows from the history.
OF_NEW_PERSONS = 0.20
DUPLICATE = 0.006
INVALID = 0.002
# Half of the new persons sign up, in five events; half leave after a page or two. So one in 6.5 of their events is an
# $identify: 3 % of all.
SIGN_UP = 0.5
OPEN_VISITS = 500  # visits of new persons that go on at the same time
SETS_PROPERTIES = 0.10
FROM_BACKEND = 0.3  # share of a known user's events

RECORDED = Path(__file__).parent.parent / "capture" / "fixtures"
OF_A_PERSON = frozenset([
    "distinct_id", "$device_id", "$user_id", "$is_identified", "$process_person_profile", "$anon_distinct_id", "alias",
    "$set", "$set_once", "$unset", "$groups", "$group_type", "$group_key", "$group_set", "$cookieless_mode",
])  # fmt: skip

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 3

LandingRow = tuple[str | None, str | None, str | None, str, str]
"""uuid, event, distinct_id, properties, timestamp of ``landing.event``."""

Properties = dict[str, object]
_Step = tuple[str | None, str, Properties]


COPY = b'copy landing.event (uuid, event, distinct_id, properties, "timestamp") from stdin'


def land(db: Db, rows: Iterable[LandingRow], *, is_captured: bool = False) -> None:
    """Land rows by COPY, and look after the table as autovacuum would in a minute or two."""
    with db.cursor() as cursor, cursor.copy(COPY.replace(b")", b", is_captured)")) as copy:
        for row in rows:
            copy.write_row((*row, is_captured))
    db.execute("vacuum (analyze) landing.event")


def read_recorded() -> list[Properties]:
    """What posthog-js sent in the recorded requests, without what says whose event it is."""
    events = [
        event["properties"]
        for path in sorted(RECORDED.glob("js_*.json"))
        if isinstance(decoded := json.loads(path.read_bytes()).get("decoded"), dict)
        for event in decoded.get("batch", [])
    ]
    return [
        {name: value for name, value in properties.items() if name not in OF_A_PERSON}
        for properties in events
        if 1500 <= len(msgspec.json.encode(properties)) <= 3500
    ]


def generate_history(
    persons: int, *, seed: int = 1, recorded: Sequence[Properties] = (), start: datetime = START
) -> Iterator[LandingRow]:
    """The past of the persons that the backlog calls known: a first page each; every second one signed up then."""
    maker = _Maker(seed, recorded)
    for number in range(persons):
        moment = start - timedelta(days=1) + timedelta(seconds=number * 86400 / persons)
        device = _device(number)
        yield maker.row(moment, ("$pageview", device, {"$device_id": device}))
        if _is_user(number):
            yield maker.row(moment, _identify(_user(number), device))


def generate(
    count: int,
    *,
    known_persons: int = 1,
    seed: int = 2,
    recorded: Sequence[Properties] = (),
    start: datetime = START,
    days: float = DAYS,
) -> Iterator[LandingRow]:
    """The backlog: ``count`` events of known persons and new ones, in order of time, from ``start`` for some days."""
    maker = _Maker(seed, recorded)
    rng = maker.rng
    visits: list[Iterator[_Step]] = []
    sent: list[LandingRow] = []
    for number in range(count):
        dice = rng.random()
        moment = start + timedelta(seconds=number * days * 86400 / count)
        if dice < DUPLICATE and sent:
            yield rng.choice(sent)
            continue
        if dice < DUPLICATE + INVALID:
            yield maker.row(moment, (None, "someone", {}))
            continue
        if dice < DUPLICATE + INVALID + OF_NEW_PERSONS:
            step = _next_step(rng, visits, f"{seed}_{number}")
        else:
            step = _step_of_known(rng, rng.randrange(known_persons))
        row = maker.row(moment, step)
        if number % 50 == 0:
            sent.append(row)
        yield row


def _device(number: int) -> str:
    return str(uuid.UUID(int=number, version=4))


def _user(number: int) -> str:
    return f"user_{number}"


def _is_user(number: int) -> bool:
    return number % 2 == 0


def _step_of_known(rng: random.Random, number: int) -> _Step:
    event = rng.choice(("$pageview", "$autocapture", "Order created", "Report opened"))
    device = _device(number)
    if not _is_user(number):
        return event, device, {"$device_id": device}
    if rng.random() < FROM_BACKEND:
        return event, _user(number), {"source": "backend"}
    return event, _user(number), {"$device_id": device}


def _next_step(rng: random.Random, visits: list[Iterator[_Step]], name: str) -> _Step:
    """The next event of any visit that goes on, or the first of a new one."""
    place = rng.randrange(OPEN_VISITS)
    if place < len(visits):
        if step := next(visits[place], None):
            return step
        del visits[place]
    visits.append(_visit(rng, name))
    return next(visits[-1])


def _visit(rng: random.Random, name: str) -> Iterator[_Step]:
    """A new person: looks at a page and leaves, or signs up, which the backend says before the browser does."""
    device = str(uuid.UUID(int=rng.getrandbits(128), version=4))
    user = f"user_{name}"
    yield "$pageview", device, {"$device_id": device}
    if rng.random() >= SIGN_UP:
        if rng.random() < 0.5:
            yield "$pageleave", device, {"$device_id": device}
        return
    yield "$pageview", device, {"$device_id": device}
    yield "User created", user, {"source": "backend"}
    yield _identify(user, device)
    yield "Onboarding started", user, {"$device_id": device}


def _identify(user: str, device: str) -> _Step:
    set_ = {"email": f"{user}@example.com", "plan": "pro"}
    return "$identify", user, {"$device_id": device, "$anon_distinct_id": device, "$set": set_}


class _Maker:
    """Makes rows: what every event carries, whoever sends it."""

    def __init__(self, seed: int, recorded: Sequence[Properties] = ()) -> None:
        self._recorded = recorded
        self.rng = random.Random(seed)
        self._text = "".join(self.rng.choices("abcdefghijklmnopqrstuvwxyz ", k=4000))
        self._made = 0

    def row(self, moment: datetime, step: _Step) -> LandingRow:
        event, distinct_id, properties = step
        properties = self._common() | properties
        if self._recorded and "$device_id" in properties:
            # What posthog-js says by default (identified_only): a visitor has no person before there is a user.
            properties["$process_person_profile"] = distinct_id != properties["$device_id"]
        if self.rng.random() < SETS_PROPERTIES:
            properties.setdefault("$set", {"last_seen_version": self._made % 7})
        self._made += 1
        return (
            str(self._uuid(moment)),
            event,
            distinct_id,
            msgspec.json.encode(properties).decode(),
            moment.isoformat(),
        )

    def _common(self) -> Properties:
        number, start = self._made, self.rng.randrange(3000)
        if self._recorded:
            return self.rng.choice(self._recorded) | {"$pathname": f"/reports/{number % 977}", "$insert_id": number}
        return {
            "$lib": "web",
            "$lib_version": "1.449.2",
            "$os": "Linux",
            "$browser": "Chrome",
            "$browser_version": 156,
            "$screen_height": 1080,
            "$screen_width": 1920,
            "$current_url": f"https://app.example.com/projects/{number % 977}/reports/{number % 31}",
            "$pathname": f"/projects/{number % 977}/reports/{number % 31}",
            "$session_id": f"0193-{number // 40}",
            "subtotal": number % 10_000,
            "items": [number % 17, number % 23, number % 5],
            "is_test": False,
            "text": self._text[start : start + 560],
        }

    def _uuid(self, moment: datetime) -> uuid.UUID:
        """A UUIDv7, as the SDKs make them."""
        milliseconds = int(moment.timestamp() * 1000)
        random_bits = (self.rng.getrandbits(12) << 64) | (2 << 62) | self.rng.getrandbits(62)
        return uuid.UUID(int=(milliseconds << 80) | (7 << 76) | random_bits)
