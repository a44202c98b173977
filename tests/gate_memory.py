"""Great Expectations makes an expectation's configuration anew at each of some seventy look-ups a batch: remember it.

Nothing changes it in between. It is over a third of what the gate costs a small batch, and most cycles of the tests are
small. Every validation runs as it is.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

# By the id of an expectation, which is kept too, so that no other one gets its id.
_configurations: dict[int, tuple[Any, Any]] = {}


def remember(*, is_wanted: bool) -> None:
    """From now on; or leave the library as it is. Without effect until it is imported, which takes seconds."""
    _configurations.clear()
    if module := sys.modules.get("great_expectations.expectations.expectation"):
        expectation = module.Expectation  # type: ignore[attr-defined]
        library = _library(expectation)
        expectation.configuration = _remembering(library) if is_wanted else library


@functools.cache
def _library(expectation: Any) -> property:
    """As the library has it."""
    configuration: property = expectation.configuration
    return configuration


@functools.cache
def _remembering(configuration: Any) -> property:
    def remembering_configuration(expectation: Any) -> Any:
        if id(expectation) not in _configurations:
            _configurations[id(expectation)] = expectation, configuration.fget(expectation)
        return _configurations[id(expectation)][1]

    return property(remembering_configuration)
