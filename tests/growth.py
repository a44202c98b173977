"""How the cost of a call grows with its size."""

from __future__ import annotations

import gc
from collections.abc import Callable
from math import log
from time import process_time

TURNS = 3


def exponent(work: Callable[[int], object], fewer: int, more: int) -> float:
    """The power of the size with which the CPU seconds grow: 1 for twice as long at twice the size, 2 for a square.

    The shortest of three turns counts, and the two sizes take turns, because the neighbours of a machine come and go.
    The garbage collector rests: it looks at everything that the tests before have left in the process.
    """
    seconds: dict[int, list[float]] = {fewer: [], more: []}
    gc.disable()
    try:
        for _ in range(TURNS):
            for size, taken in seconds.items():
                gc.collect()
                began = process_time()
                work(size)
                taken.append(process_time() - began)
    finally:
        gc.enable()
    return log(min(seconds[more]) / min(seconds[fewer])) / log(more / fewer)
