"""The pages as files: what they say, that nothing a client sends leaves its place, that little is rewritten."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from etl import sql
from etl.cycle.run import run_cycle
from etl.errors import ConfigurationError
from etl.operate.rebuild import rebuild
from etl.quality.audit import note_run, verify
from etl.quality.daily import check_days
from etl.quality.warehouse import check_warehouse
from etl.report import html, serve
from etl.report.refresh import refresh
from etl.report.site import COUNTED, build
from etl.settings import Settings
from tests.landing import land
from tests.logins import login
from tests.report.history import generate

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</pre></article></main><iframe src=//evil.example>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;",
    "left \u202e thgir \u2066 \u200b zero",
    "]]><!-- -->",
    "long" * 2500,
    "javascript:alert(1)",
]
DASH = "\N{EN DASH}"
NO_END = {"meta", "br"}


class Page(HTMLParser):
    """What a browser would make of a page: tags that are balanced, attributes, words."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(content)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in NO_END:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += f" {data}"


def words_of(folder, page="index.html"):
    return " ".join(Page((folder / page).read_text()).words.split())


def levels_of(folder):
    """The verdicts of the overview."""
    return dict(
        reversed(pair) for pair in re.findall(r'class="verdict (\w+)" id="(\w+)"', (folder / "index.html").read_text())
    )


def pages(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.html")}


@pytest.fixture
def hostile(database, db, settings, tmp_path):
    """Everything a client can choose, chosen badly: refused, warned about and loaded."""
    for text in HOSTILE:
        land(db, text[:150], None, properties=sql.json_text({text[:500]: text}), uuid=text[:50])
        land(db, "", text, properties=sql.json_text([text]))
        land(db, text[:300], text[:250], timestamp=text[:99], properties=sql.json_text({text[:500]: text}))
    run_cycle(db, settings)
    refresh(db, settings)
    build(database, settings, tmp_path / "site")
    return tmp_path / "site"


def test_nothing_a_client_sends_leaves_its_place(hostile):
    found = pages(hostile)
    assert {"index.html", "days.html", "batches.html", "quarantine.html", "words.html", "batch/1.html"} <= found.keys()
    for name, content in found.items():
        page = Page(content)
        assert page.open == [], name
        assert not {"script", "img", "iframe", "link", "object", "form"} & set(page.tags), name
        assert page.tags.count("style") == 1, name
        for attribute, value in page.attributes:
            assert not attribute.startswith("on"), (name, attribute)
            assert attribute != "style", (name, value)
            if attribute in {"href", "src"}:
                assert re.fullmatch(r"(\.\./)?((day/|batch/)?[\w-]+\.html)?(#[\w%.~-]+)?", value), (name, value)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b]", content), name
        assert len(content) < 400_000, name


def test_no_file_of_a_published_page_holds_a_password(database, settings, tmp_path):
    """Not the pages, and not what a build notes for the next one; a note of a former version is replaced."""
    site, secret = tmp_path / "site", "s3cret-0f-the-0wner"
    url = f"postgresql://owner:{secret}@127.0.0.1:1/warehouse"
    urls = {"database_url": url, "airflow_database_url": url, "capture_database_url": url}
    site.mkdir()
    (site / ".manifest.json").write_bytes(msgspec.json.encode({"words.html": f"0 database_url='{url}'"}))
    build(database, settings.model_copy(update=urls), site)
    files = [path for path in site.rglob("*") if path.is_file()]
    assert site / ".manifest.json" in files
    for file in files:
        assert secret.encode() not in file.read_bytes(), file
    assert (site / ".manifest.json").stat().st_mode & 0o777 == 0o600
    noted = msgspec.json.decode((site / ".manifest.json").read_bytes())
    assert all(re.fullmatch("[0-9a-f]{64}", fingerprint) for fingerprint in noted.values())


def test_settings_shown_whole_show_no_password():
    url = "postgresql://owner:s3cret@127.0.0.1:1/warehouse"
    names = [name for name in Settings.model_fields if name.endswith("_url")]
    assert len(names) == 3
    settings = Settings(**dict.fromkeys(names, url))
    assert "s3cret" not in f"{settings} {settings!r}"


def test_what_was_sent_is_shown_as_it_was_sent(hostile):
    words = Page((hostile / "quarantine.html").read_text()).words
    assert "<script>alert(1)</script>" in words
    assert "{{ 7 * 7 }}" in words
    assert "\N{SYMBOL FOR ESCAPE}202E" in words
    assert "longlong" in words
    assert "long" * 200 not in words


def test_every_page_stands_alone_under_a_strict_policy(hostile):
    for name, content in pages(hostile).items():
        assert f'content="{html.policy()}"'.replace("'", "&#39;") in content.replace("'", "&#39;"), name
        assert "http://" not in content, name
        assert "https://" not in content, name
    assert html.policy().startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in html.policy()


def test_every_link_leads_to_a_page_and_a_place(hostile):
    found = pages(hostile)
    ids = {name: set(re.findall(r'id="([^"]+)"', content)) for name, content in found.items()}
    for name, content in found.items():
        for href in re.findall(r'href="([^"]+)"', content):
            file, _, place = href.partition("#")
            target = (
                str((hostile / name).parent.joinpath(file).resolve().relative_to(hostile.resolve())) if file else name
            )
            assert target in found, (name, href)
            assert not place or place in ids[target], (name, href)


def test_the_overview_says_how_many_users_are_they_right_and_what_was_refused(database, db, settings, tmp_path):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for number in range(30):
        device = f"device-{number % 3}"
        land(db, "page", device, timestamp=yesterday.isoformat(), properties=f'{{"$device_id": "{device}"}}')
    land(db, "$identify", "user-1", timestamp=yesterday.isoformat(), properties='{"$anon_distinct_id": "device-0"}')
    land(db, "page", "user-1", timestamp=yesterday.isoformat())
    for _ in range(4):
        land(db, "", "user-1")
    run_cycle(db, settings)
    refresh(db, settings)
    check_warehouse(db)
    build(database, settings, tmp_path)
    words = words_of(tmp_path)
    assert re.search(r"Yesterday can be trusted. 3 unique users, \w+ \d+ \w+ at least 3, at most 3", words)
    assert "4 ids were active, 1 of them another id of somebody counted already" in words
    # What was refused arrived today and says nothing of its time.
    assert "Today is usable, but look at this first." in words
    assert "11 % of the rows loaded that day were refused (4 of 36)" in words
    assert "In all 1 batch landed + released" in words
    assert "The event's name is empty." in words


def test_a_late_batch_speaks_against_the_pipeline_and_not_against_yesterday(database, db, settings, tmp_path):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    land(db, "page", "device-1", timestamp=yesterday.isoformat(), properties='{"$device_id": "device-1"}')
    run_cycle(db, settings)
    refresh(db, settings)
    build(database, settings, tmp_path)
    # No tick without a check.
    assert levels_of(tmp_path) == {"yesterday": "unknown", "today": "unknown", "pipeline": "good"}
    check_warehouse(db)
    build(database, settings, tmp_path, now=datetime.now(UTC) + timedelta(seconds=20))
    assert levels_of(tmp_path) == {"yesterday": "good", "today": "good", "pipeline": "good"}
    [loaded] = db.execute("select as_of from ops.batch").fetchall()
    late = min(datetime.now(UTC) + timedelta(seconds=600), loaded["as_of"].replace(hour=23, minute=59, second=59))
    settings = settings.model_copy(update={"late_after_seconds": 1.0})
    build(database, settings, tmp_path, now=late)
    assert "The newest batch is late: nothing has been loaded for" in words_of(tmp_path)
    assert f"It lacks what has arrived since {html.when(loaded['as_of'])}" in words_of(tmp_path)
    assert levels_of(tmp_path) == {"yesterday": "good", "today": "look", "pipeline": "bad"}


def test_a_day_that_is_not_loaded_to_its_end_is_not_to_be_published(database, db, settings, tmp_path):
    land(db, "page", "device-1", properties='{"$device_id": "device-1"}')
    run_cycle(db, settings)
    refresh(db, settings)
    build(database, settings, tmp_path, now=datetime.now(UTC) + timedelta(days=1))
    assert levels_of(tmp_path)["yesterday"] == "bad"
    assert "It is not complete: only what arrived up to" in words_of(tmp_path)


def test_what_waits_behind_a_batch_that_fails_is_neither_late_nor_silent(database, db, settings, tmp_path):
    generate(db, 90, datetime.now(UTC) - timedelta(hours=5))
    refresh(db, settings)
    db.execute(
        """insert into ops.batch (batch_id, lower_xid, lower_landing_id, upper_xid, upper_landing_id,
               arrival_clock_before, arrival_clock, as_of,
               hold_seconds, is_caught_up, landed, opened_at)
           select 91, upper_xid, upper_landing_id, '99', 99, now(), now(), now(), 60, true, 1, now()
           from ops.batch where batch_id = 90"""
    )
    db.execute(
        """insert into ops.step_failure (batch_id, step, error, failures, last_at)
           values (91, 'resolve', 'too large', 3, now())"""
    )
    land(db, "page", "device-1")
    build(database, settings, tmp_path)
    words = words_of(tmp_path)
    assert "1 row wait behind batch 91, which has failed 3 times in the step resolve: too large" in words
    assert "is late" not in words
    assert "Silence" not in words
    assert levels_of(tmp_path)["pipeline"] == "bad"


def test_a_copy_says_as_of_when_it_is_and_when_the_next_is_due(database, db, settings, tmp_path):
    run_cycle(db, settings)
    build(database, settings, tmp_path, now=datetime(2031, 3, 4, 5, 6, 7, tzinfo=UTC))
    words = words_of(tmp_path)
    assert "As of Tue 4 Mar 2031 05:06:07 UTC, batch 1." in words
    assert "A new copy is due by Tue 4 Mar 05:11:07 UTC" in words
    assert 'http-equiv="refresh"' not in (tmp_path / "index.html").read_text()


def test_an_unbalanced_ledger_is_red(database, db, settings, tmp_path):
    run_cycle(db, settings)
    refresh(db, settings)
    db.execute("alter table ops.batch drop constraint ledger_balances")
    db.execute("update ops.batch set landed = landed + 1")
    build(database, settings, tmp_path)
    assert levels_of(tmp_path) == {"yesterday": "bad", "today": "bad", "pipeline": "good"}
    assert "do not balance: rows are unaccounted for" in words_of(tmp_path)


def test_the_overview_says_whose_rows_are_withheld_and_who_sent_a_batch_to_quarantine(database, db, settings, tmp_path):
    generate(db, 2, datetime.now(UTC))
    db.execute(
        """update ops.batch set decision = 'quarantined', decided_at = now(), decided_by = 'ann', decided_why = 'a test'
           where batch_id = 1"""
    )
    db.execute("insert into landing.project (team_id, name) values (7, 'shop')")
    for number in range(1500):
        land(db, None if number < 1000 else "page", f"u{number}", team_id=7)
    run_cycle(db, settings)
    refresh(db, settings)
    build(database, settings, tmp_path)
    words = words_of(tmp_path)
    assert "500 rows of the project 7 are withheld, because the others of batch 3 fail the gate" in words
    assert "3 7 1,500 1,000 500 500" in words
    assert "1 quarantined by ann: a test" in words


def test_each_tick_rests_on_a_check_that_can_fail(database, db, settings, tmp_path):
    """What nobody has checked has no tick; what was checked says when; what does not agree is red."""

    def answers():
        build(database, settings, tmp_path)
        return words_of(tmp_path)

    check_warehouse(db)  # of an empty warehouse: no news of what comes later
    note_run(db, verify(db))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    land(db, "$identify", "alice", timestamp=yesterday.isoformat(), properties={"$anon_distinct_id": "a1"})
    land(db, "page", "bob", timestamp=yesterday.isoformat(), properties={"$device_id": "bob"})
    run_cycle(db, settings)
    refresh(db, settings)
    words = answers()
    assert "The whole warehouse has not been checked yet." in words
    assert "No audit has run yet." in words
    check_days(db)
    assert [finding.name for finding in check_warehouse(db) if finding.is_critical] == []
    note_run(db, verify(db))
    words = answers()
    assert "Every check of the whole warehouse held at" in words
    assert "The recount from the events held at" in words
    assert "all batches up to batch 1 agreed with the audit log" in words
    newest = db.execute("select entry_id, hash from ops.audit_entry order by entry_id desc limit 1").fetchone()
    assert f"Audit log: entry {newest['entry_id']}, hash {newest['hash']}" in words

    db.execute("update ops.report_day set unique_users = unique_users + 1000")
    [wrong] = [finding for finding in check_warehouse(db) if finding.is_critical]
    assert wrong.name == "reported_users_agree_with_events"
    db.execute("update warehouse.person set is_identified = not is_identified")
    note_run(db, verify(db))
    words = answers()
    assert levels_of(tmp_path) == {"yesterday": "bad", "today": "bad", "pipeline": "good"}
    assert "1 check of the whole warehouse failed at" in words
    assert "1 things do not agree with the audit log" in words


def test_the_auditor_builds_the_page(database, db, settings, tmp_path):
    land(db, "", "user-1")
    run_cycle(db, settings)
    refresh(db, settings)
    run_cycle(db, settings)
    with login(database, "auditor") as url:
        build(url, settings, tmp_path)
    assert "lack the newest 1 batch." in (tmp_path / "index.html").read_text()
    assert (tmp_path / "batch" / "1.html").exists()


def test_an_empty_warehouse_has_a_page_too(database, settings, tmp_path):
    build(database, settings, tmp_path)
    assert "No batch has been loaded yet." in (tmp_path / "index.html").read_text()
    assert "Nothing was refused" in (tmp_path / "quarantine.html").read_text()
    assert levels_of(tmp_path) == {"yesterday": "unknown", "today": "unknown", "pipeline": "look"}
    for content in pages(tmp_path).values():
        assert 'aria-label="Good"' not in content


def test_a_folder_that_cannot_be_written_is_one_clear_line(database, settings, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="Cannot write the report to"):
        build(database, settings, tmp_path / "file" / "site")


def test_unchanged_pages_are_left_alone_and_old_ones_go(database, db, settings, tmp_path):
    generate(db, 300, datetime.now(UTC))
    refresh(db, settings)
    first = build(database, settings, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.html")}
    land(db, "page", "device-1", properties='{"$device_id": "device-1"}')
    run_cycle(db, settings)
    refresh(db, settings)
    build(database, settings, tmp_path)
    changed = {path.relative_to(tmp_path) for path, at in before.items() if path.stat().st_mtime_ns != at}
    # What says as of when it is, and today.
    top = {"index", "days", "batches", "incidents", "warnings", "sources", "evidence", "counted"}
    assert {path.stem for path in changed if len(path.parts) == 1} <= top
    assert len(changed) <= len(top) + 2
    assert len(changed) < first.pages - 4
    assert not list(tmp_path.rglob("*.new"))


def test_pages_of_days_that_are_shown_no_more_go(database, db, settings, tmp_path):
    now = datetime.now(UTC)
    for days in (0, 3, 12):
        at = (now - timedelta(days=days)).isoformat()
        land(db, "page", "device-1", timestamp=at, properties={"$device_id": "device-1"})
    run_cycle(db, settings)
    refresh(db, settings)
    build(database, settings, tmp_path)
    # Nothing is known of days before the first.
    assert len(list((tmp_path / "day").iterdir())) == 13
    assert build(database, settings.model_copy(update={"report_days": 10}), tmp_path).removed == 9
    assert len(list((tmp_path / "day").iterdir())) == 4


def test_a_busy_day_is_one_light_page_and_not_a_page_a_batch(database, db, settings, tmp_path):
    """Two days of a batch a minute: only those with something to look at have pages of their own."""
    generate(db, 2880, datetime.now(UTC))
    refresh(db, settings)
    while build(database, settings, tmp_path).written > 20:
        pass
    odd = db.execute(
        """select count(*) as n from ops.batch inner join ops.report_batch using (batch_id)
           where loaded_at >= date_trunc('day', now(), 'UTC') - interval '1 day'
             and (quarantined > 0 or warnings > 0 or failed_expectations > 0)"""
    ).fetchone()["n"]
    assert len(list((tmp_path / "batch").iterdir())) == odd < 100
    for path in tmp_path.rglob("*.html"):
        assert path.stat().st_size < 150_000, path


def test_only_pages_are_served_and_only_from_the_folder(tmp_path):
    site = tmp_path / "site"
    (site / "day").mkdir(parents=True)
    (site / "index.html").write_text(f"<body>{serve.AGE.decode()}index")
    (site / ".manifest.json").write_text("{}")
    (tmp_path / "secret.html").write_text("secret")
    (site / "link.html").symlink_to(tmp_path / "secret.html")
    assert b"index" in (serve.read_page(site, "") or b"")
    for path in (
        "../secret.html",
        "day/../../secret.html",
        "link.html",
        ".manifest.json",
        "/etc/passwd",
        "day",
        "a\0b",
        "x" * 5000,
    ):
        assert serve.read_page(site, path) is None, path


def test_a_page_that_is_old_says_so(tmp_path):
    (tmp_path / "index.html").write_text(f"<body>{serve.AGE.decode()}index")
    page = serve.read_page(tmp_path, "")
    assert page == serve.with_age(page, 179.0, 180.0)
    assert b"This page is 5 min old" in serve.with_age(page, 300.0, 180.0)
    assert page == serve.with_age(page, None, 180.0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0 s"), (0.42, "0.4 s"), (75, "75 s"), (720, "12 min"), (12_600, "3.5 h"), (200_000, "2.3 d"), (None, DASH)],
)
def test_durations(value, shown):
    assert html.seconds(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0 %"), (0.0004, "<0.1 %"), (0.012, "1.2 %"), (0.5, "50 %"), (float("nan"), DASH)]
)
def test_shares(value, shown):
    assert html.share(value) == shown


def test_the_overview_says_what_the_buffer_was_worth(database, db, settings, tmp_path):
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    db.execute("insert into ops.user_day values (%s, 1, 40, 3, 5, 9, now())", (yesterday,))
    db.execute("insert into ops.report_day values (%s, 1, 40, 0, 9, 3)", (yesterday,))
    run_cycle(db, settings)
    build(database, settings, tmp_path)
    assert "Had nothing been held back, 5 users would be counted." in words_of(tmp_path)


def test_each_warning_has_a_sentence():
    """Whatever the code warns of."""
    types = set(re.findall(r"^ +'(\w+)',\n +(?:jsonb|'\{\}')", sql.statement("stage/insert_warning").decode(), re.M))
    for path in sql.resource("sql").rglob("*.sql"):
        text = path.read_text()
        if "insert into staging.warning" in text:
            types |= set(re.findall(r"'(\w+)' as type", text))
    for path in (Path(html.__file__).parents[1] / "cycle").glob("*.py"):
        types |= set(re.findall(r'"(\w+_(?:violation))"', path.read_text()))
    assert len(types) > 15
    assert types == html._warnings().keys()


def test_rows_are_landed_again_only_where_that_can_help(database, db, settings, tmp_path):
    land(db, "", "user-1", properties={"$lib": "posthog-android", "$lib_version": "3.1", "$app_version": "9"})
    land(db, "page", "user-1", team_id=99, properties={"$lib": "posthog-node"})
    run_cycle(db, settings)
    refresh(db, settings)
    build(database, settings, tmp_path)
    words = words_of(tmp_path, "quarantine.html")
    assert "etl quarantine discard --reason event_name_not_empty" in words
    assert "etl quarantine replay --reason event_name_not_empty" not in words
    assert "etl quarantine replay --reason team_known" in words
    assert "posthog-android 3.1 9 1 1 1" in words
    assert "posthog-node" in words


def test_how_it_is_counted_gives_the_numbers_that_are_shown(database, db, settings, tmp_path):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for who in ("a", "b", "b"):
        land(db, "page", who, timestamp=yesterday.isoformat(), properties={"$device_id": who})
    land(db, "$identify", "anna", timestamp=yesterday.isoformat(), properties={"$anon_distinct_id": "a"})
    land(db, "", "c")
    run_cycle(db, settings)
    refresh(db, settings)
    build(database, settings, tmp_path)
    day = yesterday.date()
    found = {name: next(iter(sql.one(db, file, {"day": day}).values())) for name, file in COUNTED.items()}
    assert found == {"unique_users": 2, "distinct_ids": 3, "events": 4, "late_events": 4, "quarantined": 0}
    words = words_of(tmp_path, "counted.html")
    for name, number in found.items():
        assert f"{name.replace('_', ' ')} {number}" in words
    # As it is shown, so that it can be pasted, in whatever time zone: in one of these it was another day.
    shown = re.findall(r"<pre>(select.*?)</pre>", (tmp_path / "counted.html").read_text(), re.DOTALL)
    assert len(shown) == len(found)
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        db.execute(f"set timezone = '{zone}'")
        for statement, number in zip(shown, found.values(), strict=True):
            assert list(db.execute(unescape(statement).encode()).fetchone().values()) == [number]
    assert words.count("etl explain") == 2


def test_the_evidence_says_when_each_check_was_made_and_what_it_found(database, db, settings, tmp_path):
    run_cycle(db, settings)
    build(database, settings, tmp_path)
    words = words_of(tmp_path, "evidence.html")
    assert "No audit has run yet" in words
    assert "Not checked yet" in words
    assert "Landing has not been replayed yet" in words
    rebuild(database, settings)
    found = check_warehouse(db)
    note_run(db, verify(db))
    build(database, settings, tmp_path)
    words = words_of(tmp_path, "evidence.html")
    for each in found:
        assert html.label(each.name) in words
    newest = db.execute("select hash from ops.audit_entry order by entry_id desc limit 1").fetchone()
    assert newest["hash"] in words
    assert "1 to 1" in words
    assert "has not been replayed" not in words
    assert "first difference" in words


def test_a_batch_that_a_person_sent_to_quarantine_says_who_and_why(database, db, settings, tmp_path):
    generate(db, 2, datetime.now(UTC))
    db.execute(
        """update ops.batch set quarantined = 5, landed = landed + 5, decision = 'quarantined', decided_at = now(),
               decided_by = 'ann', decided_why = 'a test run' where batch_id = 2"""
    )
    refresh(db, settings)
    build(database, settings, tmp_path)
    assert "ann sent it to quarantine" in words_of(tmp_path, "batch/2.html")
    assert "a test run" in words_of(tmp_path, "batch/2.html")


@pytest.mark.parametrize(
    ("value", "top"),
    [(0.3, 1), (61, 120), (83 * 60, 7200), (2.8 * 3600, 14_400), (30 * 3600, 2 * 86_400), (100 * 86_400, 100 * 86_400)],
)
def test_an_axis_of_time_ends_at_what_people_count_in(value, top):
    assert html.nice_ceiling(value, "secs") == top


def test_words_between_backticks_are_code_and_nothing_else_is():
    assert html.prose("run `etl <x>` & wait") == "run <code>etl &lt;x&gt;</code> &amp; wait"
    assert html.prose("an odd ` one <b>") == "an odd ` one &lt;b&gt;"
