"""A case through the real pipeline: its persons and rows in, each cycle a batch, and what readers see in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from etl import sql
from etl.cycle.run import run_cycle
from etl.rules import properties, property_state
from etl.rules.identity import person_id_of
from etl.rules.wire import LandingRow, landing_row
from etl.settings import Settings
from etl.sql import Db, Row

SCHEMA = "posthog-ingestion-cases/1"
DEFAULT_TEAM_ID = 2
# The stamp of what a case gives: older than any event, so that whatever is sent counts as newer.
OLDEST: property_state.Stamp = (int(datetime.min.replace(tzinfo=UTC).timestamp()) * 1_000_000, 0, 0)
# The landing id of stored events that stand for what given persons have said.
GIVEN = 0
# True of the product whatever a case says, or said to change no result.
NOT_SETTINGS = frozenset(["capture_truncates_distinct_id", "merge_move_batch"])


class UnsupportedError(Exception):
    """The case needs a setting that the product does not have."""


@dataclass(frozen=True)
class Case:
    """One case of a file, as written there."""

    category: str
    epoch: datetime
    written: Row

    @property
    def id(self) -> str:
        """Unique over all files."""
        return str(self.written["id"])

    @property
    def config(self) -> Row:
        """Settings that differ from the defaults."""
        return self.written.get("config") or {}

    @property
    def given(self) -> Row:
        """What is there before the first cycle."""
        return self.written.get("given") or {}

    @property
    def team_id(self) -> int:
        """The project whose events the case sends."""
        return int(self.config.get("team_id", DEFAULT_TEAM_ID))

    def moment(self, seconds: float) -> datetime:
        """By the wall clock of the case, which a few cases stop at one time."""
        stopped = self.config.get("clock")
        return moment_of(stopped) if stopped else self.epoch + timedelta(seconds=seconds)


@dataclass
class Outcome:
    """What a case left; rows carry the ``ref`` of the row that was sent, and cycles count from 0."""

    case: Case
    given_persons: dict[str, UUID] = field(default_factory=dict)
    sent: list[Row] = field(default_factory=list)
    held_after: list[set[str]] = field(default_factory=list)
    persons: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    released_in: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, set[str]] = field(default_factory=dict)
    warnings: list[Row] = field(default_factory=list)

    def fate(self, ref: str) -> str:
        """What became of a row, in a word or two."""
        if ref in self.quarantined:
            return f"quarantined ({', '.join(sorted(self.quarantined[ref]))})"
        if ref in self.held_after[-1]:
            return "held"
        return "written" if any(event["ref"] == ref for event in self.events) else "duplicate"


def moment_of(text: str) -> datetime:
    """A time as the case files write it."""
    return datetime.fromisoformat(text).astimezone(UTC)


def read_cases(folder: Path) -> Iterator[Case]:
    """The cases of every file in a folder, by name of file and then as they stand there."""
    for path in sorted(folder.glob("*.json")):
        content = msgspec.json.decode(path.read_bytes())
        if content.get("schema") != SCHEMA:
            raise ValueError(f"{path} has the schema {content.get('schema')!r}, not {SCHEMA!r}.")
        for written in content["cases"]:
            yield Case(content["category"], moment_of(content["epoch"]), written)


def run_case(db: Db, settings: Settings, case: Case) -> Outcome:
    """Run a case on an empty database.

    Raises:
        UnsupportedError: the product has no such setting yet.
    """
    outcome = Outcome(case)
    settings = _arrange(db, settings, case)
    _insert_given(db, outcome)
    batches = {}
    for index, (seconds, rows) in enumerate(zip(case.written["cycle_at_s"], case.written["cycles"], strict=True)):
        _land(db, case, rows)
        outcome.sent += rows
        batches[run_cycle(db, settings, now=case.moment(seconds)).batch_id] = index
        outcome.held_after.append({row["ref"] for row in _read(db, outcome, "buffer.event")})
    _observe(db, outcome, batches)
    return outcome


def empty(db: Db) -> None:
    """Back to a new database without projects. Deleting is fast where truncating some fifty small relations is not."""
    db.execute(
        "delete from landing.event; delete from landing.project; delete from landing.cookieless_salt; "
        "delete from buffer.event; "
        "delete from buffer.released_event; delete from quarantine.event; delete from warehouse.stored_event; "
        "delete from warehouse.event_key; delete from warehouse.person; delete from warehouse.person_distinct_id; "
        "delete from warehouse.person_override; delete from warehouse.merge; delete from ops.batch; "
        "delete from ops.warning; delete from ops.expectation_result; delete from ops.batch_project; "
        "delete from ops.audit_entry; "
        "update ops.watermark set arrival_clock = '0001-01-01 00:00:00+00', as_of = '0001-01-01 00:00:00+00'"
    )


def _arrange(db: Db, settings: Settings, case: Case) -> Settings:
    """Register the projects with their settings, and translate the rest of the configuration."""
    config = dict(case.config)
    for name in ("team_id", "clock", *NOT_SETTINGS):
        config.pop(name, None)
    buffer = config.pop("buffer", None) or {}
    is_held = buffer.get("enabled") or case.team_id in buffer.get("enabled_teams", ())
    given_teams = {person["team_id"] for person in case.given.get("persons", ()) if "team_id" in person}
    teams = given_teams if config.pop("unknown_team", False) else given_teams | {case.team_id}
    wanted = (config.pop("team", None) or {}) | config
    if buffer.get("anonymous_max_team_id"):
        wanted["anonymous_max_team_id"] = buffer["anonymous_max_team_id"]
    known = {column.name for column in db.execute("select * from landing.project limit 0").description or ()}
    # Each rule of a project is given, so that no default of the product matters; a case's absent ones are off.
    of_project: Row = {"anonymize_ips": False}
    of_product: Row = {"hold_seconds": float(buffer.get("delay_s", 60)) if is_held else 0.0}
    for name, value in wanted.items():
        if name in known:
            of_project[name] = value
        elif name in Settings.model_fields:
            of_product[name] = value
        elif value:  # one that is off needs no setting
            raise UnsupportedError(f"the product has no setting for {name}={value!r}")
    for team_id in teams:
        project = {"team_id": team_id, "name": f"project {team_id}", **of_project}
        values = ", ".join(f"%({name})s" for name in project)
        db.execute(f"insert into landing.project ({', '.join(project)}) values ({values})", project)
    return settings.model_copy(update=of_product)


def _insert_given(db: Db, outcome: Outcome) -> None:
    for person in outcome.case.given.get("persons", ()):
        team_id, distinct_ids = person.get("team_id", outcome.case.team_id), person["distinct_ids"]
        state = property_state.State()
        properties.apply(state, OLDEST, sql.json_text(person.get("properties") or {}), None, None)
        row = {
            "team_id": team_id,
            "distinct_id": distinct_ids[0],
            "person_id": person_id_of(team_id, distinct_ids[0]),
            "is_identified": person["is_identified"],
            "created_at": moment_of(person["created_at"]),
            "properties": property_state.visible(state),
            "property_state": property_state.write_state(state),
        }
        db.execute(
            "insert into warehouse.person values (%(team_id)s, %(distinct_id)s, %(person_id)s, %(is_identified)s, "
            "%(created_at)s, %(properties)s, %(property_state)s, 0, '0001-01-01Z', null, "
            "'00000000-0000-0000-0000-000000000000', now())",
            row,
        )
        for distinct_id in distinct_ids:
            _insert_distinct_id(db, team_id, distinct_id, row["person_id"], is_personless=False)
            _insert_history(db, {**row, "distinct_id": distinct_id})
        if "key" in person:
            outcome.given_persons[person["key"]] = row["person_id"]
    team_id = outcome.case.team_id
    for distinct_id in outcome.case.given.get("personless_distinct_ids", ()):
        _insert_distinct_id(db, team_id, distinct_id, person_id_of(team_id, distinct_id), is_personless=True)


def _insert_history(db: Db, person: Row) -> None:
    """What the person has said so far, as an event of each id, for those who ask for its properties at a time."""
    db.execute(
        "insert into warehouse.stored_event (team_id, distinct_id, uuid, event, timestamp, person_id, person_mode, "
        "properties, has_property_operations, is_lifted, received_at, batch_id, xid, landing_id, row_hash) "
        "values (%(team_id)s, %(distinct_id)s, gen_random_uuid(), '$set', '0001-01-01Z', %(person_id)s, 'full', "
        "jsonb_build_object('$set', %(properties)s::jsonb), true, false, now(), 0, '0', %(given)s, 0)",
        {**person, "given": GIVEN},
    )


def _insert_distinct_id(db: Db, team_id: int, distinct_id: str, person_id: UUID, *, is_personless: bool) -> None:
    db.execute(
        "insert into warehouse.person_distinct_id "
        "values (%s, %s, %s, %s, '00000000-0000-0000-0000-000000000000', null, now())",
        (team_id, distinct_id, person_id, is_personless),
    )


def _land(db: Db, case: Case, rows: list[Row]) -> None:
    """The rows of a cycle as landing rows, in their order, each with the arrival that the case says."""
    columns = ", ".join(f'"{name}"' for name in LandingRow._fields)
    with (
        db.cursor() as cursor,
        cursor.copy(f"copy landing.event (received_at, is_personless, {columns}) from stdin") as copy,
    ):
        for row in rows:
            raw, headers = row["raw"], dict(row.get("headers") or {})
            is_personless = bool(headers.pop("force_disable_person_processing", False))
            if headers:
                raise UnsupportedError(f"landing takes no headers: {headers}")
            received_at = moment_of(raw["now"]) if raw.get("now") else case.moment(row["arrive_s"])
            landed = landing_row(raw, team_id=case.team_id, received_at=received_at)
            copy.write_row((received_at, is_personless, *landed))


def _observe(db: Db, outcome: Outcome, batches: dict[int, int]) -> None:
    shown = {row["landing_id"]: row for row in _read(db, outcome, "warehouse.posthog_events")}
    outcome.events = [row | shown[row["landing_id"]] for row in _read(db, outcome, "warehouse.events")]
    outcome.warnings = _read(db, outcome, "ops.warning")
    outcome.released_in = {
        row["ref"]: batches[row["released_by_batch_id"]] for row in _read(db, outcome, "buffer.released_event")
    }
    outcome.quarantined = {
        row["ref"]: {reason["expectation"] for reason in row["reasons"]}
        for row in _read(db, outcome, "quarantine.event")
    }
    outcome.persons = db.execute(
        "select p.*, coalesce(array_agg(d.distinct_id) filter (where d.distinct_id is not null), '{}') as distinct_ids "
        "from (select * from warehouse.persons where merged_into is null) as p "
        "left join warehouse.person_distinct_ids as d on p.team_id = d.team_id and p.person_id = d.person_id "
        "group by p.team_id, p.person_id, p.is_identified, p.created_at, p.first_seen_at, p.properties, p.merged_into, "
        "p.updated_at"
    ).fetchall()


def _read(db: Db, outcome: Outcome, relation: str) -> list[Row]:
    """The rows of a relation that has a ``landing_id``, each with its ``ref``; landing keeps the order of sending."""
    landed = db.execute("select landing_id from landing.event order by xid, landing_id")
    refs = {row["landing_id"]: sent["ref"] for row, sent in zip(landed, outcome.sent, strict=True)}
    rows = db.execute(f"select * from {relation}").fetchall()
    return [{**row, "ref": refs[row["landing_id"]]} for row in rows if row["landing_id"] != GIVEN]
