"""The tracking plan: schemas by event and version, both modes, drafts, and that it costs other events nothing."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from etl import cli
from etl.errors import ConfigurationError
from etl.quality.daily import check_days
from etl.quality.plan_draft import infer
from etl.quality.tracking_plan import read_plan

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
        ({"subtotal": "3"}, 'subtotal: does not meet type "number"'),
        ({"subtotal": 3, "currency": "DM"}, 'currency: does not meet enum ["EUR", "USD"]'),
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


def test_values_are_not_repeated_unless_the_entry_says_so(db, land, cycle, plan):
    schema = {
        "properties": {
            "a": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "b": {"maxLength": 3},
            "c": {"const": "x"},
            "d": False,
            "e": {"format": "email"},
            "f": {"items": {"pattern": "^x"}},
        }
    }
    secret = "s3cret"
    folder = plan("closed", event="closed", schema=schema)
    plan("open", event="open", schema={"properties": {"b": {"maxLength": 3}}}, show_values=True)
    for name, value in {**dict.fromkeys("abcde", secret), "f": [secret]}.items():
        land("closed", **device({name: value}))
    land("open", **device({"b": secret}))
    cycle(plan_dir=folder)
    reasons = [row["details"]["reason"] for row in db.execute("select details from ops.warning order by landing_id")]
    assert len(reasons) == 7
    assert [secret in reason for reason in reasons] == [False] * 6 + [True]
    assert reasons[1] == "b: does not meet maxLength 3"


def test_a_folder_that_is_not_there_is_no_plan_without_entries(db, land, cycle, plan):
    folder = plan(mode="quarantine")
    bad = land("Order created", **device({"currency": "EUR"}))
    with pytest.raises(ConfigurationError, match=r"ETL_PLAN_DIR=.*plam: there is no such folder"):
        cycle(plan_dir=folder / "plam")
    assert db.execute("select from warehouse.stored_event").fetchall() == []
    cycle(plan_dir=folder)
    assert db.execute("select landing_id from quarantine.event").fetchall() == [{"landing_id": bad}]


FORMATS = {
    "date-time": ("2026-01-02T03:04:05Z", "2026-13-02T03:04:05Z"),
    "date": ("2024-02-29", "2023-02-29"),
    "email": ("a@example.com", "nobody"),
    "uri": ("https://example.com/?a=1", "no uri at all"),
    "uuid": ("0b5c9f1e-4a3d-4f0e-8f6a-2d6c4a1b9e77", "0b5c9f1e"),
    "ipv4": ("192.0.2.1", "192.0.2.256"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_checked(db, land, cycle, plan, name):
    folder = plan(event="seen", mode="quarantine", schema={"properties": {"value": {"format": name}}})
    good, bad = FORMATS[name]
    land("seen", **device({"value": good}))
    bad_id = land("seen", **device({"value": bad}))
    cycle(plan_dir=folder)
    assert [row["landing_id"] for row in db.execute("select landing_id from quarantine.event")] == [bad_id]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"properties": {"a": {"format": "regex"}}}, "(?:a{99999999999999999999})"),
        ({"$ref": "#/$defs/tree", "$defs": {"tree": {"additionalProperties": {"$ref": "#/$defs/tree"}}}}, 5_000),
    ],
)
def test_no_event_makes_the_check_itself_fail(db, land, cycle, plan, schema, value):
    """A text on which the check of a format fails, and one that is nested deeper than Python follows."""
    folder = plan(event="seen", mode="quarantine", schema=schema)
    good_id = land("seen", **device({}))
    bad_id = land("seen", **device({}))
    if isinstance(value, int):
        value = '{"a": ' * value + "1" + "}" * value
        db.execute(f"update landing.event set properties = properties || '{value}' where landing_id = {bad_id}")
    else:
        db.execute(
            "update landing.event set properties = properties || jsonb_build_object('a', %s::text)"
            " where landing_id = %s",
            [value, bad_id],
        )
    cycle(plan_dir=folder)
    rows = db.execute("select landing_id, reasons from quarantine.event").fetchall()
    assert [row["landing_id"] for row in rows] == [bad_id]
    assert db.execute("select landing_id from warehouse.stored_event").fetchone()["landing_id"] == good_id


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"mode": "refuse"}, "mode is"),
        ({"schema": {"type": "no type"}}, "no entry of a tracking plan"),
        ({"schema": None}, "no entry of a tracking plan"),
        ({"event": ["a"]}, "no entry of a tracking plan"),
        ({"schema": {"properties": {"a": {"$ref": "#/$defs/b"}}}}, "#/.defs/b' leads nowhere"),
        ({"schema": {"$ref": "order.json"}}, "'order.json' leads nowhere"),
        ({"schema": {"$ref": "https://example.com/order.json"}}, "leads nowhere"),
        ({"schema": {"$ref": "#"}}, "leads back to itself"),
        ({"schema": {"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}}}, "back to itself"),
        ({"schema": {"properties": {"a": {"format": "phone"}}}}, "'phone' is none of date, "),
        ({"schema": {"properties": {"a": {"pattern": "("}}}}, "no entry of a tracking plan"),
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
    [draft] = infer(db).entries
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


def test_a_draft_leaves_out_what_is_rare_and_who_sent_it(db, land, cycle):
    for number in range(400):
        properties = {
            "token": "phc_x",
            "distinct_id": "d",
            "price": str(number) if number in {7, 77} else number,
            "plan": ("free", "pro")[number % 2],
            "note": f"note {number}",
            **({"coupon": "x"} if number < 390 else {}),
            **({} if number in {5, 50, 333} else {"total": number}),
        }
        land("Order created", **device(properties))
    cycle()
    check_days(db)
    [draft] = infer(db).entries
    assert draft["schema"] == {
        "type": "object",
        "properties": {
            "coupon": {"enum": ["x"]},
            "note": {"type": "string"},
            "plan": {"enum": ["free", "pro"]},
            "price": {"type": "number"},
            "total": {"type": "number"},
        },
        # 397 of 400 have a total, 390 a coupon
        "required": ["note", "plan", "price", "total"],
    }
    assert draft["notes"] == (
        "Drafted from 400 events, on 1 day(s). Seen in under 1 %, and left out: price as string (2 of 400)."
    )


def test_names_made_of_ids_get_no_schema(database, db, land, cycle, tmp_path, monkeypatch):
    for number in range(6):
        land(f"Order {1000 + number} created", **device({"price": 1}))
    land("Step 2 done", **device({"a": 1}))
    cycle()
    check_days(db)
    drafts = infer(db)
    assert [draft["event"] for draft in drafts.entries] == ["Step 2 done"]
    assert drafts.made_of_ids == {"Order <id> created": 6}
    assert [draft["event"] for draft in infer(db, event="Order 1003 created").entries] == ["Order 1003 created"]
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    output = CliRunner().invoke(cli.app, ["plan", "infer", "--out", str(tmp_path / "plan")]).output
    assert "No schema for 'Order <id> created': 6 names." in " ".join(output.split())
