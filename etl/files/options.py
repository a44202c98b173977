"""How files are to be read, where their content does not say it."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from etl.errors import LandingError

MAPPED = frozenset({"uuid", "event", "distinct_id", "timestamp", "properties", "$set", "$set_once", "$unset", "ip"})
TOOLS = ("amplitude", "mixpanel", "segment", "ga4", "snowplow")

MOST_DIGITS = 18  # of a number that a bigint certainly holds


@dataclass(frozen=True)
class Reading:
    """What the options of ``etl land`` say of the files."""

    # The tool whose export it is, one of TOOLS.
    tool: str | None = None
    # For each member of an event the keys it may stand under; the first that holds something counts.
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Where the uuid of an event without one comes from: "content", or a key.
    uuid_from: str | None = None
    # Cells of CSV that mean nothing, as the empty one does.
    null: frozenset[str] = frozenset()
    encoding: str | None = None
    delimiter: str | None = None
    order_by: Literal["timestamp"] | None = None
    # Also land a file most of whose times cannot be read.
    is_time_of_landing: bool = False
    # Of a file of several teams, by its own numbers: the one that is meant, and the project of each.
    only_team: str | None = None
    projects: Mapping[str, int] = field(default_factory=dict)
    # Cells of CSV that are JSON are taken for what they say.
    has_json_cells: bool = False

    @property
    def is_mapped(self) -> bool:
        """The members of events stand under other keys than PostHog's."""
        return bool(self.tool or self.mapping)


def read_options(
    *,
    tool: str | None = None,
    mapping: Sequence[str] = (),
    uuid_from: str | None = None,
    null: Sequence[str] = (),
    encoding: str | None = None,
    delimiter: str | None = None,
    order_by: str | None = None,
    is_time_of_landing: bool = False,
    only_team: str | None = None,
    team_mapping: Sequence[str] = (),
    types: str | None = None,
) -> Reading:
    r"""The options as a person writes them.

    Args:
        tool: one of TOOLS, in any case.
        mapping: each ``member=key``, several with commas between; a part without ``=`` is another key of the member
            before it: ``distinct_id=user_id,device_id``.
        uuid_from: ``content``, or a key.
        null: cells that mean nothing.
        encoding: a codec that Python knows.
        delimiter: one character; ``\t`` or ``tab`` for a tab.
        order_by: ``timestamp``.
        is_time_of_landing: land events whose time cannot be read with the time of landing.
        only_team: leave out what is of other teams, by the file's own numbers.
        team_mapping: each ``team=project``, several with commas between.
        types: ``json``.

    Raises:
        LandingError: one of them means nothing; says what could stand there.
    """
    if tool and tool.lower() not in TOOLS:
        raise LandingError(f"--as {tool}: the tools are {', '.join(TOOLS)}. Other files: --map event=KEY,...")
    if order_by not in {None, "timestamp"}:
        raise LandingError(f"--order-by {order_by}: only `timestamp` is possible.")
    if types not in {None, "json"}:
        raise LandingError(f"--types {types}: only `json` is possible.")
    delimiter = {r"\t": "\t", "tab": "\t"}.get(delimiter or "", delimiter)
    if delimiter is not None and len(delimiter) != 1:
        raise LandingError(f"--delimiter {delimiter!r}: one character, or `tab`.")
    if encoding is not None:
        try:
            encoding = codecs.lookup(encoding).name
        except LookupError:
            raise LandingError(f"--encoding {encoding}: unknown; for example cp1252, latin-1, utf-16.") from None
    return Reading(
        tool=tool.lower() if tool else None,
        mapping=_mapping(mapping),
        uuid_from=uuid_from,
        null=frozenset(null),
        encoding=encoding,
        delimiter=delimiter,
        order_by="timestamp" if order_by else None,
        is_time_of_landing=is_time_of_landing,
        only_team=only_team,
        projects=_projects(team_mapping),
        has_json_cells=types == "json",
    )


def _mapping(written: Sequence[str]) -> dict[str, tuple[str, ...]]:
    mapping: dict[str, tuple[str, ...]] = {}
    for option in written:
        member = ""
        for part in option.split(","):
            name, separator, key = part.partition("=")
            member, key = (name.strip(), key.strip()) if separator else (member, name.strip())
            if member not in MAPPED or not key:
                known = ", ".join(sorted(MAPPED))
                raise LandingError(f"--map {option}: write member=key,...; the members are {known}.")
            mapping[member] = (*mapping.get(member, ()), key)
    return mapping


def _projects(written: Sequence[str]) -> dict[str, int]:
    projects: dict[str, int] = {}
    for part in (part for option in written for part in option.split(",")):
        team, separator, project = (each.strip() for each in part.partition("="))
        if not (team and separator and project.isdecimal() and len(project) <= MOST_DIGITS):
            raise LandingError(f"--map-team {part}: write TEAM=PROJECT,..., for example 5=1,6=2.")
        projects[team] = int(project)
    return projects
