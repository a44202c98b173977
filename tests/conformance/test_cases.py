"""Behaviour cases read from PostHog's own tests and code, each through the real pipeline. See ``cases/README.md``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from etl.db import Db
from etl.settings import Settings
from tests.conformance.expectations import failures
from tests.conformance.runner import Case, UnsupportedError, empty, run_case


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
    if problems:
        pytest.fail("; ".join(problems), pytrace=False)
