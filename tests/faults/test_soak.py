"""A quarter of an hour of the soak, with each fault once; `make soak` has a day of it, at random."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.faults.soak import learn, soaking

pytestmark = pytest.mark.long


@pytest.mark.crash
def test_each_fault_once_in_a_quarter_of_an_hour() -> None:
    with soaking(seed=1) as soak:
        refused = learn(soak)
        faults = list(soak.faults)
        random.Random(2).shuffle(faults)
        for number, fault in enumerate(itertools.chain.from_iterable((each, None) for each in faults)):
            soak.minute(number, fault)
        soak.settle()
        soak.maintain()
        soak.check(refused)
        assert set(soak.struck.values()) == {1}
