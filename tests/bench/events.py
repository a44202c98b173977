"""Generated events for the benchmark: deterministic, about 1 KB of properties, in the proportions of a busy product."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

NEW_PERSONS = 0.20  # share of events whose distinct id is seen for the first time
MERGING = 0.03
DUPLICATE = 0.006
INVALID = 0.002
SETS_PROPERTIES = 0.10

START = datetime(2026, 3, 1, tzinfo=UTC)

LandingRow = tuple[str | None, str | None, str | None, str, str]


def generate(count: int, *, seed: int = 1) -> Iterator[LandingRow]:
    """Rows (uuid, event, distinct_id, properties, timestamp) of ``landing.event``."""
    rng = random.Random(seed)
    padding = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz ", k=4000))
    devices: list[str] = []
    users: list[str] = []
    unclaimed: list[str] = []
    sent: list[LandingRow] = []
    for number in range(count):
        dice = rng.random()
        moment = START + timedelta(seconds=number * 3 * 86400 / count)
        properties = _properties(rng, padding, number)
        event, distinct_id = rng.choice(("$pageview", "$autocapture", "Order created", "Report opened")), None
        if dice < DUPLICATE and sent:
            yield rng.choice(sent)
            continue
        if dice < DUPLICATE + INVALID:
            yield str(_uuid(rng, moment)), None, "someone", msgspec.json.encode(properties).decode(), moment.isoformat()
            continue
        if dice < DUPLICATE + INVALID + MERGING and unclaimed:
            event, distinct_id = "$identify", f"user_{number}"
            properties |= {
                "$anon_distinct_id": unclaimed.pop(),
                "$set": {"email": f"{number}@example.com", "plan": "pro"},
            }
            users.append(distinct_id)
        elif dice < DUPLICATE + INVALID + MERGING + NEW_PERSONS or not devices:
            distinct_id = str(_uuid(rng, moment))
            devices.append(distinct_id)
            unclaimed.append(distinct_id)
            properties["$device_id"] = distinct_id
        elif users and dice < 0.6:
            distinct_id = rng.choice(users)
            properties |= {"source": "backend"}
        else:
            distinct_id = rng.choice(devices[-50_000:])
            properties["$device_id"] = distinct_id
        if rng.random() < SETS_PROPERTIES:
            properties.setdefault("$set", {"last_seen_version": number % 7})
        row = (
            str(_uuid(rng, moment)),
            event,
            distinct_id,
            msgspec.json.encode(properties).decode(),
            moment.isoformat(),
        )
        if number % 50 == 0:
            sent.append(row)
        yield row


def _properties(rng: random.Random, padding: str, number: int) -> dict[str, object]:
    start = rng.randrange(3000)
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
        "text": padding[start : start + 560],
    }


def _uuid(rng: random.Random, moment: datetime) -> uuid.UUID:
    """A UUIDv7, as the SDKs make them."""
    milliseconds = int(moment.timestamp() * 1000)
    bits = (milliseconds << 80) | (7 << 76) | (rng.getrandbits(12) << 64) | (2 << 62) | rng.getrandbits(62)
    return uuid.UUID(int=bits)
