"""A capture server that a module's tests share: each finds landing and the counters empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from etl.settings import Settings
from tests.capture.service import Service, serving
from tests.conftest import fresh_database


@pytest.fixture(scope="module")
def running_service(server_url: str, template: str) -> Iterator[Service]:
    settings = Settings(_env_prefix="NO_SUCH_PREFIX_")
    with fresh_database(server_url, template) as database, serving(database, settings) as running:
        yield running


@pytest.fixture
def module_service(running_service: Service) -> Service:
    """The module's server; what a test before has landed is none of this one's."""
    running_service.landed_now()
    return running_service


@pytest.fixture
def service(module_service: Service) -> Service:
    module_service.begin()
    return module_service


@pytest.fixture
def serve(service: Service, settings: Settings) -> Callable[..., AbstractContextManager[Service]]:
    """One more server on the same database, with other settings: capture_NAME=value."""

    def _serve(**changed: object) -> AbstractContextManager[Service]:
        changes = {f"capture_{name}": value for name, value in changed.items()}
        return serving(service.database, settings.model_copy(update=changes))

    return _serve


@pytest.fixture
def own_service(database: str, settings: Settings) -> Iterator[Service]:
    """A server on the test's own database, for what a cycle makes of it."""
    with serving(database, settings) as running:
        yield running
