"""The names of tests: where two workers collect other ones, a run ends before its first test."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.faults.clock import LIBRARY

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(LIBRARY is None, reason="needs Debian's package faketime"),
]


def names(shift: str, seed: str) -> list[str]:
    """The names that a worker collects whose clock is ``shift`` away and whose sets are in another order."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-o",
        "addopts=",
        "-p",
        "no:cacheprovider",
        "--collect-only",
        "-q",
        "tests",
    ]
    surroundings = {**os.environ, "LD_PRELOAD": str(LIBRARY), "FAKETIME": shift, "PYTHONHASHSEED": seed}
    found = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True)
    return sorted(line for line in found.stdout.splitlines() if "::" in line)


def test_no_name_depends_on_the_clock_or_on_the_order_of_a_set() -> None:
    first, *others = (names(shift, seed) for shift, seed in [("+0", "1"), ("+97d", "2"), ("+5000d", "3")])
    assert len(first) > 6_000
    assert others == [first, first]
