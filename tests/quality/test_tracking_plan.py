"""The tracking plan: schemas by event and version, both modes, drafts, and that it costs other events nothing."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from etl import cli
from etl.errors import ConfigurationError
from etl.quality.daily import check_days
from etl.quality.tracking_plan import infer, read_plan

SCHEMA = {
    "type": "object",
    "properties": {"subtotal": {"type": "number"}, "currency": {"enum": ["EUR", "USD"]}},
    "required": ["subtotal"],
}
GOOD = {"subtotal": 3, "currency": "EUR"}


@pytest.fixture
def plan(tmp_path):
    """Write an entry of the plan; returns the folder."""

    def write(name="order", **content):
        entry = {"event": "Order created", "schema": SCHEMA, **content}
        (tmp_path / f"{name}.json").write_text(json.dumps(entry))
        return tmp_path

    return write


def device(properties):
    return {"distinct_id": "d", "properties": {"$device_id": "d", **properties}}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"currency": "EUR"}, "'subtotal' is a required property"),
        ({"subtotal": "3"}, "subtotal: '3' is not of type 'number'"),
        ({"subtotal": 3, "currency": "DM"}, "currency: 'DM' is not one of"),
    ],
)
def test_what_does_not_fit_is_quarantined_in_that_mode(db, land, cycle, plan, bad, reason):
    folder = plan(mode="quarantine")
    land("Order created", **device(GOOD))
    bad_id = land("Order created", **device(bad))
    land("Order shipped", **device(bad))
    result = cycle(plan_dir=folder)
    assert (result["loaded"], result["quarantined"]) == (2, 1)
    row = db.execute("select landing_id, reasons from quarantine.event").fetchone()
    assert row["landing_id"] == bad_id
    assert row["reasons"][0]["expectation"] == "plan:Order created"
    assert reason in row["reasons"][0]["reason"]
    found = db.execute("select * from ops.expectation_result where suite = 'plan'").fetchone()
    assert (found["expectation"], found["severity"], found["evaluated"], found["unexpected"], found["examples"]) == (
        "Order created",
        "critical",
        2,
        1,
        [bad_id],
    )


def test_what_does_not_fit_is_reported_by_default(db, land, cycle, plan):
    bad_id = land("Order created", **device({}))
    result = cycle(plan_dir=plan())
    assert (result["loaded"], result["quarantined"]) == (1, 0)
    warning = db.execute("select landing_id, type, details from ops.warning").fetchone()
    assert (warning["landing_id"], warning["type"]) == (bad_id, "plan_violation")
    assert warning["details"]["reason"] == "properties: 'subtotal' is a required property"


def test_a_version_has_its_own_schema(db, land, cycle, plan):
    plan(mode="quarantine")
    folder = plan("order2", version=2, mode="quarantine", schema={"required": ["total"]})
    land("Order created", **device({"schema_version": 2, "total": 1}))
    land("Order created", **device({"schema_version": 1, "subtotal": 1}))
    land("Order created", **device({"schema_version": 2, "subtotal": 1}))
    assert (cycle(plan_dir=folder)["quarantined"]) == 1
    names = db.execute("select expectation from ops.expectation_result where suite = 'plan' and not is_success")
    assert [row["expectation"] for row in names] == ["Order created v2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"mode": "refuse"}, "mode is"),
        ({"schema": {"type": "no type"}}, "no entry of a tracking plan"),
        ({"schema": None}, "no entry of a tracking plan"),
    ],
)
def test_a_plan_that_is_none_lets_nothing_through(land, cycle, plan, content, message):
    land("Order created", **device({}))
    folder = plan(**content)
    with pytest.raises(ConfigurationError, match=message):
        cycle(plan_dir=folder)


def test_a_draft_fits_what_it_was_drafted_from(database, db, land, cycle, tmp_path, monkeypatch):
    land("Order created", **device({"subtotal": 1, "note": "a"}))
    land("Order created", **device({"subtotal": 2.5, "note": None}))
    land("Order created", **device({"subtotal": 2}))
    cycle()
    check_days(db)
    [draft] = infer(db)
    assert draft["schema"] == {
        "type": "object",
        "properties": {"note": {"type": ["null", "string"]}, "subtotal": {"type": "number"}},
        "required": ["subtotal"],
    }
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    output = CliRunner().invoke(cli.app, ["plan", "infer", "--out", str(tmp_path / "plan")]).output
    assert "2 properties" in output
    assert read_plan(tmp_path / "plan").keys() == {("Order created", None)}
    assert "stays" in CliRunner().invoke(cli.app, ["plan", "infer", "--out", str(tmp_path / "plan")]).output
    land("Order created", **device({"subtotal": "3"}))
    cycle(plan_dir=tmp_path / "plan")
    assert db.execute("select count(*)::int as n from ops.warning").fetchone()["n"] == 1
