"""The pages in the database, where workers and web server share no folder."""

from __future__ import annotations

import pytest

from etl import sql
from etl.cycle.run import run_cycle
from etl.errors import ConfigurationError, UnavailableError
from etl.report import serve
from etl.report.publish import publish
from etl.report.refresh import refresh
from etl.report.site import MANIFEST, build
from tests.landing import land, moment
from tests.logins import login
from tests.report.test_site import pages


@pytest.fixture
def shared(settings, database):
    return settings.model_copy(update={"report_in_database": True, "database_url": database})


@pytest.fixture
def published(db, database, shared):
    land(db, "page", "anna", properties={"$device_id": "anna"}, at=0)
    land(db, "", "nobody", at=1)
    run_cycle(db, shared, now=moment(2))
    refresh(db, shared, now=moment(3))
    return publish(database, shared)


def stored(db):
    return {row["name"]: bytes(row["content"]) for row in sql.run(db, "report/read_pages")}


def test_they_are_those_of_the_folder(db, database, shared, published, tmp_path):
    build(database, shared, tmp_path)
    found = stored(db)
    assert found.keys() == {*pages(tmp_path), MANIFEST}
    assert published.written == published.pages == len(found) - 1
    assert found["batch/1.html"] == (tmp_path / "batch/1.html").read_bytes()
    status, content = serve.answer(shared, "batch/1.html")
    assert (status, content) == (200, found["batch/1.html"])
    assert serve.answer(shared, "")[1] == serve.answer(shared, "index.html")[1] == found["index.html"]


def test_a_build_elsewhere_writes_only_what_has_changed(db, database, shared, published):
    before = {row["name"]: row["written_at"] for row in db.execute("select name, written_at from ops.report_page")}
    again = publish(database, shared)
    assert again.written < published.written
    after = {row["name"]: row["written_at"] for row in db.execute("select name, written_at from ops.report_page")}
    assert before.keys() == after.keys()
    # Pages that say as of when they are are written each time, those of batches and days are not.
    kept = {name for name in before if after[name] == before[name]}
    assert kept >= {name for name in before if name.startswith(("batch/", "day/"))} > set()
    assert after["index.html"] > before["index.html"]


def test_a_page_that_is_shown_no_more_goes(db, database, shared, published):
    db.execute("insert into ops.report_page values ('batch/77.html', 'old')")
    db.execute(
        "update ops.report_page set content = convert_to(jsonb_set(convert_from(content, 'utf8')::jsonb,"
        " '{batch/77.html}', '\"x\"')::text, 'utf8') where name = %s",
        (MANIFEST,),
    )
    assert publish(database, shared).removed == 1
    assert serve.answer(shared, "batch/77.html")[0] == 404


def test_only_pages_are_served(shared, published):
    for path in (MANIFEST, "../index.html", "/index.html", "batch", "a\0b.html", "x" * 5000, "'; select 1 --.html"):
        status, content = serve.answer(shared, path)
        assert status == 404, path
        assert b"ops.report_page" in content


def test_an_old_one_says_so(db, shared, published):
    assert b"min old" not in serve.answer(shared, "")[1]
    db.execute("update ops.report_page set written_at = now() - interval '10 minutes' where name = 'index.html'")
    assert b"This page is 10 min old" in serve.answer(shared, "batch/1.html")[1]


def test_an_auditor_is_enough_to_show_them(shared, published, database):
    with login(database, "auditor") as url:
        assert serve.answer(shared.model_copy(update={"database_url": url}), "")[0] == 200


def test_a_web_server_without_a_database_says_so(shared):
    with pytest.raises(ConfigurationError, match="set ETL_DATABASE_URL for the web server"):
        serve.answer(shared.model_copy(update={"database_url": None}), "")
    with pytest.raises(UnavailableError):
        serve.answer(shared.model_copy(update={"database_url": "postgresql://127.0.0.1:1/none"}), "")
