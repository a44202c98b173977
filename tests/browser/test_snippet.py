"""PostHog's HTML snippet, which loads posthog-js from capture; and a button that is renamed, counted as one action."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from typer.testing import CliRunner

from etl import cli
from tests.capture.service import TOKEN


def test_a_renamed_button_is_one_unbroken_action(
    page, site, service, landed, database, db, cycle, tmp_path, monkeypatch
) -> None:
    def buy(label: str, clicks: int) -> list[dict[str, Any]]:
        page.goto(f"{site}/snippet.html?{urlencode({'token': TOKEN, 'api': service.url, 'label': label})}")
        # Clicks before it has come are not captured: the stub in the snippet knows only calls.
        page.wait_for_function("window.posthog.__loaded")
        page.wait_for_function("posthog.get_property('$autocapture_disabled_server_side') === false")
        page.click("#buy")
        return landed(*["$pageview", "$autocapture"] * clicks)

    buy("Purchase", 1)
    rows = buy("Add", 2)
    clicks = [row["properties"] for row in rows if row["event"] == "$autocapture"]
    assert [click["$el_text"] for click in clicks] == ["Purchase", "Add"]
    assert {click["$lib"] for click in clicks} == {"web"}

    steps = [{"event": "$autocapture", "selector": "button#buy", "text": text} for text in ("Purchase", "Add")]
    definition = tmp_path / "bought.json"
    definition.write_text(json.dumps({"name": "Bought", "steps": steps}))
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    added = CliRunner().invoke(cli.app, ["action", "add", str(definition), "--why", "the button was renamed"])
    assert added.exit_code == 0, added.output
    cycle()
    cycle(hold_seconds=0)
    found = db.execute(
        "select count(*) as events, count(distinct person_id) as persons from warehouse.action_events"
        " where action = 'Bought'"
    ).fetchone()
    assert found == {"events": 2, "persons": 1}
