"""Several warehouses: which one a command acts on, where a project is, and what a broken shard costs the others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner

from etl import cli, databases, sql
from etl.errors import ConfigurationError
from etl.migrate import migrate
from etl.settings import read_settings
from tests.conftest import fresh_database
from tests.landing import land

AWAY = "postgresql://nobody@127.0.0.1:1/warehouse"


@pytest.fixture
def shards(server_url: str, template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Two: `eu` has the project 1, `us` has none."""
    with fresh_database(server_url, template) as eu, fresh_database(server_url, template) as us:
        with sql.connect(us) as db:
            sql.run(db, "migrate/delete_default_project")
        found = {"eu": eu, "us": us}
        monkeypatch.setenv("ETL_SHARDS", json.dumps(found))
        yield found


@pytest.fixture
def etl(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the program as a shell does; gives its exit status and what it prints and says on standard error."""

    def _etl(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["etl", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return _etl


def test_the_address_is_that_of_the_chosen_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETL_SHARDS", '{"eu": "postgresql://a/b", "us": "postgresql://c/d"}')
    assert read_settings().warehouse_url is None
    assert read_settings(shard="us").warehouse_url == "postgresql://c/d"
    monkeypatch.setenv("ETL_SHARD", "eu")
    assert read_settings().warehouse_url == "postgresql://a/b"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ETL_DATABASE_URL": "postgresql://e/f"}, "ETL_SHARDS and ETL_DATABASE_URL are both set"),
        ({"ETL_DATABASE_URL": "postgresql://a/b"}, "ETL_SHARDS and ETL_DATABASE_URL are both set"),
        ({"ETL_CAPTURE_DATABASE_URL": "postgresql://e/f"}, "ETL_SHARDS and ETL_CAPTURE_DATABASE_URL are both set"),
        ({"ETL_SHARD": "us"}, "There is no shard 'us'; those of ETL_SHARDS: eu."),
        ({"ETL_SHARDS": "{}", "ETL_SHARD": "eu"}, "There is no shard 'eu'; those of ETL_SHARDS: none."),
        ({"ETL_SHARDS": '{"eu": "x", "us": "x"}'}, "ETL_SHARDS has two names for one address"),
    ],
)
def test_settings_that_contradict_each_other(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str
) -> None:
    for name, value in ({"ETL_SHARDS": '{"eu": "postgresql://a/b"}'} | variables).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as raised:
        read_settings()
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_only_the_first_shard_gets_the_default_project(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row without a project's number must not become one of a project that lives elsewhere."""
    with (
        databases.temporary_database(server_url, "shard_first") as first,
        databases.temporary_database(server_url, "shard_second") as second,
    ):
        monkeypatch.setenv("ETL_SHARDS", json.dumps({"first": first, "second": second}))
        done = CliRunner().invoke(cli.app, ["migrate"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        with sql.connect(first) as one, sql.connect(second) as other:
            assert one.execute("select team_id, name from landing.project").fetchall() == [
                {"team_id": 1, "name": "default"}
            ]
            assert other.execute("select team_id, name from landing.project").fetchall() == []
            land(other)
        done = CliRunner().invoke(cli.app, ["--shard", "second", "cycle", "--json"], catch_exceptions=False)
        assert json.loads(done.output)["quarantined"] == 1
        with sql.connect(second) as other:
            [refused] = other.execute("select reasons from quarantine.event").fetchall()
            assert "team_id" in str(refused["reasons"])
            other.execute("insert into landing.project (team_id, name) values (2, 'shop')")
            migrate(other, read_settings(shard="second"))
            assert other.execute("select team_id from landing.project").fetchall() == [{"team_id": 2}], "only when new"


def test_a_command_for_one_warehouse_asks_which(
    shards: dict[str, str], etl: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, _, said = etl("batch", "list")
    assert (status, said) == (
        1, "etl: There are several shards: say on which one, with `etl --shard NAME ...`: eu, us.\n",
    )  # fmt: skip
    assert etl("--shard", "nowhere", "batch", "list")[0] == 1
    assert etl("--shard", "us", "batch", "list", "--json")[:2] == (0, "[]\n")
    monkeypatch.setenv("ETL_SHARD", "us")
    assert etl("batch", "list", "--json")[:2] == (0, "[]\n")


def test_projects_have_one_number_and_one_name(
    shards: dict[str, str], etl: Callable[..., tuple[int, str, str]]
) -> None:
    assert etl("project", "add", "shop")[0] == 1
    for shard, name in (("us", "shop"), ("eu", "blog"), ("us", "forum")):
        status, token, _ = etl("--shard", shard, "project", "add", name)
        assert status == 0
        assert token.startswith("phc_")
    status, listed, _ = etl("project", "list", "--json")
    projects = {
        (shard, project["team_id"], project["name"])
        for line in listed.splitlines()
        for shard, rows in json.loads(line).items()
        for project in rows
    }
    assert projects == {("eu", 1, "default"), ("us", 2, "shop"), ("eu", 3, "blog"), ("us", 4, "forum")}
    for shard in ("eu", "us"):
        status, _, said = etl("--shard", shard, "project", "add", "shop")
        assert (status, said) == (1, "etl: There is a project 'shop' already, on the shard us.\n")


def test_no_project_is_made_while_a_shard_is_away(
    shards: dict[str, str], etl: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have the number, or the name."""
    monkeypatch.setenv("ETL_SHARDS", json.dumps({"away": AWAY} | shards))
    status, _, said = etl("--shard", "eu", "project", "add", "shop")
    assert status == 1
    assert said.startswith("etl: Shard away: No connection to the warehouse: ")
    assert "shop" not in etl("--shard", "eu", "project", "list")[1]


def test_a_project_leads_to_its_shard(
    shards: dict[str, str], etl: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    etl("--shard", "us", "project", "add", "shop")
    with sql.connect(shards["us"]) as db:
        land(db, "", "a", team_id=2)
    etl("--shard", "us", "cycle")
    status, listed, _ = etl("quarantine", "list", "--team", "2", "--json")
    assert (status, [row["events"] for row in json.loads(listed)]) == (0, [1])
    assert etl("quarantine", "list", "--team", "1", "--json")[:2] == (0, "[]\n")
    assert etl("project", "disable", "shop")[1].startswith("1 tokens ended")
    status, _, said = etl("quarantine", "list", "--team", "7")
    assert status == 1
    assert said.startswith("etl: No shard has a project 7:")
    assert etl("--shard", "us", "quarantine", "list", "--team", "7")[0] == 0

    # A shard that is away matters only to those whose project may be there.
    monkeypatch.setenv("ETL_SHARDS", json.dumps({"away": AWAY} | shards))
    assert etl("quarantine", "list", "--team", "2")[0] == 0
    status, _, said = etl("quarantine", "list", "--team", "7")
    assert (status, said.startswith("etl: Shard away: ")) == (1, True)

    monkeypatch.setenv("ETL_SHARDS", json.dumps(shards))
    with sql.connect(shards["eu"]) as db:
        db.execute("insert into landing.project (team_id, name) values (2, 'twin')")
    status, _, said = etl("quarantine", "list", "--team", "2")
    assert status == 1
    assert said.startswith("etl: The project 2 is on several shards (eu, us) and should be on one.")


def test_a_command_goes_through_all_shards_and_past_a_broken_one(
    shards: dict[str, str],
    etl: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    server_url: str,
) -> None:
    with sql.connect(shards["us"]) as db:
        land(db)
    status, printed, said = etl("cycle")
    assert (status, said) == (0, "")
    headings = [line for line in printed.splitlines() if line in shards]
    assert headings == ["eu", "us"]

    monkeypatch.setenv("ETL_SHARDS", json.dumps({"away": AWAY, "bare": f"{server_url}/postgres"} | shards))
    status, printed, said = etl("digest", "--json")
    assert status == 1
    assert [list(json.loads(line)) for line in printed.splitlines()] == [["eu"], ["us"]]
    assert [line.partition(": ")[2].partition(":")[0] for line in said.splitlines()] == ["away", "bare"]
    assert said.endswith("Run `etl migrate`.\n")

    with sql.connect(shards["eu"]) as db, sql.cycle_lock(db):
        monkeypatch.setenv("ETL_SHARDS", json.dumps(shards))
        assert etl("cycle")[0] == 75
        monkeypatch.setenv("ETL_SHARDS", json.dumps(shards | {"away": AWAY}))
        assert etl("cycle")[0] == 1, "another run may pass by itself, what is broken does not"
    assert etl("--shard", "eu", "cycle", "--json")[1].startswith('{"batch_id":2,')


def test_not_even_a_fault_nobody_foresaw_keeps_the_next_shard_from_running(
    shards: dict[str, str], etl: Callable[..., tuple[int, str, str]]
) -> None:
    with sql.connect(shards["eu"]) as db:
        db.execute("delete from ops.watermark")
    status, printed, said = etl("cycle", "--json")
    assert (status, list(json.loads(printed))) == (1, ["us"])
    assert said.startswith("etl: eu:\nTraceback (most recent call last):\n")


@pytest.mark.parametrize("command", ["up", "demo"])
def test_what_starts_everything_here_starts_one_warehouse(
    command: str, shards: dict[str, str], etl: Callable[..., tuple[int, str, str]]
) -> None:
    status, _, said = etl(command)
    assert (status, said) == (1, "etl: This starts one warehouse on this machine, not several: unset ETL_SHARDS.\n")


def test_an_alert_says_of_which_shard_it_is(shards: dict[str, str], etl: Callable[..., tuple[int, str, str]]) -> None:
    with sql.connect(shards["eu"]) as db:
        land(db)
    etl("--shard", "eu", "cycle")
    etl("--shard", "eu", "maintain")
    status, printed, _ = etl("alert")
    assert status == 1
    assert printed.startswith("us\nEvent ingestion of shard us: 1 raised\n"), "nothing is printed for eu"
    assert "is the DAG `events_ingest_us` un-paused" in printed
    assert etl("alert")[:2] == (1, ""), "cron mails whatever is printed"
