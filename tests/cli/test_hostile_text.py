"""What visitors wrote is shown to whoever runs a command: it steers no terminal, hides nothing and is no markup."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from etl import cli
from etl.operate import project
from etl.sql import Db
from etl.visible import visible

# Colours and cursor moves, a window title, hidden text by its direction, an isolate, a BOM, a line break of Unicode,
# a backspace, rich's own markup (one that closes nothing is an error there) and its emoji.
HOSTILE = "\x1b[31m\x1b[2J \x1b]0;title\x07 \u202egpj.exe \u2066 \ufeff \u2028 a\x08b [/] [bold]x[/bold] :boom: \x9b5m"
SHOWN = "␛001B[31m␛001B[2J ␛001B]0;title␛0007 ␛202Egpj.exe ␛2066 ␛FEFF ␛2028 a␛0008b [/] [bold]x[/bold] :boom: ␛009B5m"


@pytest.fixture
def events(database: str, db: Db, monkeypatch: pytest.MonkeyPatch, land: Callable[..., int], cycle: Callable[..., Any]):
    """One loaded, one refused, one refused merge, each with hostile text wherever a visitor may write."""
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    monkeypatch.setenv("COLUMNS", "400")
    loaded = str(uuid.uuid4())
    project.add(db, HOSTILE)
    land("$identify", HOSTILE, properties={"$anon_distinct_id": "d1"}, at=0)
    land("$identify", f"2{HOSTILE}", properties={"$anon_distinct_id": "d2"}, at=1)
    land("$create_alias", HOSTILE, properties={"alias": f"2{HOSTILE}"}, at=2)
    land(HOSTILE, HOSTILE, properties={HOSTILE: HOSTILE}, uuid=loaded, timestamp=HOSTILE, at=3)
    refused = land(HOSTILE, None, properties={HOSTILE: HOSTILE}, ip=HOSTILE, sent_at=HOSTILE, at=4)
    cycle(at=5)
    return loaded, refused


def commands(loaded: str, refused: int) -> Iterator[tuple[str, ...]]:
    yield "explain", loaded
    yield "explain", "--distinct-id", HOSTILE
    yield "quarantine", "list"
    yield "quarantine", "show", str(refused)
    yield "merge", "list"
    yield "batch", "list"
    yield "batch", "show", "1"
    yield "project", "list"
    yield "status"


def test_no_command_shows_a_hidden_character(events: tuple[str, int]) -> None:
    seen = ""
    for arguments in commands(*events):
        result = CliRunner().invoke(cli.app, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), arguments
        assert visible(result.output, kept="\n") == result.output, arguments
        seen += result.output
    assert seen.count(SHOWN) >= 5  # event name, ids (by repr where they are quoted), properties, project


def test_an_error_in_one_line_shows_none_either(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    monkeypatch.setattr("sys.argv", ["etl", "project", "rotate", HOSTILE])
    with pytest.raises(SystemExit):
        cli.main()
    said = capsys.readouterr().err
    assert visible(said, kept="\n") == said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Zoë 🎉 日本 ü", "Zoë 🎉 日本 ü"),
        ("e\u0301", "e\u0301"),  # a combining mark is no hidden character
        ("a\nb", "a␛000Ab"),
        ("\u200b", "␛200B"),
        ("\ud800", "␛D800"),
        ("\U000e0041", "␛E0041"),
        ("\x7f", "␛007F"),
        (HOSTILE, SHOWN),
    ],
)
def test_hidden_characters_are_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", shown)
