"""The command as a whole: what its help says, the options that are the same everywhere, and errors in one line."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import psycopg
import pytest
import typer
from typer.testing import CliRunner

from etl import cli
from etl.cli import options
from etl.cli.shared import report_error
from etl.sql import Db

ROOT = Path(__file__).parents[2]
# Words of an own dialect; people read the help to find out what a command does.
IDIOLECT = re.compile(r"\b(mend\w*|give\w* up|given up|for ever|judges?|verdicts?|told|beside|all the same|evidence)\b")
DECISIONS = {
    "batch quarantine", "quarantine replay", "quarantine discard", "merge accept", "merge reject",
    "incident acknowledge", "incident close", "split", "action add", "action disable",
    "action accept", "cohort add", "cohort disable",
    "person erase", "property erase", "project remove", "project move",
}  # fmt: skip
READING = {
    "status", "explain", "digest", "rebuild", "cycle", "land", "maintain", "batch list", "batch show", "merge list",
    "quarantine list", "quarantine show", "project list", "project remove", "project move",
    "plan drift", "audit verify",
    "expectations check", "export", "property list", "what-if", "person erase", "property erase",
    "incident list", "action list", "action show", "action test", "action proposals",
    "cohort list", "cohort show",
}  # fmt: skip
OF_A_PROJECT = {
    "land", "explain", "split", "merge list", "merge accept", "merge reject", "quarantine list", "quarantine replay",
    "quarantine discard", "plan drift", "incident list", "export",
    "person erase", "person export", "property erase",
    "action add", "action list", "action show", "action test", "action disable",
    "action proposals", "cohort add", "cohort list", "cohort show", "cohort disable",
}  # fmt: skip


def _walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, each in command.commands.items():
            yield from _walk(each, (*path, name))
    else:
        yield " ".join(path), command


COMMANDS = dict(_walk(typer.main.get_command(cli.app)))


def _options(command: Any) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")}


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run the program as a shell does; gives its exit status and what it says on standard error."""

    def _fails(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["etl", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return int(stopped.value.code or 0), capsys.readouterr().err

    return _fails


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_is_a_sentence_in_plain_words(name: str) -> None:
    command = COMMANDS[name]
    texts = [command.help, *(getattr(parameter, "help", "") for parameter in command.params)]
    for text in texts:
        assert re.match(r"^[A-Z]", text), text
        assert text.endswith((".", ".)")), text
        assert not IDIOLECT.search(text), text
    shown = CliRunner().invoke(cli.app, [*name.split(), "--help"])
    assert shown.exit_code == 0
    assert "Usage: " in shown.output


def test_the_same_options_everywhere() -> None:
    """To land a file is none of a person's decisions; to undo it is one, and asks for the reason itself."""
    assert {name for name, command in COMMANDS.items() if "--why" in _options(command)} == DECISIONS | {"land"}
    assert {name for name, command in COMMANDS.items() if "--by" in _options(command)} == DECISIONS | {"land"}
    assert {name for name, command in COMMANDS.items() if "--json" in _options(command)} == READING
    assert {name for name, command in COMMANDS.items() if "--team" in _options(command)} == OF_A_PROJECT
    assert all(
        parameter.required for name in DECISIONS for parameter in COMMANDS[name].params if parameter.opts == ["--why"]
    )


def test_a_command_that_is_shown_has_its_reason() -> None:
    """What is shown with arguments is copied as it is; a name alone only says what there is."""
    names = "|".join(sorted(DECISIONS))
    shown = re.compile(
        rf"etl (?:{names})(?P<rest> +(?:[A-Z0-9%{{-]|[0-9a-f]{{8}}-)[^`\n]*?)(?:`|\. |\.?[\"']?,?$)", re.MULTILINE
    )
    files = [path for folder in ("etl", "sql", "expectations", "dags") for path in (ROOT / folder).rglob("*.*")]
    without = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in (*files, ROOT / "README.md")
        if path.suffix in {".py", ".sql", ".json", ".md"}
        for match in shown.finditer(path.read_text())
        if "--why" not in match["rest"] and "--dry-run" not in match["rest"]
    ]
    assert without == []


def test_both_scripts_are_this_program() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"etl": "etl.cli:main", "event-microbatch": "etl.cli:main"}
    assert callable(cli.main)


def test_version_and_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.fullmatch(r"event-microbatch \d+\.\d+\.\d+\n", CliRunner().invoke(cli.app, ["--version"]).output)
    assert "--install-completion" in CliRunner().invoke(cli.app, ["--help"]).output
    environment = {"_ETL_COMPLETE": "complete_bash", "COMP_WORDS": "etl merge re", "COMP_CWORD": "2"}
    assert CliRunner().invoke(cli.app, [], prog_name="etl", env=environment).output.split() == ["reject"]


def test_lists_are_json_too(
    database: str, monkeypatch: pytest.MonkeyPatch, land: Callable[..., int], cycle: Callable[..., Any]
) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    refused = land("", "b", at=0, ip="192.0.2.7")
    land("page", "b", team_id=7, at=0)
    cycle(at=1)

    def read(*arguments: str) -> Any:
        done = CliRunner().invoke(cli.app, [*arguments, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.output)

    assert [(row["batch_id"], row["quarantined"]) for row in read("batch", "list")] == [(1, 2)]
    assert read("batch", "show", "1")["quarantined"] == 2
    assert [row["event"] for row in read("quarantine", "list", "--team", "1")] == [""]
    assert [row["event"] for row in read("quarantine", "list", "--team", "7")] == ["page"]
    assert read("quarantine", "show", str(refused))["ip"] == "192.0.2.7"
    assert [project["name"] for project in read("project", "list")] == ["default"]
    assert read("plan", "drift", "--team", "1") == []
    assert read("merge", "list") == []
    assert read("cycle")["batch_id"] == 2
    assert read("maintain")["overrides_folded"] == 0
    assert read("audit", "verify")["batches"] == 2


def test_a_decision_keeps_who_and_why(
    database: str, db: Db, monkeypatch: pytest.MonkeyPatch, land: Callable[..., int], cycle: Callable[..., Any]
) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    for name in ("", "page"):
        land(name, "b", team_id=7, at=0)
    cycle(at=1)
    discard = ["quarantine", "discard", "--team", "7", "--event", ""]
    assert CliRunner().invoke(cli.app, discard).exit_code == 2
    assert CliRunner().invoke(cli.app, [*discard, "--why", "a test", "--by", "ann"]).output.startswith("1 rows")
    decided = "select resolved_by, resolved_why from quarantine.event where resolution = 'discarded'"
    assert db.execute(decided).fetchall() == [{"resolved_by": "ann", "resolved_why": "a test"}]


def test_a_process_without_a_login_name_is_asked_for_one(
    fails: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(options.getpass, "getuser", nameless)
    assert fails("batch", "quarantine", "1", "--why", "fine") == (
        1,
        "etl: Say who decides, with --by: this process has no login name.\n",
    )


def test_known_situations_are_one_line(
    fails: Callable[..., tuple[int, str]], server_url: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", f"{server_url}/postgres")
    for command in ("status", "cycle", "digest"):
        status, said = fails(command)
        assert (status, said.count("\n")) == (1, 1)
        assert said.endswith("Run `etl migrate`.\n")
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("drop role if exists somebody")
        owner.execute("create role somebody login password 'x'")
    try:
        monkeypatch.setenv("ETL_DATABASE_URL", re.sub(r"//[^@]*@", "//somebody:x@", database))
        status, said = fails("status")
    finally:
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute("drop role somebody")
    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith("etl: The login may not do this (permission denied for ")


def test_a_folder_that_cannot_be_written_is_one_line(
    fails: Callable[..., tuple[int, str]], database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    file = tmp_path / "file"
    file.touch()
    assert fails("plan", "infer", "--out", str(file / "site")) == (1, f"etl: {file / 'site'}: Not a directory.\n")


def _numbers() -> Iterator[tuple[str, str]]:
    """Every option and argument that is a whole number, with the words of its command."""
    for name, command in COMMANDS.items():
        kinds = get_type_hints(inspect.unwrap(command.callback))
        for parameter in command.params:
            if kinds.get(parameter.name) in {int, int | None, list[int] | None}:
                yield name, parameter.opts[0] if parameter.param_type_name == "option" else ""


# It is compared with a count, and does not reach the warehouse.
@pytest.mark.parametrize(("name", "option"), sorted({*_numbers()} - {("land", "--max-unreadable")}))
def test_a_number_that_the_warehouse_cannot_have_is_refused(
    name: str, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    given = [f"{option}={2**63}"] if option else [str(2**63)]
    done = CliRunner().invoke(cli.app, [*name.split(), *given])
    assert done.exit_code == 2
    assert f"{2**63} is too large" in done.output or "less than or equal to" in done.output


def test_the_largest_number_names_nothing(fails: Callable[..., tuple[int, str]], database: str, monkeypatch) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    assert fails("quarantine", "show", str(2**63 - 1))[1].startswith("etl: No quarantined row has the landing id")
    assert fails("batch", "list", "--last", str(2**63 - 1)) == (0, "")
    assert fails("action", "list", "--team", str(2**63 - 1)) == (0, "")


@pytest.mark.parametrize("hours", ["inf", "1e300"])
def test_a_time_that_no_calendar_has_is_refused(hours: str) -> None:
    assert CliRunner().invoke(cli.app, ["project", "rotate", "default", "--grace-hours", hours]).exit_code == 2
    assert CliRunner().invoke(cli.app, ["what-if", "--hold-seconds", hours]).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "--distinct-id", "a\udcff"),
        ("explain", "--json", "a\udcff"),
        ("person", "erase", "--distinct-id", "a\udcff", "--why", "x"),
        ("person", "export", "--distinct-id", "a\udcff"),
        ("property", "erase", "a\udcff", "--why", "x"),
        ("property", "erase", "plan", "--why", "a\udcff"),
        ("property", "index", "a\udcff"),
        ("action", "show", "a\udcff"),
        ("cohort", "show", "a\udcff"),
        ("project", "add", "a\udcff"),
        ("project", "privacy", "default", "--drop", "a\udcff"),
        ("quarantine", "list", "--event", "a\udcff"),
        ("audit", "verify", "--expect", "a\udcff"),
    ],
    ids=" ".join,
)
def test_an_argument_that_is_not_utf_8_is_refused_in_one_line(
    fails: Callable[..., tuple[int, str]], database: str, db: Db, monkeypatch: pytest.MonkeyPatch, arguments: Any
) -> None:
    """Python has its bytes as surrogates, which are in no text of PostgreSQL."""
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    status, said = fails(*arguments)
    assert (status, said.strip().count("\n")) == (1, 0)
    assert "udcff' is not UTF-8" in said
    assert db.execute("select from landing.event").fetchall() == []


@pytest.mark.parametrize("text", ["²", "9" * 20, "9" * 5000, "2026-02-30"], ids=["²", "20", "5000", "day"])
def test_what_is_neither_a_day_nor_a_batch_is_one_line(fails: Callable[..., tuple[int, str]], text: str) -> None:
    said = f"etl: {text!r} is neither a day (2026-11-25) nor a batch's number.\n"
    assert fails("audit", "verify", "--from", text) == (1, said)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon"])
def test_what_is_no_time_is_one_line(
    fails: Callable[..., tuple[int, str]], database: str, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    said = f"etl: {text!r} is not a time: write 2026-11-23T10:00:00Z.\n"
    assert fails("explain", "--distinct-id", "a", "--as-of", text) == (1, said)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REPORT_DAYS", "99999999"),
        ("LANDING_RETENTION_DAYS", "99999999"),
        ("QUARANTINE_RETENTION_DAYS", "99999999"),
        ("WARNING_RETENTION_DAYS", "99999999"),
        ("EVENT_RETENTION_DAYS", "99999999"),
        ("AIRFLOW_RETENTION_DAYS", "99999999"),
        ("PARTITION_DAYS_AHEAD", "99999999"),
        ("PARTITION_DAYS_BACK", "99999999"),
        ("HOLD_SECONDS", "1e300"),
        ("LATE_AFTER_SECONDS", "inf"),
        ("END_TRANSACTIONS_AFTER_SECONDS", "1e300"),
        ("BATCH_SIZE", "1" + "0" * 30),
        ("MAX_PROPERTIES_BYTES", "1" + "0" * 30),
        ("ALERT_DANGEROUS_MERGES", "1" + "0" * 30),
    ],
)
def test_a_setting_beyond_all_measure_is_refused(
    fails: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"ETL_{name}", value)
    status, said = fails("status")
    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith(f"etl: ETL_{name}='{value}': Input should be less than or equal to ")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_an_output_that_is_closed_costs_nothing_but_itself(database: str, closed: str) -> None:
    command = f'exec "$0" -m etl.cli project list --json {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable],
        env={**os.environ, "ETL_DATABASE_URL": database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (done.stdout == "") == closed.startswith(">")


def test_a_server_that_takes_no_writes_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    error = psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction")
    assert report_error(error) == 1
    said = capsys.readouterr().err
    assert said.startswith("etl: The server takes no writes (cannot execute INSERT in a read-only transaction)")
    assert said.count("\n") == 1


def test_each_of_several_bad_files_has_a_line(
    fails: Callable[..., tuple[int, str]], database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    monkeypatch.chdir(tmp_path)
    for name in ("a.json", "b.json"):
        Path(name).write_text("{}")
    status, said = fails("land", "a.json", "b.json")
    lines = said.splitlines()
    assert [status, len(lines)] == [1, 3]
    assert lines[0].startswith("etl: a.json holds no events")
    assert lines[1].startswith("b.json holds no events")
    assert lines[2] == "2 of 2 files cannot be landed so; nothing was landed."
