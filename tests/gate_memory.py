"""What Great Expectations works out again and again, remembered: most of what the gate costs a small batch.

A small frame with the same content, asked the same, gets the same answer. And an expectation's configuration is made
anew at each of some seventy look-ups a batch, though nothing changes it.
"""

from __future__ import annotations

import functools
import pickle
import sys
from typing import Any

MAX_ROWS = 100

_answers: dict[bytes, Any] = {}
# By the id of an expectation, which is kept too, so that no other one gets its id.
_configurations: dict[int, tuple[Any, Any]] = {}


def remember(*, is_wanted: bool) -> None:
    """From now on; or leave the library as it is. Without effect until it is imported, which takes seconds."""
    _configurations.clear()
    interfaces = sys.modules.get("great_expectations.datasource.fluent.interfaces")
    expectations = sys.modules.get("great_expectations.expectations.expectation")
    if interfaces and expectations:
        batch, expectation = interfaces.Batch, expectations.Expectation
        library = _library(batch, expectation)
        batch.validate, expectation.configuration = _remembering(*library) if is_wanted else library


@functools.cache
def _library(batch: Any, expectation: Any) -> tuple[Any, property]:
    """As the library has them."""
    return batch.validate, expectation.configuration


@functools.cache
def _remembering(validate: Any, configuration: Any) -> tuple[Any, property]:
    def remembering_validate(batch: Any, suite: Any, **asked: Any) -> Any:
        frame = getattr(batch.data, "dataframe", None)  # of a query on the warehouse there is none
        if frame is None or len(frame) > MAX_ROWS:
            return validate(batch, suite, **asked)
        question = pickle.dumps((frame, suite.name, [each.json() for each in suite.expectations], asked))
        if question not in _answers:
            _answers[question] = validate(batch, suite, **asked)
        return _answers[question]

    def remembering_configuration(expectation: Any) -> Any:
        if id(expectation) not in _configurations:
            _configurations[id(expectation)] = expectation, configuration.fget(expectation)
        return _configurations[id(expectation)][1]

    return remembering_validate, property(remembering_configuration)
