"""The items of a file in the order of their times, sorted on disk."""

from __future__ import annotations

import heapq
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import IO

from etl.files.copies import check_room
from etl.files.times import as_moment, read_time
from etl.rules.wire import LandingRow, Unreadable

RUN_ITEMS = 50_000
"""Sorted in memory at a time."""

_NEVER = datetime.max.replace(tzinfo=UTC)

Item = tuple[int, LandingRow | Unreadable]


@contextmanager
def in_order_of_time(items: Iterator[Item], name: str) -> Iterator[Iterator[Item]]:
    """The items by time, those of one time in the order of the file; those without one last, as they happen on landing.

    Always the same for the same file, so a landing that was interrupted goes on at the right place.
    """
    with ExitStack() as stack:

        def merged() -> Iterator[Item]:
            runs = []
            while run := sorted(islice(items, RUN_ITEMS), key=_key):
                check_room(name)
                file = stack.enter_context(tempfile.TemporaryFile())
                for item in run:
                    pickle.dump(item, file, pickle.HIGHEST_PROTOCOL)
                file.seek(0)
                runs.append(_read(file))
            yield from heapq.merge(*runs, key=_key)

        yield merged()


def _key(item: Item) -> tuple[datetime, int]:
    place, row = item
    time = read_time(row.timestamp) if isinstance(row, LandingRow) and row.timestamp else None
    return (as_moment(time) if time else None) or _NEVER, place


def _read(file: IO[bytes]) -> Iterator[Item]:
    while True:
        try:
            yield pickle.load(file)  # noqa: S301 - written by this process
        except EOFError:
            return
