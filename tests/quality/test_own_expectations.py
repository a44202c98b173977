"""Suites of a user's own: stock JSON, what each folder looks at, what is said of a broken one, a rerun by others."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
import pytest
from typer.testing import CliRunner

from etl import cli
from etl.cli.shared import console
from etl.errors import EtlError
from etl.operate.maintain import check_invariants
from etl.operate.status import read_status
from etl.quality import incidents, own_suites
from etl.quality.own_gate import evaluate_frame
from etl.quality.own_suites import check_suites, find_suites, read_suites

FAR = datetime(2000, 1, 1, tzinfo=UTC)
PRICE = {"column": "price", "min_value": 0}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "mine"


@pytest.fixture
def write(folder):
    """Put a suite into the folder: expectations of the library, or JSON as somebody wrote it."""

    def _write(name, *expectations):
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        suite = gx.ExpectationSuite(name="any")
        if all(isinstance(each, dict) for each in expectations):
            path.write_text(json.dumps({"name": "any", "expectations": expectations}))
            return
        for each in expectations:
            suite.add_expectation(each)
        path.write_text(json.dumps(suite.to_json_dict()))

    return _write


@pytest.fixture
def orders(land, cycle):
    """A batch of ten events: prices -2 .. 6, one without; three of them of the backend."""
    for number in range(-2, 7):
        source = {"source": "backend"} if number > 3 else {}
        device = f"device {number}"
        land("Order created", device, properties={"$device_id": device, "price": number, **source}, at=1)
    land("$pageview", "device 0", properties={"$device_id": "device 0"}, at=1)
    assert cycle(at=2)["loaded"] == 10


@pytest.fixture
def run(database, folder, monkeypatch):
    """A command, with the folder set."""

    def _run(*words):
        monkeypatch.setenv("ETL_DATABASE_URL", database)
        monkeypatch.setenv("ETL_EXPECTATIONS_DIR", str(folder))
        return CliRunner().invoke(cli.app, words)

    return _run


def results(db):
    rows = db.execute("select * from ops.check_result where suite like '%/%'").fetchall()
    return {(row["suite"], row["expectation"]): row for row in rows}


def noted(db):
    """Incidents that are open: by what they are about, the sentence."""
    found = incidents.list_incidents(db)
    return {(row["kind"], row["subject"]): row["detail"] for row in found if row["state"] == "open"}


# What each folder looks at


def test_a_suite_on_rows_as_the_library_writes_it(db, folder, write, orders):
    write(
        "rows/orders",
        gxe.ExpectColumnValuesToBeBetween(**PRICE, severity="warning"),
        gxe.ExpectColumnValuesToBeBetween(**PRICE, mostly=0.7),
        gxe.ExpectColumnMeanToBeBetween(column="price", min_value=1.5, max_value=2.5),
        gxe.ExpectColumnValuesToNotBeNull(column="person_id", severity="info"),
        gxe.ExpectColumnDistinctValuesToBeInSet(column="event", value_set=["Order created"]),
    )
    check_suites(db, folder)
    found = results(db)
    between = found["rows/orders", "expect_column_values_to_be_between(price)"]
    # Of the ten, one has no price; -2 and -1 are below 0.
    assert (between["severity"], between["is_success"]) == ("warning", False)
    assert (between["evaluated"], between["unexpected"]) == (9, 2)
    assert sorted(each["price"] for each in between["examples"]) == [-2, -1]
    mostly = found["rows/orders", "expect_column_values_to_be_between(price) #2"]
    # 7 of 9 are 77.8 %, and 70 % are enough; the library's own severity is critical.
    assert (mostly["severity"], mostly["is_success"], mostly["unexpected"]) == ("critical", True, 2)
    mean = found["rows/orders", "expect_column_mean_to_be_between(price)"]
    assert (mean["is_success"], mean["observed"]) == (True, 2.0)
    assert found["rows/orders", "expect_column_values_to_not_be_null(person_id)"]["evaluated"] == 10
    assert not found["rows/orders", "expect_column_distinct_values_to_be_in_set(event)"]["is_success"]
    assert found["rows/orders", "can_be_evaluated"]["is_success"]
    assert noted(db) == {
        ("own_expectation_failed", "rows/orders expect_column_values_to_be_between(price)"): "warning; 2 of 9",
        # One value is not in the set.
        (
            "own_expectation_failed",
            "rows/orders expect_column_distinct_values_to_be_in_set(event)",
        ): "critical; 1 of 10",
    }
    [uuids] = [row["examples"] for row in incidents.list_incidents(db) if "between" in row["subject"]]
    stored = db.execute("select uuid::text from warehouse.events where (properties ->> 'price')::int < 0").fetchall()
    assert sorted(uuids) == sorted(row["uuid"] for row in stored)


def test_info_is_kept_and_is_no_incident(db, folder, write, orders):
    write("rows/a", {"type": "expect_column_values_to_be_between", "kwargs": PRICE, "severity": "info"})
    check_suites(db, folder)
    assert not results(db)["rows/a", "expect_column_values_to_be_between(price)"]["is_success"]
    assert noted(db) == {}


def test_each_run_looks_at_what_was_loaded_since(db, folder, write, orders, land, cycle):
    write("rows/a", {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "event"}})
    write("rows/b", {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}})
    write("batch/c", {"type": "expect_column_sum_to_be_between", "kwargs": {"column": "landed", "min_value": 1}})
    name = "expect_column_values_to_not_be_null(event)"
    seen = []
    for number in (0, 2, 0):
        for each in range(number):
            land("late", f"d{each}", properties={"$device_id": f"d{each}"}, at=10)
        if number:
            cycle(at=11)
            cycle(at=12)  # an empty batch
        check_suites(db, folder)
        found = results(db)
        counted = found["rows/b", "expect_table_row_count_to_be_between"]["observed"]
        seen.append((found["rows/a", name]["evaluated"], counted))
    # With nothing new a column is not asked, and the table is: it is empty.
    assert seen == [(10, 10), (2, 2), (2, 0)]
    assert found["batch/c", "expect_column_sum_to_be_between(landed)"]["observed"] == 2
    assert list(noted(db)) == [("own_expectation_failed", "rows/b expect_table_row_count_to_be_between")]


def test_the_newest_rows_are_enough(db, folder, write, orders, monkeypatch, land, cycle):
    land("newest", "d", properties={"$device_id": "d"}, at=3)
    cycle(at=4)
    write("rows/a", {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 4}})
    monkeypatch.setitem(own_suites.AT_MOST, "rows", 4)
    [answers] = check_suites(db, folder)
    assert (answers.findings[0].is_success, answers.findings[0].observed) == (True, 4)


def test_a_condition_may_name_a_property_too(db, folder, write, orders):
    by_column = {"type": "comparison", "column": {"name": "source"}, "operator": "==", "parameter": "backend"}
    write(
        "rows/a",
        {"type": "expect_column_values_to_be_between", "kwargs": {**PRICE, "row_condition": by_column}},
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {
                **PRICE,
                "row_condition": 'source=="backend" and `event`=="Order created"',
                "condition_parser": "pandas",
            },
        },
    )
    [answers] = check_suites(db, folder)
    assert answers.troubles == {}
    # 4, 5 and 6 come from the backend.
    assert [(each.is_success, each.evaluated) for each in answers.findings] == [(True, 3), (True, 3)]


@pytest.mark.parametrize(
    ("values", "dtype", "column"),
    [
        ([1, 2], "int64", [1, 2]),
        ([1, None], "float64", [1.0, None]),
        ([1, 2.5], "float64", [1.0, 2.5]),
        ([True, None], "object", [True, None]),
        ([None, None], "object", [None, None]),
        (["a", None], "str", ["a", None]),
        ([1, "a", True, None], "str", ["1", "a", "true", None]),
        ([{"a": [1]}, 2**70], "str", ['{"a":[1]}', str(2**70)]),
        ([2**63, -(2**63)], "float64", [2.0**63, -(2.0**63)]),
        ([], "object", []),
    ],
)
def test_a_property_is_a_column_of_one_type_that_a_file_can_hold(tmp_path, values, dtype, column):
    frame = pd.DataFrame({"p": own_suites._column(values)})
    assert frame["p"].dtype == dtype
    assert [None if pd.isna(value) else value for value in frame["p"]] == column
    frame.to_parquet(tmp_path / "p.parquet")
    read = pd.read_parquet(tmp_path / "p.parquet")
    assert [None if pd.isna(value) else value for value in read["p"]] == column


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (gxe.ExpectColumnToExist(column="at"), (5, 0, None, [])),
        (gxe.ExpectColumnStdevToBeBetween(column="n", min_value=9), (5, 0, 1.5811, [])),
        (gxe.ExpectColumnMostCommonValueToBeInSet(column="name", value_set=["b"]), (5, 0, None, [["a"]])),
        (gxe.ExpectColumnDistinctValuesToEqualSet(column="name", value_set=["a", "z"]), (5, 1, None, ["b"])),
        (gxe.ExpectColumnValuesToBeUnique(column="name"), (4, 3, None, [{"uuid": n, "name": "a"} for n in "123"])),
        (gxe.ExpectMulticolumnSumToEqual(column_list=["n", "n"], sum_total=2), (5, 4, None, None)),
        (gxe.ExpectTableColumnsToMatchSet(column_set=["n"]), (5, 0, None, [["n", "name", "uuid"]])),
        (gxe.ExpectColumnPairValuesToBeEqual(column_A="n", column_B="uuid"), (5, 5, None, None)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_kept_of_each_kind_of_expectation(written, told):
    """How many were looked at and how many are not as expected, the number that was observed, examples."""
    frame = pd.DataFrame({"uuid": list("12345"), "n": [1, 2, 3, 4, 5], "name": ["a", "a", "a", "b", None]})
    answers = evaluate_frame(frame, "rows/a", [written.configuration.to_json_dict()], "uuid")
    [finding] = answers.findings
    observed = finding.observed and round(finding.observed, 4)
    examples = finding.examples if told[3] is not None else None
    assert not finding.is_success
    assert (finding.evaluated, finding.unexpected, observed, examples) == told


def test_a_suite_on_batches(db, folder, write, orders):
    write(
        "batch/small",
        gxe.ExpectColumnValuesToBeBetween(column="landed", max_value=9),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(column_A="loaded_at", column_B="opened_at", or_equal=True),
        gxe.ExpectTableRowCountToEqual(value=1),
    )
    [answers] = check_suites(db, folder)
    assert answers.troubles == {}
    landed, pair, count = answers.findings
    assert (landed.is_success, landed.examples) == (False, [{"landed": 10, "batch_id": 1}])
    assert list(landed.examples[0]) == ["batch_id", "landed"]
    assert (pair.name, pair.is_success) == (
        "expect_column_pair_values_a_to_be_greater_than_b(loaded_at, opened_at)",
        True,
    )
    assert count.is_success
    # A batch is no event that could be explained.
    assert [row["examples"] for row in incidents.list_incidents(db)] == [[]]


CHEAP = (
    "select e.uuid, e.properties ->> 'price' as price from {batch} as e inner join warehouse.persons as p"
    " using (team_id, person_id) where (e.properties ->> 'price')::numeric < 0;"
)


def test_a_suite_on_a_relation(db, folder, write, orders):
    write(
        "warehouse/events",
        gxe.UnexpectedRowsExpectation(unexpected_rows_query=CHEAP, description="An order costs nothing."),
        gxe.ExpectColumnValuesToBeInSet(column="event", value_set=["Order created"], mostly=0.9),
    )
    [answers] = check_suites(db, folder)
    assert answers.troubles == {}
    cheap, names = answers.findings
    assert (cheap.is_success, cheap.unexpected) == (False, 2)
    assert sorted(each["price"] for each in cheap.examples) == ["-1", "-2"]
    assert cheap.reason == "warehouse/events: An order costs nothing."
    assert list(noted(db).values()) == ["critical; 2 rows"]
    assert (names.is_success, names.evaluated, names.unexpected) == (True, 10, 1)


def test_rows_that_a_query_gives_are_bounded(db, folder, write, monkeypatch):
    monkeypatch.setattr("etl.quality.own_gate.MOST_ROWS", 30)
    write("warehouse/events", gxe.UnexpectedRowsExpectation(unexpected_rows_query="select generate_series(1, 99) as n"))
    [answers] = check_suites(db, folder)
    assert (answers.findings[0].unexpected, len(answers.findings[0].examples)) == (30, 20)


# Broken suites

NO_SUCH = {"type": "expect_nothing_at_all", "kwargs": {}}
BAD_KWARGS = {"type": "expect_column_values_to_be_between", "kwargs": {**PRICE, "min": 3}}
BAD_REGEX = {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "event", "regex": "("}}
NO_COLUMN = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "lnaded"}}
KNOWN = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "distinct_id"}}
NO_PARAMETER = {"type": "expect_column_values_to_be_between", "kwargs": {**PRICE, "max_value": {"$PARAMETER": "most"}}}


def by_sql(query):
    return {"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": query}}


BROKEN = {
    "rows/cut": ("{", "it is no suite: Input data was truncated"),
    "rows/deep": ("[" * 100_000, "it is no suite: "),
    "rows/binary": ("\x00", "it is no suite: JSON is malformed"),
    "rows/nothing": ('{"name": "a"}', "it is no suite: Object missing required field `expectations`"),
    "rows/empty": ('{"expectations": []}', "it has no expectations"),
    "rows/type": ([NO_SUCH], "expect_nothing_at_all: expect_nothing_at_all not found"),
    "rows/no_type": ([{"kwargs": {}}], "None: an expectation needs `type` and `kwargs`"),
    "rows/kwargs": ([BAD_KWARGS], "expect_column_values_to_be_between(price): 1 validation error"),
    "rows/regex": ([BAD_REGEX], "expect_column_values_to_match_regex(event): Invalid regular expression"),
    "rows/parameter": ([NO_PARAMETER], "expect_column_values_to_be_between(price): "),
    "rows/sql": ([by_sql("select 1")], "unexpected_rows_expectation: "),
    "rows/nul": ([{**NO_COLUMN, "kwargs": {"column": "a\0b"}}], "PostgreSQL text fields cannot contain NUL"),
    "batch/column": ([NO_COLUMN], 'expect_column_values_to_not_be_null(lnaded): Error: The column "lnaded"'),
    "batches/a": ([NO_COLUMN], "it lies in none of rows, batch, warehouse"),
    "rows/old/a": ([NO_COLUMN], "it lies in none of rows, batch, warehouse"),
    "./a": ([NO_COLUMN], "it lies in none of rows, batch, warehouse"),
    "warehouse/evnets": ([NO_COLUMN], "there is no relation warehouse.evnets"),
    "warehouse/stored_event_by_event": ([NO_COLUMN], "there is no relation"),  # an index
    "warehouse/events": (
        [by_sql("select nope from {batch}"), KNOWN],
        'unexpected_rows_expectation: column "nope" does not exist',
    ),
}


def test_each_broken_suite_is_one_incident_and_the_rest_goes_on(db, folder, write, orders, land, cycle):
    for name, (content, _) in BROKEN.items():
        if isinstance(content, list):
            write(name, *content)
        else:
            folder.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            folder.joinpath(f"{name}.json").write_text(content)
    write("rows/sound", KNOWN)
    check_suites(db, folder)
    found = noted(db)
    assert sorted(found) == sorted(("own_suite_broken", name) for name in BROKEN)
    for name, (_, said) in BROKEN.items():
        assert said in found["own_suite_broken", name], name
        assert "\n" not in found["own_suite_broken", name], name
        assert not results(db)[name, "can_be_evaluated"]["is_success"], name
    # The other expectations were asked, also the other one of a suite of which one cannot be.
    for name in ("rows/sound", "warehouse/events"):
        assert results(db)[name, "expect_column_values_to_not_be_null(distinct_id)"]["is_success"]
    land("$pageview", "another", properties={"$device_id": "another"}, at=20)
    assert cycle(at=21)["loaded"] == 1
    assert check_invariants(db)


HOSTILE = {
    "delete from warehouse.person returning 1": "syntax error",
    "with g as (delete from warehouse.person returning 1) select * from g": "WITH clause containing a data-modifying "
    "statement must be at the top level",
    "select set_config('role', 'none', true), lo_create(0)": "cannot execute lo_create() in a read-only transaction",
    "select set_config('transaction_read_only', 'off', true)": "transaction read-write mode must be set before",
    "select token_hash from landing.project_token": "permission denied",
    "select '{a}' from {batch}": "`a` is not a placeholder",
}


# As they would close the brackets around a query, where its rows are taken and where they are counted. Which is done
# first varies with the text.
END = "commit; reset role; delete from warehouse.person;"
ESCAPES = [
    escape + " " * number
    for escape in (
        f"select 1) as a; {END} select 1 from (select 1",
        f"select 1) as a) as b; {END} select 1 from (select 1 from (select 1",
    )
    for number in range(4)
]


def test_a_suite_that_writes_is_refused(db, folder, write, orders):
    persons = db.execute("select * from warehouse.person order by distinct_id").fetchall()
    write("warehouse/events", *map(by_sql, HOSTILE), KNOWN, *map(by_sql, ESCAPES))
    [answers] = check_suites(db, folder)
    troubles = list(answers.troubles.values())
    assert len(troubles) == len(HOSTILE) + len(ESCAPES)
    for (query, said), trouble in zip(HOSTILE.items(), troubles, strict=False):
        assert said in trouble, query
    for trouble in troubles[len(HOSTILE) :]:
        assert "syntax error" in trouble or "cannot insert multiple commands into a prepared statement" in trouble
    assert [finding.is_success for finding in answers.findings] == [True]
    assert db.execute("select * from warehouse.person order by distinct_id").fetchall() == persons
    [detail] = noted(db).values()
    assert detail.startswith('unexpected_rows_expectation: syntax error at or near "')
    assert detail.endswith(f" (and {len(troubles) - 1} more)")


def test_a_query_that_takes_too_long_is_ended(db, folder, write, orders):
    write("warehouse/events", by_sql("select pg_sleep(60)"))
    check_suites(db, folder, statement_seconds=0.2)
    assert noted(db) == {
        (
            "own_suite_broken",
            "warehouse/events",
        ): "unexpected_rows_expectation: canceling statement due to statement timeout"
    }


def test_a_corrected_suite_looks_at_what_it_missed(db, folder, write, orders):
    write("rows/a", NO_SUCH)
    check_suites(db, folder)
    assert list(results(db)) == [("rows/a", "can_be_evaluated")]
    write("rows/a", {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "event"}})
    check_suites(db, folder)
    found = results(db)
    assert found["rows/a", "can_be_evaluated"]["is_success"]
    assert found["rows/a", "expect_column_values_to_not_be_null(event)"]["evaluated"] == 10


def test_what_is_no_longer_there_has_no_result(db, folder, write, orders):
    write("rows/a", {"type": "expect_column_values_to_be_null", "kwargs": {"column": "event"}})
    write("batch/b", {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 7}})
    check_suites(db, folder)
    write("rows/a", {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "event"}})
    shutil.rmtree(folder / "batch")
    check_suites(db, folder)
    assert {suite for suite, _ in results(db)} == {"rows/a"}
    assert ("rows/a", "expect_column_values_to_be_null(event)") not in results(db)
    check_suites(db, None)
    assert results(db) == {}


def test_a_folder_that_is_not_there_is_said(db, folder, orders):
    check_suites(db, folder)
    assert noted(db) == {("own_suite_broken", "./"): f"ETL_EXPECTATIONS_DIR: there is no folder {folder}"}


def test_a_login_that_may_not_become_the_auditor_is_told_what_to_do(db, folder, write, orders):
    write("warehouse/events", NO_COLUMN)
    db.execute("create role plain login; grant usage on schema warehouse, ops to plain")
    db.execute("grant select on all tables in schema warehouse, ops to plain")
    db.execute("set session authorization plain")
    try:
        suite = read_suites(folder)[0]
        query = own_suites.find_query(db, suite)
    finally:
        db.execute("reset session authorization")
    with pytest.MonkeyPatch.context() as patch:
        beside = own_suites.sql.connect_beside

        def as_plain(connection):
            session = beside(connection)
            session.execute("set session authorization plain")
            return session

        patch.setattr("etl.sql.connect_beside", as_plain)
        answers = own_suites.evaluate_relation(db, query, suite.name, suite.expectations, seconds=1)
    db.execute("drop owned by plain; drop role plain")
    [trouble] = answers.troubles.values()
    assert trouble.startswith("the login may not become the role auditor; let somebody run: grant auditor to ")


# Where it is told


def test_it_is_in_the_status_and_on_the_page(db, folder, write, orders, settings, run, tmp_path):
    write("rows/orders", {"type": "expect_column_values_to_be_between", "kwargs": PRICE})
    write("rows/broken", NO_SUCH)
    done = run("maintain")
    assert done.exit_code == 0, done.output
    assert "! rows/orders expect_column_values_to_be_between(price) fails" in done.output
    assert "! rows/broken expect_nothing_at_all cannot be evaluated: expect_nothing_at_all not found" in done.output
    problems = [problem.message for problem in read_status(db, settings).problems if problem.kind == "incident"]
    failing, broken = sorted(problems, reverse=True) if problems[0] < problems[1] else problems
    told = "\n".join((failing, broken))
    subject = "rows/orders expect_column_values_to_be_between(price)"
    assert f"An expectation of your own fails: {subject} (critical; 2 of 9), since " in told
    assert "A suite of your own cannot be evaluated: rows/broken (expect_nothing_at_all: " in told
    assert run("report", "--out", str(tmp_path / "page")).exit_code == 0
    first = (tmp_path / "page" / "index.html").read_text()
    assert "An expectation of your own fails" in first
    assert "rows/broken cannot be evaluated" in first
    assert "project 0" not in (tmp_path / "page" / "incidents.html").read_text()
    assert "project 0" not in run("incident", "list").output


def test_check_prints_a_line_for_each_and_keeps_nothing(db, folder, write, orders, run, monkeypatch):
    monkeypatch.setattr(console, "width", 160)  # whatever the terminal of the tests
    write(
        "rows/orders",
        {"type": "expect_column_values_to_be_between", "kwargs": PRICE, "severity": "warning"},
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "prcie", "mostly": 0}},
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "prcie", "value_set": [1]}},
    )
    done = run("expectations", "check")
    assert done.exit_code == 0
    lines = [re.split(" {2,}", line.rstrip()) for line in done.output.splitlines()]
    # The examples of a line may take two.
    shown = [line for line in lines if line[0] in {"suite", "rows/orders"}]
    assert shown[0] == ["suite", "expectation", "severity", "result", "unexpected", "examples"]
    assert shown[1][:5] == ["rows/orders", "expect_column_values_to_be_between(price)", "warning", "fails", "2 of 9"]
    # A property that no event has shows in that there was nothing to look at.
    assert shown[3][3] == "nothing to look at"
    assert results(db) == {}
    assert db.execute("select from ops.own_suite_run").fetchall() == []


@pytest.mark.parametrize(
    ("severity", "expectation", "exit_code"),
    [
        ("critical", "expect_column_values_to_be_null", 1),
        ("warning", "expect_column_values_to_be_null", 0),
        ("critical", "expect_column_values_to_not_be_null", 0),
        ("warning", "expect_nothing", 1),
    ],
)
def test_the_exit_status_of_check(folder, write, orders, run, severity, expectation, exit_code):
    write("rows/a", {"type": expectation, "kwargs": {"column": "event"}, "severity": severity})
    write("rows/b", NO_SUCH)
    done = run("expectations", "check", "--suite", "rows/a", "--json")
    assert done.exit_code == exit_code
    [line] = json.loads(done.stdout)
    assert line["suite"] == "rows/a"


def test_output_for_programs_is_json_alone(folder, write, orders, run):
    write("warehouse/events", by_sql("select 1 as one"))  # the library prints that it lacks {batch}
    [line] = json.loads(run("expectations", "check", "--json").stdout)
    assert (line["result"], line["examples"]) == ("fails", [{"one": 1}])


def test_a_suite_that_is_not_there_or_no_folder(folder, write, run):
    write("rows/a", NO_SUCH)
    with pytest.raises(EtlError, match=r"There is no suite 'rows/b' in .*: rows/a"):
        find_suites(folder, "rows/b")
    with pytest.raises(EtlError, match="set ETL_EXPECTATIONS_DIR"):
        find_suites(None, None)


# A rerun by somebody who has nothing of this program


def rerun(out, batch):
    """In a context of its own: success and unexpected rows of each expectation, in order."""
    suite = gx.ExpectationSuite(**json.loads((out / "suite.json").read_text()))
    found = batch.validate(suite, result_format="SUMMARY").results
    return sorted(
        (
            each.expectation_config.type,
            each.success,
            each.result.get("unexpected_count", each.result.get("observed_value")),
        )
        for each in found
    )


def exported(out):
    found = json.loads((out / "result.json").read_text())
    return sorted((name.partition("(")[0], each["success"], each["unexpected"]) for name, each in found.items())


def test_a_stranger_gets_the_same_of_a_frame(db, folder, write, orders, run, tmp_path, land, cycle):
    write(
        "rows/orders",
        gxe.ExpectColumnValuesToBeBetween(**PRICE),
        gxe.ExpectColumnValuesToNotBeNull(column="source", mostly=0.5),
        gxe.ExpectColumnValuesToMatchRegex(column="event", regex="^Order"),
        gxe.ExpectColumnValuesToBeUnique(column="uuid"),
    )
    check_suites(db, folder)
    land("later", "d", properties={"$device_id": "d"}, at=10)
    cycle(at=11)
    out = tmp_path / "out"
    done = run("expectations", "export", "rows/orders", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in out.iterdir()) == ["result.json", "rows.parquet", "suite.json"]
    frame = pd.read_parquet(out / "rows.parquet")
    assert len(frame) == 10  # what maintenance looked at, not what came later
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("anybody").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    assert rerun(out, batch) == exported(out)
    assert rerun(out, batch) == [
        ("expect_column_values_to_be_between", False, 2),
        ("expect_column_values_to_be_unique", True, 0),
        ("expect_column_values_to_match_regex", False, 1),
        ("expect_column_values_to_not_be_null", False, 7),
    ]


def test_a_stranger_gets_the_same_of_a_relation(database, folder, write, orders, run, tmp_path):
    write(
        "warehouse/events",
        gxe.UnexpectedRowsExpectation(unexpected_rows_query=CHEAP),
        gxe.ExpectColumnValuesToBeInSet(column="event", value_set=["$pageview"], mostly=0.05),
    )
    out = tmp_path / "out"
    assert run("expectations", "export", "warehouse/events", "--out", str(out)).exit_code == 0
    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_postgres(
        "anybody", connection_string=database.replace("postgresql://", "postgresql+psycopg://")
    )
    asset = source.add_query_asset("events", query=(out / "query.sql").read_text())
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    assert rerun(out, batch) == exported(out)
    assert rerun(out, batch) == [
        ("expect_column_values_to_be_in_set", True, 9),
        ("unexpected_rows_expectation", False, 2),
    ]
    source.get_engine().dispose()


def test_a_suite_that_cannot_be_evaluated_is_not_exported(folder, write, orders, run, tmp_path):
    write("rows/a", NO_SUCH)
    done = run("expectations", "export", "rows/a", "--out", str(tmp_path / "out"))
    assert isinstance(done.exception, EtlError)
    assert not (tmp_path / "out").exists()
