"""The pages of several shards: each below its name, and one before them with the verdicts of all."""

from __future__ import annotations

import json
import os
import re
import time

import pytest
from typer.testing import CliRunner

from etl import cli, shards, sql
from etl.cycle.run import run_cycle
from etl.report import serve
from etl.report.publish import publish
from etl.report.refresh import refresh
from etl.settings import Settings
from tests.conftest import fresh_database
from tests.landing import land

AWAY = "postgresql://nobody@127.0.0.1:1/warehouse"


@pytest.fixture
def two(server_url, template, tmp_path):
    """`eu` has loaded a batch, `us` nothing; `eu` alone is published, by the folder."""
    with fresh_database(server_url, template) as eu, fresh_database(server_url, template) as us:
        settings = Settings(
            _env_prefix="NO_SUCH_PREFIX_", shards=json.dumps({"eu": eu, "us": us}), report_dir=tmp_path / "pages"
        )
        with sql.connect(eu) as db:
            land(db, "page", "anna", properties={"$device_id": "anna"})
            run_cycle(db, settings)
            refresh(db, settings)
        publish(eu, shards.of(settings, "eu"))
        yield settings


def sections(page):
    """What the page says of each shard."""
    return dict(re.findall(r'<section aria-labelledby="(\w+)">(.*?)</section>', page.decode(), re.DOTALL))


def test_each_shard_has_its_verdicts_and_pages(two):
    status, page = serve.answer(two, "")
    assert status == 200
    found = sections(page)
    assert found.keys() == {"eu", "us"}
    assert '<a href="eu/index.html">eu</a>' in found["eu"]
    assert found["eu"].count('<article class="verdict') == 3
    assert "batch 1" in found["eu"]
    assert "Nothing has been built yet." in found["us"]
    status, page = serve.answer(two, "eu/index.html")
    assert status == 200
    assert b"Data quality, shard eu" in page
    assert b'<a href="../index.html">All shards</a>' in page
    day = next(path.name for path in (two.report_dir / "eu" / "day").glob("*.html"))
    assert b'<a href="../../index.html">All shards</a>' in serve.answer(two, f"eu/day/{day}")[1]


def test_what_is_none_of_a_shard_is_not_there(two):
    (two.report_dir / "secret.html").write_text("secret")
    for path in ("us/index.html", "other/index.html", "secret.html", "eu/../secret.html", "eu/.manifest.json", "eu"):
        status, content = serve.answer(two, path)
        assert (status, b"secret" in content) == (404, False), path
    assert b"events_report_us" in serve.answer(two, "us/index.html")[1]


def test_a_shard_whose_pages_are_old_says_so_and_the_other_does_not(two):
    publish(two.shards["us"], shards.of(two, "us"))
    before = time.time() - 600
    os.utime(two.report_dir / "us" / "index.html", (before, before))
    found = sections(serve.answer(two, "index.html")[1])
    assert "min old" not in found["eu"]
    assert "This page is 10 min old" in found["us"]
    assert "events_ingest_us" in found["us"]


def test_a_shard_that_is_away_or_empty_hides_no_other(two, server_url):
    kept = two.model_copy(update={"report_in_database": True})
    publish(two.shards["us"], shards.of(kept, "us"))
    broken = kept.model_copy(update={
        "shards": {"away": AWAY, "bare": f"{server_url}/postgres", "us": two.shards["us"]}
    })  # fmt: skip
    found = sections(serve.answer(broken, "")[1])
    assert "No connection to the warehouse" in found["away"]
    assert found["us"].count('<article class="verdict') == 3
    assert "does not exist" in found["bare"]
    assert serve.answer(broken, "us/index.html")[0] == 200


def test_as_files(two, monkeypatch, tmp_path):
    monkeypatch.setenv("ETL_SHARDS", json.dumps(two.shards | {"away": AWAY}))
    done = CliRunner().invoke(cli.app, ["report", "--out", str(tmp_path / "site")])
    assert done.exit_code == 1, done.output
    found = sections((tmp_path / "site" / "index.html").read_bytes())
    assert {shard: text.count("<article") for shard, text in found.items()} == {"eu": 3, "us": 3, "away": 0}
    assert (tmp_path / "site" / "us" / "index.html").exists()
    assert not (tmp_path / "site" / "days.html").exists()
