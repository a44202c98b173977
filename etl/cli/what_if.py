"""`etl what-if`: how the numbers would change with other rules, from two replays of landing."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from etl.cli.options import DAY, Json
from etl.cli.shared import chosen_settings, console, new_table, print_json, warehouse_url
from etl.cycle.batch import Batch
from etl.errors import ConfigurationError
from etl.settings import CENTURY_SECONDS


def what_if(
    *,
    hold_seconds: Annotated[
        float | None,
        typer.Option(
            "--hold-seconds", min=0, max=CENTURY_SECONDS, help="Another length of the hold; 0: nothing is held."
        ),
    ] = None,
    blocked_ids: Annotated[
        list[str] | None,
        typer.Option(
            "--block-id", metavar="ID", help="A distinct id that may join nobody. Can be given several times."
        ),
    ] = None,
    plan_dir: Annotated[
        Path | None,
        typer.Option("--plan", exists=True, file_okay=False, help="The folder of another tracking plan."),
    ] = None,
    expectations_dir: Annotated[
        Path | None,
        typer.Option(
            "--expectations",
            exists=True,
            file_okay=False,
            help="A folder with other suites for the gate: staged_event.json, project.json, or one of them.",
        ),
    ] = None,
    is_guard_off: Annotated[
        bool, typer.Option("--no-guard", help="Let $identify and $create_alias merge identified persons away.")
    ] = False,
    from_day: Annotated[
        datetime | None, typer.Option("--from", formats=DAY, help="The first day to print (UTC).")
    ] = None,
    to_day: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="The last day to print (UTC).")] = None,
    is_json: Json = False,
) -> None:
    """Replay landing by today's rules and by others, each in a database of its own, and print what would change."""
    from rich.console import Console
    from rich.progress import Progress

    from etl.operate.what_if import Day, Rules, Which
    from etl.operate.what_if import what_if as run

    rules = Rules(hold_seconds, tuple(blocked_ids or ()), plan_dir, expectations_dir, has_guard=not is_guard_off)
    if rules == Rules():
        raise ConfigurationError(
            "Say which rule is to be another: --hold-seconds, --block-id, --plan, --expectations or --no-guard."
        )
    settings = chosen_settings()
    with Progress(*Progress.get_default_columns(), console=Console(stderr=True), transient=True) as progress:
        bars = {
            "what_if": progress.add_task("by the others", total=None),
            "as_is": progress.add_task("by today's rules", total=None),
        }

        def say(which: Which, batch: Batch, landed: int) -> None:
            progress.update(bars[which], total=landed, advance=batch.landed)

        found = run(warehouse_url(settings), settings, rules, report=say)

    first, last = (from_day.date() if from_day else date.min), (to_day.date() if to_day else date.max)
    days = {day: pair for day, pair in found.days.items() if first <= day <= last}
    if is_json:
        print_json({**asdict(found), "days": {str(day): [asdict(each) for each in pair] for day, pair in days.items()}})
        return
    names = [each.name for each in fields(Day)]
    table = new_table(
        "day", *(name.replace("_", " ") for name in names), numbers={name.replace("_", " ") for name in names}
    )
    for day, (ours, theirs) in days.items():
        table.add_row(str(day), *(_change(getattr(ours, name), getattr(theirs, name)) for name in names))
    console.print(table)
    console.print(f"{found.landed - found.missing:,} landing rows replayed twice in {found.seconds:,.1f} s")
    if found.missing:
        console.print(
            f"! {found.missing:,} of {found.landed:,} processed rows are no longer in landing, and in neither replay.",
            style="red",
        )
    console.print(f"{_persons(found.difference_count)} would differ{':' if found.differences else '.'}")
    for each in found.differences:
        more = ", ..." if each.distinct_id_count > len(each.distinct_ids) else ""
        console.print(
            f"  project {each.team_id}: {', '.join(each.distinct_ids)}{more}: "
            f"{_persons(each.persons_as_is)}, would be {_persons(each.persons_what_if)}"
        )


def _change(ours: int, theirs: int) -> str:
    return f"{ours:,}" if ours == theirs else f"{ours:,} -> {theirs:,}"


def _persons(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} persons"
