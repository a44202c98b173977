"""Recorded traffic: requests of unmodified PostHog SDKs, landed as they arrived, only today.

``sample/signup.jsonl`` is one person signing up, in browser and backend; ``sample/journey.jsonl`` is two and a half
minutes of a browser and of the Python and Node SDKs. A line is one request: when it arrived and the body it had.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from etl import sql
from etl.rules.wire import LandingRow, landing_row

FOLDER = Path(__file__).parent / "sample"
TEAM_ID = 1
JOURNEY_AFTER_SECONDS = 8.0


@dataclass(frozen=True)
class Recorded:
    """One recorded request: seconds after the first one of its recording, and the body."""

    at: float
    body: dict[str, Any]

    def rows(self, shift: timedelta) -> list[LandingRow]:
        """Its events as landing rows, with the client's times moved by ``shift``."""
        sent_at = _moved(self.body["sent_at"], shift)
        return [
            landing_row({**event, "timestamp": _moved(event["timestamp"], shift)}, team_id=TEAM_ID, sent_at=sent_at)
            for event in self.body["batch"]
        ]


def read(name: str) -> list[Recorded]:
    """The requests of ``sample/NAME.jsonl`` in order of arrival."""
    lines = (FOLDER / f"{name}.jsonl").read_bytes().splitlines()
    return [Recorded(line["t_offset_s"], line["body"]) for line in map(msgspec.json.decode, lines)]


class Player:
    """Lands recordings in real time: what is due when it is asked, with the times they would carry today."""

    def __init__(self, recordings: Iterable[tuple[float, list[Recorded]]], start: datetime | None = None) -> None:
        """Take pairs of (seconds after ``start``, requests); ``start`` defaults to now."""
        start = start or datetime.now(UTC)
        self._due: list[tuple[datetime, list[LandingRow]]] = []
        for after, requests in recordings:
            arrivals_began = datetime.fromisoformat(requests[0].body["sent_at"]) - timedelta(seconds=requests[0].at)
            shift = start + timedelta(seconds=after) - arrivals_began
            self._due += [(start + timedelta(seconds=after + each.at), each.rows(shift)) for each in requests]
        self._due.sort(key=lambda due: due[0])
        self.count = sum(len(rows) for _, rows in self._due)
        self.seconds = (self._due[-1][0] - start).total_seconds()

    @classmethod
    def of_sample(cls) -> Player:
        """The signup, and the journey a little later."""
        return cls([(0.0, read("signup")), (JOURNEY_AFTER_SECONDS, read("journey"))])

    def land_due(self, url: str) -> list[LandingRow] | None:
        """Land the requests that are due, each in a transaction of its own; returns their events, None at the end."""
        if not self._due:
            return None
        landed: list[LandingRow] = []
        if self._due[0][0] <= datetime.now(UTC):
            with sql.connect(url, application_name="etl sample") as db:
                while self._due and self._due[0][0] <= datetime.now(UTC):
                    sql.copy_in(db, "land/copy_event", self._due[0][1])
                    landed += self._due.pop(0)[1]
        return landed


def _moved(time: str, shift: timedelta) -> str:
    return (datetime.fromisoformat(time) + shift).isoformat()
