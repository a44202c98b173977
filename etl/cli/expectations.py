"""`etl expectations`: suites of one's own; try them, and hand one over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from etl.cli.options import Json
from etl.cli.shared import console, new_table, print_json, warehouse

if TYPE_CHECKING:
    from etl.quality.own_gate import Answers

app = typer.Typer(help="Suites of your own, in ETL_EXPECTATIONS_DIR: try them, hand one over.", no_args_is_help=True)

EXAMPLES = 1  # in a line of a table


@app.command()
def check(
    suite: Annotated[
        str | None, typer.Option("--suite", metavar="SUITE", help="Only this one, such as rows/orders.")
    ] = None,
    is_json: Json = False,
) -> None:
    """Try the suites on the newest batch, and keep nothing.

    Exit status 1: a suite is broken, or something critical fails.
    """
    from etl.quality.own_suites import find_suites, try_suites

    with warehouse() as (db, settings):
        found = try_suites(db, find_suites(settings.expectations_dir, suite))
        lines = [line for answers in found for line in _lines(answers)]
    if is_json:
        print_json(lines)
    else:
        table = new_table("suite", "expectation", "severity", "result", "unexpected", "examples")
        for line in lines:
            shown = [line["suite"], line["expectation"], line["severity"], line["result"], _count(line), _shown(line)]
            table.add_row(*shown)
        console.print(table if lines else "no suites")
    if any(_is_wrong(line) for line in lines):
        raise typer.Exit(1)


@app.command()
def export(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="Such as rows/orders.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")],
) -> None:
    """Write a suite, what it looked at last and what it finds there, for anybody who has Great Expectations."""
    from etl.quality.own_suites import export as write
    from etl.quality.own_suites import find_suites

    with warehouse() as (db, settings):
        [found] = find_suites(settings.expectations_dir, suite)
        for path in write(db, found, out):
            console.print(path)


def _lines(answers: Answers) -> list[dict[str, Any]]:
    """A line for each expectation, and one for a suite that cannot be used at all."""
    return [
        {
            "suite": answers.suite,
            "expectation": finding.name,
            "severity": finding.severity,
            "result": "fails" if not finding.is_success else "holds" if finding.evaluated else "nothing to look at",
            "evaluated": finding.evaluated,
            "unexpected": finding.unexpected,
            "observed": finding.observed,
            "examples": finding.examples,
        }
        for finding in answers.findings
    ] + [
        {
            "suite": answers.suite,
            "expectation": name,
            "severity": "",
            "result": result,
            "evaluated": 0,
            "unexpected": 0,
            "observed": None,
            "examples": [reason] if reason else [],
        }
        for result, names in (("nothing to look at", dict.fromkeys(answers.unasked, "")), ("broken", answers.troubles))
        for name, reason in names.items()
    ]


def _is_wrong(line: dict[str, Any]) -> bool:
    return bool(line["result"] == "broken" or (line["result"] == "fails" and line["severity"] == "critical"))


def _count(line: dict[str, Any]) -> str:
    if line["result"] in {"broken", "nothing to look at"}:
        return ""
    if line["observed"] is not None:
        return f"observed {line['observed']:g}"
    if line["expectation"].startswith("unexpected_rows_expectation"):
        return f"{line['unexpected']:,} rows"
    return f"{line['unexpected']:,} of {line['evaluated']:,}"


def _shown(line: dict[str, Any]) -> str:
    if line["result"] not in {"fails", "broken"}:
        return ""
    return "; ".join(
        ", ".join(f"{name} {value}" for name, value in each.items()) if isinstance(each, dict) else str(each)
        for each in line["examples"][:EXAMPLES]
    )
