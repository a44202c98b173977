"""What Great Expectations works out again and again, remembered: half of what the gate costs a small batch.

It makes an expectation's configuration anew at each of some seventy look-ups a batch, though nothing changes it.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

# By the id of an expectation, which is kept too, so that no other one gets its id.
_known: dict[int, tuple[Any, Any]] = {}


def remember_configurations(*, is_wanted: bool) -> None:
    """Forget all, and remember from now on, or leave the library as it is. Without effect until it is imported."""
    _known.clear()
    if module := sys.modules.get("great_expectations.expectations.expectation"):
        as_written, remembering = _properties(module.Expectation)
        module.Expectation.configuration = remembering if is_wanted else as_written


@functools.cache
def _properties(expectation_class: Any) -> tuple[property, property]:
    as_written = expectation_class.configuration

    def configuration(expectation: Any) -> Any:
        if id(expectation) not in _known:
            _known[id(expectation)] = expectation, as_written.fget(expectation)
        return _known[id(expectation)][1]

    return as_written, property(configuration)
