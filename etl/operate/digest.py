"""One value for all that must not depend on how the log was cut into batches, as ``etl digest`` prints it."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from etl import sql
from etl.sql import Db

SECTIONS = (
    "persons",
    "properties",
    "distinct ids",
    "events",
    "actions",
    "merges",
    "groups",
    "held events",
    "quarantined events",
)

Entry = tuple[str, str]
"""What an entry is about (its key), and what is so; see ``ops.digest_entry``."""


@dataclass(frozen=True)
class Section:
    """The entries of one kind: how many, and their hash."""

    name: str
    entries: int
    digest: str


@dataclass(frozen=True)
class Digest:
    """All sections, in the order of ``SECTIONS``."""

    sections: list[Section]

    @property
    def overall(self) -> str:
        """One hash for all of them."""
        text = "\n".join(f"{each.name} {each.entries} {each.digest}" for each in self.sections)
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def read_digest(db: Db, *, left_out: Sequence[int] = ()) -> Digest:
    """Hash what is loaded and held, inside the database; a section without entries has the digest of nothing.

    Args:
        db: a connection.
        left_out: numbers of projects that do not count.
    """
    rows = {row["section"]: row for row in sql.run(db, "digest/read_sections", {"left_out": list(left_out)})}
    return Digest([
        Section(name, rows[name]["entries"], rows[name]["digest"]) if name in rows else Section(name, 0, "-" * 32)
        for name in SECTIONS
    ])


@dataclass(frozen=True)
class Difference:
    """The first entry of a section that two databases do not share; None: it is not there."""

    section: str
    key: str
    ours: str | None
    theirs: str | None

    def __str__(self) -> str:
        found = [entry or "not there" for entry in (self.ours, self.theirs)]
        return f"{self.section} {self.key}: here {found[0]}, rebuilt {found[1]}"


def first_difference(ours: Db, theirs: Db, section: str, *, left_out: Sequence[int] = ()) -> Difference | None:
    """Walk over a section of two databases side by side. Both connections need an open transaction."""
    left, right = _entries(ours, section, left_out), _entries(theirs, section, left_out)
    mine, other = next(left, None), next(right, None)
    while mine == other:
        if mine is None:
            return None
        mine, other = next(left, None), next(right, None)
    key = min(each[0] for each in (mine, other) if each is not None)
    return Difference(
        section,
        key,
        mine[1] if mine is not None and mine[0] == key else None,
        other[1] if other is not None and other[0] == key else None,
    )


def _entries(db: Db, section: str, left_out: Sequence[int]) -> Iterator[Entry]:
    pages = sql.stream(db, "digest/read_entries", {"section": section, "left_out": list(left_out)})
    return ((key, value) for key, value in itertools.chain.from_iterable(pages))
