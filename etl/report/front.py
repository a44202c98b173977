"""The page before those of several shards: the verdicts of each, and the way to its pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from markupsafe import Markup

from etl.report import html

VERDICTS = "verdicts.html"  # the part of each shard, written with its pages
MISSING = "Nothing has been built yet."


class Part(NamedTuple):
    """What the page says of one shard.

    Attributes:
        shard: its name.
        verdicts: as they were built last; None: there are none, or they cannot be read.
        trouble: why they cannot be read.
    """

    shard: str
    verdicts: bytes | None
    trouble: str = MISSING


def render(parts: Iterable[Part]) -> bytes:
    """The page."""
    shown = [
        {
            "shard": part.shard,
            "verdicts": part.verdicts and Markup(part.verdicts.decode()),  # noqa: S704 - it was rendered by us
            "trouble": part.trouble,
        }
        for part in parts
    ]
    return html.render("front.html", root="", shard=None, parts=shown).encode()
