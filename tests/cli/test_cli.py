"""The command as a whole: what its help says, the options that are the same everywhere, and errors in one line."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from typer.testing import CliRunner

from etl import cli
from etl.cli import options
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
