"""Corpora of odd input from npm: the Big List of Naughty Strings and the JSON Parsing Test Suite."""

from __future__ import annotations

import json
import re
import subprocess

from etl import sql
from tests.browser.conftest import MODULES
from tests.capture.service import TOKEN, Service

# Raw control characters in a string: no JSON, but repaired. One after a backslash is what is left of another escape.
REPAIRED = {
    "n_string_backslash_00.json",
    "n_string_escaped_ctrl_char_tab.json",
    "n_string_unescaped_ctrl_char.json",
    "n_string_unescaped_newline.json",
    "n_string_unescaped_tab.json",
}
READ_SUITE = "import('./json-test-suite/data/parsing.js').then(m => console.log(JSON.stringify(m.default)))"


def test_naughty_strings_come_back_as_they_were(service: Service, cycle, db) -> None:
    strings = [text for text in json.loads((MODULES / "blns" / "resources" / "blns.json").read_text()) if text.strip()]
    assert len(strings) > 400
    batch = [
        {"event": text[:100], "distinct_id": text[:100], "properties": {text: text, "$set": {text: text}}}
        for text in strings
    ]
    assert service.send(*batch) == 200
    rows = service.landed()
    assert [row["event"] for row in rows] == [text[:100] for text in strings]
    assert [row["properties"] for row in rows] == [{text: text, "$set": {text: text}} for text in strings]
    ledger = cycle(hold_seconds=0)
    assert ledger["landed"] == len(strings) == ledger["loaded"] + ledger["held"] + ledger["quarantined"]
    # Nothing but characters without width is no id.
    blank = [text for text in strings if not re.sub(r"[\s\u180e\u200b-\u200d\u2060\ufeff]", "", text[:100])]
    assert ledger["quarantined"] == len(blank) == 3
    refused = db.execute(
        "select distinct_id, reasons -> 0 ->> 'expectation' as reason from quarantine.event"
    ).fetchall()
    assert {(row["distinct_id"], row["reason"]) for row in refused} == {(text, "distinct_id_present") for text in blank}


def test_json_is_taken_or_refused_as_the_standard_says(service: Service) -> None:
    printed = subprocess.run(
        ["node", "--input-type=module", "-e", READ_SUITE], cwd=MODULES, check=True, capture_output=True, text=True
    )
    cases = json.loads(printed.stdout)
    assert len(cases) > 250
    wrong = []
    taken = 0
    for case in cases:
        value = case["input"].encode("utf-8", "surrogatepass")
        body = b'{"api_key": "%b", "batch": [{"event": "e", "distinct_id": "d", "properties": {"v": %b}}]}' % (
            TOKEN.encode(),
            value,
        )
        status = service.post(body)
        taken += status == 200
        expected = {"y": {200}, "n": {400}, "i": {200, 400}}[case["name"][0]]
        if case["name"] in REPAIRED:
            assert status == 200, case["name"]
        elif status not in expected:
            wrong.append((case["name"], status))
        assert service.post(value) in {400, 401, 413}
    # What Python writes for numbers that JSON does not know is taken as null, as from a file.
    assert [name for name, _ in wrong if not any(sign in name for sign in ("NaN", "nan", "nfinity"))] == []
    with sql.connect(service.database) as db:
        assert db.execute("select count(*) as n from landing.event").fetchone() == {"n": taken}
    assert taken == service.metric("etl_capture_events_total", outcome="landed") > 100
