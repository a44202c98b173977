"""Ten days of a shop, with an incident each: what the page says on the morning after, as worked out by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etl import sql
from etl.quality.incidents import kinds
from etl.report.site import build
from etl.settings import Settings
from tests.conftest import fresh_database
from tests.report import story
from tests.report.test_site import Page, levels_of

pytestmark = pytest.mark.long

# Of yesterday. The tablet's merges wait until a person decides them on the last day, and are in doubt no more.
VERDICTS = {
    "silent_source": "bad",
    "lost_device_ids": "bad",
    "vanished_property": "look",
    "changed_type": "look",
    "names_from_ids": "good",
    "placeholder_ids": "look",
    "duplicate_flood": "good",
    "refused_merges": "look",
    "refused_rows": "look",
    "late_uploads": "good",
}
# What the line of each says: its subject, how many it touches, who can correct it.
LINES = {
    "silent_source": ["posthog-node", "0 events in 6 hours where about 156 were expected", "156 events"],
    "lost_device_ids": ["posthog-android", "208 events · 208 users", "The team of that app"],
    "vanished_property": ["Plan viewed", "no longer sent: planId", "The team whose code sends that event"],
    "changed_type": ["Plan viewed, price", "a number before, now a string too"],
    "names_from_ids": ["Viewed item <id>", "60 names", "60 events · 30 users"],
    "placeholder_ids": ["ids anonymous, null, undefined; 40 devices count as 3 users", "40 events"],
    # Seven times 312 events.
    "duplicate_flood": ["posthog-node", "2184 of 3168 rows in 1 batches", "2,184 events"],
    "refused_merges": ["13 merges wait; most name tablet", "13 events · 13 users"],
    "refused_rows": ["event_name_not_empty from posthog-android, app 3.9", "60 events · 40 users"],
    "late_uploads": ["posthog-android", "more than 24 hours late", "80 events · 30 users"],
}


@pytest.fixture(scope="module")
def site(server_url, template, tmp_path_factory):
    """The pages as of each morning, by the incident of the day before; and the bounds of that day."""
    folder, bounds = tmp_path_factory.mktemp("story"), {}
    settings = Settings(_env_prefix="NO_SUCH_PREFIX_")
    with fresh_database(server_url, template) as url, sql.connect(url) as db:

        def each_day(day, now):
            name = story.INCIDENTS[day.number].__name__
            row = sql.one(db, "report/count_bounds", {"day": day.day})
            bounds[name] = (row["at_least"] - row["counted"], row["at_most"] - row["counted"])
            build(url, settings, folder / name, now=now)

        story.play(db, settings, each_day)
    return folder, bounds


def lines(folder: Path) -> list[str]:
    """The lines of incidents on the overview."""
    found = re.search(r'<ul class="incidents">(.*?)</ul>', (folder / "index.html").read_text(), re.DOTALL)
    items = re.findall(r"<li .*?</li>", found[1], re.DOTALL) if found else []
    return [" ".join(Page(item).words.split()) for item in items]


def article(folder: Path, subject: str) -> str:
    """What the page of incidents says of one."""
    found = re.findall(r"<article .*?</article>", (folder / "incidents.html").read_text(), re.DOTALL)
    [words] = [text for text in (" ".join(Page(item).words.split()) for item in found) if subject in text]
    return words


def test_each_kind_of_incident_has_its_day():
    """But those of a reader's own expectations and actions, and an event that alone goes quiet."""
    others = {"silent_event", "silent_action", "own_expectation_failed", "own_suite_broken"}
    assert {each.__name__ for each in story.INCIDENTS} == kinds().keys() - others == VERDICTS.keys()


@pytest.mark.parametrize("name", VERDICTS)
def test_the_incident_of_the_day_is_one_line_on_the_first_screen(site, name):
    folder, _ = site
    shown = lines(folder / name)
    found = [line for line in shown if line.startswith(kinds()[name].title)]
    assert len(found) == 1
    for part in LINES[name]:
        assert part in found[0]
    # Nothing else is found that did not happen; the merges of the tablet wait for two days.
    others = {line for line in shown if line not in found}
    waiting = {"refused_rows", "late_uploads"}
    assert len(others) == (1 if name in waiting else 0), others
    assert re.search(r'href="incidents.html#i\d+"', (folder / name / "index.html").read_text())


@pytest.mark.parametrize(("name", "level"), VERDICTS.items())
def test_the_verdict_of_the_day_is_right(site, name, level):
    folder, _ = site
    found = levels_of(folder / name)
    assert (found["yesterday"], found["pipeline"]) == (level, "good")


@pytest.mark.parametrize("name", VERDICTS)
def test_the_bounds_are_those_of_what_happened(site, name):
    """13 merges of 14 guests; 3 placeholders that may be nobody, or 40 users; 40 refused ids."""
    _, bounds = site
    doubtful = {"refused_merges": (-13, 0), "placeholder_ids": (-3, 37), "refused_rows": (0, 40)}
    assert bounds[name] == doubtful.get(name, (0, 0))


def test_an_incident_leads_to_its_events_and_to_what_to_do(site):
    folder, _ = site
    over = article(folder / "vanished_property", "Plan viewed")
    assert over.count("etl explain") == 5
    assert "Send them again, or tell those who read them." in over
    assert "etl incident acknowledge" not in over
    waiting = article(folder / "refused_merges", "Refused merges")
    assert "etl merge list shows them" in waiting
    assert "etl incident acknowledge" in waiting


def test_the_sources_show_what_was_expected_beside_what_was_seen(site):
    folder, _ = site
    words = " ".join(Page((folder / "silent_source" / "sources.html").read_text()).words.split())
    # Of twelve hours with 26 orders each, six are missing.
    assert "Order created posthog-node 1 156 312 50 %" in words
    assert re.search(r"\w+ 10:00 0 26\b", words)


def test_every_page_of_every_day_is_light(site):
    folder, _ = site
    for path in folder.rglob("*.html"):
        assert path.stat().st_size < 150_000, path
