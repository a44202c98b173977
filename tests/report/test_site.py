"""The pages as files: what they say, that nothing a client sends leaves its place, that little is rewritten."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import msgspec
import pytest

from etl import sql
from etl.cycle.run import run_cycle
from etl.errors import ConfigurationError
from etl.quality.audit import note_run, verify
from etl.quality.daily import check_days
from etl.quality.warehouse import check_warehouse
from etl.report import html, serve
from etl.report.refresh import refresh
from etl.report.site import build
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
    build(database, settings, tmp_path)
    words = " ".join(Page((tmp_path / "index.html").read_text()).words.split())
    assert "Unique users yesterday 3 " in words
    assert "4 ids were active, 1 of them another id of somebody counted already" in words
    assert "Usable, but look at this first." in words
    assert re.search(r"11 % of the rows loaded on \S+ were refused \(4 of 36\)", words)
    assert "in all 1 batches landed + released" in words
    assert "The event's name is empty." in words


def test_a_late_batch_and_silence_turn_the_light(database, db, settings, tmp_path):
    land(db, "page", "device-1", properties='{"$device_id": "device-1"}')
    run_cycle(db, settings)
    refresh(db, settings)
    build(database, settings, tmp_path, now=datetime.now(UTC) + timedelta(seconds=120))
    assert "Fine. The numbers can be trusted." in (tmp_path / "index.html").read_text()
    build(database, settings, tmp_path, now=datetime.now(UTC) + timedelta(seconds=600))
    assert "nothing has been loaded for 10 min" in (tmp_path / "index.html").read_text()
    assert "Do not trust the numbers yet." in (tmp_path / "index.html").read_text()


def test_an_unbalanced_ledger_is_red(database, db, settings, tmp_path):
    run_cycle(db, settings)
    refresh(db, settings)
    db.execute("alter table ops.batch drop constraint ledger_balances")
    db.execute("update ops.batch set landed = landed + 1")
    build(database, settings, tmp_path)
    overview = Page((tmp_path / "index.html").read_text()).words
    assert "Do not trust the numbers yet." in overview
    assert "do not balance: rows are unaccounted for" in overview


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
    words = " ".join(Page((tmp_path / "index.html").read_text()).words.split())
    assert "500 rows of the project 7 are withheld, because the others of batch 3 fail the gate" in words
    assert "3 7 1,500 1,000 500 500" in words
    assert "1 quarantined by ann: a test" in words


def test_each_tick_rests_on_a_check_that_can_fail(database, db, settings, tmp_path):
    """What nobody has checked has no tick; what was checked says when; what does not agree is red."""

    def answers():
        build(database, settings, tmp_path)
        return " ".join(Page((tmp_path / "index.html").read_text()).words.split())

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
    assert "No: every check of the whole warehouse held at" in words
    assert "all batches up to batch 1 agreed with the audit log" in words
    newest = db.execute("select entry_id, hash from ops.audit_entry order by entry_id desc limit 1").fetchone()
    assert f"Audit log: entry {newest['entry_id']}, hash {newest['hash']}" in words

    db.execute("update ops.report_day set unique_users = unique_users + 1000")
    [wrong] = [finding for finding in check_warehouse(db) if finding.is_critical]
    assert wrong.name == "report_agrees_with_events"
    db.execute("update warehouse.person set is_identified = not is_identified")
    note_run(db, verify(db))
    words = answers()
    assert "Do not trust the numbers yet." in words
    assert "checks of the whole warehouse failed at" in words
    assert "1 things do not agree with the audit log" in words


def test_the_auditor_builds_the_page(database, db, settings, tmp_path):
    land(db, "", "user-1")
    run_cycle(db, settings)
    refresh(db, settings)
    run_cycle(db, settings)
    with login(database, "auditor") as url:
        build(url, settings, tmp_path)
    assert "lack the newest 1 batches" in (tmp_path / "index.html").read_text()
    assert (tmp_path / "batch" / "1.html").exists()


def test_an_empty_warehouse_has_a_page_too(database, settings, tmp_path):
    build(database, settings, tmp_path)
    assert "No batch has been loaded yet." in (tmp_path / "index.html").read_text()
    assert "Nothing was refused" in (tmp_path / "quarantine.html").read_text()


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
    while (again := build(database, settings, tmp_path)).written > 5:
        assert again.written <= 70
    unchanged = [path for path, at in before.items() if path.stat().st_mtime_ns == at]
    assert len(unchanged) > first.pages - 6
    assert not list(tmp_path.rglob("*.new"))
    settings = settings.model_copy(update={"report_days": 10})
    assert build(database, settings, tmp_path).removed == 20
    assert len(list((tmp_path / "day").iterdir())) == 10


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
    assert page == serve.with_age(page, tmp_path, 180.0)
    assert b"min old" in serve.with_age(page, tmp_path, -1.0)
    assert b"min old" not in serve.with_age(page, tmp_path / "missing", -1.0)


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
    build(database, settings, tmp_path)
    words = " ".join(Page((tmp_path / "index.html").read_text()).words.split())
    assert "Had nothing been held back, 5 users would be counted." in words
