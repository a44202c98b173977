"""A capture server for each test, on a database of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from etl.settings import Settings
from tests.capture.service import Service, serving


@pytest.fixture
def service(database: str, settings: Settings) -> Iterator[Service]:
    with serving(database, settings) as running:
        yield running
