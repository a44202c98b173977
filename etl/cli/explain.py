"""`etl explain`: what became of an event, and who is who."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from etl.cli.options import Json, Team, parse_uuid
from etl.cli.shared import console, print_json, warehouse
from etl.errors import IdentityError

Story = dict[str, Any]
LABEL_WIDTH = 12


def explain(
    event: Annotated[str | None, typer.Argument(metavar="[EVENT_UUID]", help="The event's uuid.")] = None,
    *,
    person: Annotated[str | None, typer.Option("--person", metavar="ID", help="A person, instead of an event.")] = None,
    distinct_id: Annotated[
        str | None, typer.Option("--distinct-id", metavar="ID", help="A distinct id, instead of an event.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="TIME", help="Whose --distinct-id was then (ISO 8601, UTC).")
    ] = None,
    team: Team = None,
    is_json: Json = False,
) -> None:
    """Explain what became of an event, or who a person or distinct id is. Exit status 1 if it is unknown."""
    from etl.operate import explain as job

    if sum(each is not None for each in (event, person, distinct_id)) != 1 or (as_of and distinct_id is None):
        raise typer.BadParameter("Give one of EVENT_UUID, --person and --distinct-id; --as-of goes with the last.")
    with warehouse() as (db, _):
        if event is not None:
            stories = job.explain_event(db, event, team_id=team)
        elif person is not None:
            stories = job.explain_person(db, parse_uuid(person), team_id=team)
        elif distinct_id is not None:
            stories = job.explain_distinct_id(db, distinct_id, team_id=team, at=parse_time(as_of) if as_of else None)
    if is_json:
        print_json(stories)
    else:
        for story in stories:
            for label, line in lines_of(story):
                console.print(f"{label:<{LABEL_WIDTH}}", style="bold", end="")
                console.print(line)
    raise typer.Exit(1 if stories[0]["state"] == "unknown" else 0)


def parse_time(text: str) -> datetime:
    """A time as a person writes it; without a zone it is UTC.

    Raises:
        IdentityError: it is none.
    """
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:  # the last: in UTC it is before the year 1 or after 9999
        raise IdentityError(f"{text!r} is not a time: write 2026-11-23T10:00:00Z.") from error


def lines_of(story: Story) -> Iterator[tuple[str, str]]:
    """A story as labelled lines; a label is empty where the line goes on with the one before."""
    yield story["state"], story["answer"]
    if story.get("event"):
        yield "event", f"{story['event']} of {story['distinct_id']!r} in project {story['team_id']}, {story['uuid']}"
    elif story.get("distinct_id") and story.get("events") is not None:
        last = f", the last one of {_time(story['last_at'])}" if story["last_at"] else ""
        yield "events", f"{story['events']:,} loaded in project {story['team_id']}{last}"
    yield from _way(story)
    yield from _who(story)
    yield from _trouble(story)


def _way(story: Story) -> Iterator[tuple[str, str]]:
    for place, row in enumerate(story.get("landing", ())):
        role = "" if row["role"] in {"this one", "new"} else f" ({row['role']})"
        of = f"{_time(row['received_at'])}, row {row['landing_id']}{role}{_source(row['source'])}"
        yield "" if place else "landing", of
    if story.get("is_landing_dropped"):
        yield "landing", f"{_time(story['received_at'])}, row {story['landing_id']}; its partition has been dropped"
    if batch := story.get("batch"):
        loaded = f"loaded {_time(batch['loaded_at'])}" if batch["loaded_at"] else "not loaded yet"
        yield "batch", f"{batch['batch_id']}, {loaded}"
    if hold := story.get("hold"):
        why = "no person had its id"
        end = f"{hold['released_by_event']} of {hold['released_by_distinct_id']!r}, {hold['released_by_uuid']}"
        if hold["is_rescued"]:
            yield "held", f"from {_time(hold['held_at'])}, because {why}; released before {_time(hold['due_at'])}"
            yield "", f"by batch {hold['released_by_batch_id']}: the id gained its person by {end}"
        else:
            yield "held", f"from {_time(hold['held_at'])} to {_time(hold['due_at'])}, because {why}"
            yield "", f"then its person was made, by {end}"
    for held in story.get("held", ()):
        yield "held", f"{held['event']} {held['uuid']}, until {_time(held['due_at'])} at the latest"


def _source(source: dict[str, Any] | None) -> str:
    if source is None:
        return ""
    place = f", {source['noun']} {source['place']}" if source["place"] is not None else ""
    return f", {source['name']}{place}"


def _who(story: Story) -> Iterator[tuple[str, str]]:
    if person := story.get("person"):
        kind = "identified" if person["is_identified"] else "anonymous"
        yield "person", f"{person['person_id']}, {kind}, since {_time(person['created_at'])} (event time)"
        if story.get("person_id_at_load") not in {None, person["person_id"]}:
            yield "at load", f"{story['person_id_at_load']}"
        ids, more = person["distinct_ids"], person["distinct_id_count"] - len(person["distinct_ids"])
        yield "its ids", ", ".join(map(repr, ids)) + (f" and {more:,} more" if more > 0 else "")
    for place, step in enumerate(story.get("history", ())):
        yield "" if place else "history", f"{_time(step['since_at'])}  {_ids(step)}  {step['outcome']}"
        yield "", f"    {step['uuid']}, then person {step['person_id']}"
    for place, merge in enumerate(story.get("merges", ())):
        yield "" if place else "merges", f"{_time(merge['arrived_at'])}  {_ids(merge)}  {merge['outcome']}"
        yield "", f"    {merge['uuid']}, then person {merge['person_id']}"


def _ids(step: Story) -> str:
    other = f" <- {step['source_distinct_id']!r}" if step["source_distinct_id"] is not None else ""
    return f"{step['event']} {step['distinct_id']!r}{other}"


def _trouble(story: Story) -> Iterator[tuple[str, str]]:
    for reason in story.get("quarantine", ()):
        for each in reason.get("reasons", [reason]):
            yield "quarantine", f"{each.get('expectation')}: {each.get('reason')}"
            yield "", f"    {each.get('remedy')}"
    for warning in story.get("warnings", ()):
        yield "warning", f"{warning['type']} {msgspec.json.encode(warning['details']).decode()}"
        yield "", f"    {warning['remedy']}"


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else "?"
