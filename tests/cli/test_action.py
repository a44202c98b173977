"""`etl action` as people use it: from PostHog's JSON to numbers by day, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from etl import cli
from etl.errors import DefinitionError

ACTION = {
    "id": 4,
    "name": "Added to cart",
    "steps": [
        {"event": "$autocapture", "selector": "button.cta", "text": "Purchase", "url_matching": None},
        {"event": "$autocapture", "text": "Add", "properties": [{"key": "plan", "value": ["pro"], "type": "person"}]},
    ],
}


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a command; gives what it prints."""
    monkeypatch.setenv("ETL_DATABASE_URL", database)

    def _run(*arguments: str) -> str:
        done = CliRunner().invoke(cli.app, ["action", *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return _run


def test_a_life_of_an_action(run: Callable[..., str], land: Any, cycle: Any, tmp_path: Path) -> None:
    file = tmp_path / "cart.json"
    file.write_text(json.dumps(ACTION))
    chain = 'button.cta:attr__class="cta"nth-child="1"text="Purchase"'
    land("$autocapture", "u", properties={"$device_id": "u", "$elements_chain": chain})
    cycle()
    assert run("list") == "none\n"
    tried = run("test", str(file)).splitlines()
    assert tried[0] == "Added to cart"
    assert tried[1].split() == ["day", "events", "persons"]
    assert tried[2].split()[1:] == ["1", "1"]
    assert run("list") == "none\n"
    assert run("add", str(file), "--why", "the text changed", "--by", "ann") == "Added to cart: added\n"
    assert run("add", str(tmp_path), "--why", "again") == "Added to cart: unchanged\n"
    shown = run("show", "Added to cart").splitlines()
    assert shown[:3] == [
        "Added to cart: any of",
        "  $autocapture, selector 'button.cta', text exact 'Purchase'",
        "  $autocapture, text exact 'Add', person property plan exact ['pro']",
    ]
    assert shown[4].split()[1:] == ["1", "1"]
    assert shown[5].startswith("added ")
    assert shown[5].endswith(" by ann: the text changed")
    assert run("list").splitlines()[0] == "Added to cart: 2 steps, project 1"
    assert run("disable", "Added to cart", "--why", "of no use") == "disabled\n"
    assert run("disable", "Added to cart", "--why", "of no use") == "disabled before; nothing was done\n"
    assert run("list").splitlines()[0] == "Added to cart (disabled): 2 steps, project 1"
    assert "no events in 7 days" in run("show", "Added to cart")
    (listed,) = json.loads(run("list", "--json", "--team", "1"))
    assert (listed["name"], listed["is_enabled"], listed["why"]) == ("Added to cart", False, "of no use")
    as_data = json.loads(run("show", "Added to cart", "--json"))
    assert [each["decision"] for each in as_data["history"]] == ["added", "disabled"]
    assert [each["days"][0]["events"] for each in json.loads(run("test", str(file), "--json"))] == [1]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{", "cart.json is no JSON"),
        (
            '{"name": "A", "steps": [{"event": "$autocapture", "selector": ".w-1/2"}]}',
            "'A', steps[0].selector: '.w-1/2'",
        ),
        ('{"name": "A", "steps": [{"url": "(", "url_matching": "regex"}]}', "'A', steps[0].url: no regular expression"),
        ('{"name": "A\\u001b[31m", "steps": []}', "has no steps"),
    ],
    ids=["no JSON", "selector", "regular expression", "no steps"],
)
@pytest.mark.parametrize("command", [["add", "--why", "x"], ["test"]], ids=["add", "test"])
def test_a_refusal_is_one_line(
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    written: str,
    said: str,
    command: list[str],
) -> None:
    file = tmp_path / "cart.json"
    file.write_text(written)
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    monkeypatch.setattr("sys.argv", ["etl", "action", command[0], str(file), *command[1:]])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    error = capsys.readouterr().err
    assert stopped.value.code == 1
    assert said in error
    assert error.count("\n") == 1
    assert "\x1b" not in error


@pytest.mark.parametrize("text", ["[]", '{"results": []}'])
def test_a_file_without_an_action_is_refused(run: Callable[..., str], tmp_path: Path, text: str) -> None:
    file = tmp_path / "none.json"
    file.write_text(text)
    for command in (("add", str(file), "--why", "x"), ("add", str(tmp_path), "--why", "x"), ("test", str(file))):
        with pytest.raises(DefinitionError, match="nothing is defined there: write one, or a list of them"):
            run(*command)
    (tmp_path / "one.json").write_text(json.dumps(ACTION))
    assert run("add", str(tmp_path), "--why", "x") == "Added to cart: added\n"
