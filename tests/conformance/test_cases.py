"""Behaviour cases read from PostHog's own tests and code, each through the real pipeline. See ``cases/README.md``.

``departures.json`` names the cases whose expectation contradicts a promise of ours, with the reason. They must fail:
one that passes makes the list wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from etl.settings import Settings
from etl.sql import Db
from tests.conformance.expectations import failures
from tests.conformance.runner import Case, UnsupportedError, empty, run_case

DEPARTURES: dict[str, str] = msgspec.json.decode((Path(__file__).parent / "departures.json").read_bytes())


@pytest.fixture
def emptied(shared_db: Db) -> Db:
    """The one database of all cases, emptied before each: faster than a database of its own."""
    empty(shared_db)
    return shared_db


def test_case(case: Case, emptied: Db, settings: Settings, record_property: Callable[[str, object], None]) -> None:
    record_property("category", case.category)
    try:
        problems = failures(run_case(emptied, settings, case))
    except UnsupportedError as error:
        problems = [str(error)]
    if case.id in DEPARTURES:
        record_property("departure", DEPARTURES[case.id])
        if not problems:
            pytest.fail("listed in departures.json, and passes", pytrace=False)
    elif problems:
        pytest.fail("; ".join(problems), pytrace=False)
