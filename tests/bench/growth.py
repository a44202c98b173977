"""How the cost of a cycle grows with its batch, for each kind of event: seconds at 4 N over seconds at N.

1.0 is linear, 2.0 is the square. It is a ratio of one run, so it says the same on any machine.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

from etl import databases, sql
from etl.cycle.run import run_cycle
from etl.migrate import migrate
from etl.settings import Settings, read_settings
from etl.sql import Db
from tests.bench.kinds import KINDS, land_kind
from tests.server import open_folder, running_in

CYCLE = "cycle"
# A statement that takes less at the larger size is noise.
LEAST_SECONDS = 0.25
SHOWN = 3
REPEATS = 2


def main() -> int:
    """Print a line for each kind and size; exit with 1 where a cycle or a statement grows faster than allowed."""
    parser = argparse.ArgumentParser(prog="make bench-growth", description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[10_000, 40_000, 160_000], metavar="N")
    parser.add_argument("--kind", choices=KINDS, nargs="+", default=list(KINDS), metavar="KIND")
    parser.add_argument("--most", type=float, default=math.inf, help="the highest exponent that is let through")
    arguments = parser.parse_args()
    settings = read_settings(hold_seconds=0.0)
    too_fast = []
    with open_folder() as folder, running_in(folder, is_durable=False) as server:
        measure(server, "anonymous", arguments.events[0] // 4, settings)  # the first cycle also imports
        for kind in arguments.kind:
            suspected = measure_sizes(server, kind, arguments.events, arguments.most, settings)
            # A machine that was busy for a moment looks like growth once, growth itself looks so every time.
            for _ in range(REPEATS):
                if suspected:
                    suspected &= measure_sizes(server, kind, arguments.events, arguments.most, settings)
            too_fast += [f"{kind}: {name}" for name in sorted(suspected)]
    for each in too_fast:
        print(f"grows faster than {arguments.most}, {REPEATS + 1} times of {REPEATS + 1}: {each}")
    return 1 if too_fast else 0


def measure_sizes(server: str, kind: str, sizes: Sequence[int], most: float, settings: Settings) -> set[str]:
    """Print a line for each size; return what grew faster than `most`: names of statements, or the whole cycle."""
    too_fast: set[str] = set()
    before: dict[str, float] = {}
    for number, events in enumerate(sizes):
        found = measure(server, kind, events, settings)
        rate = events * KINDS[kind].share / found[CYCLE]
        line = f"{kind:20} {events:9,} {found[CYCLE]:8.2f} s {rate:8,.0f} events/s"
        if before:
            exponents = grown(before, found, events / sizes[number - 1])
            too_fast |= {name for name, exponent in exponents.items() if exponent > most}
            line += f"  exponent {exponents.pop(CYCLE):.2f}"
            slowest = sorted(exponents, key=found.__getitem__, reverse=True)[:SHOWN]
            line += "".join(f"  {name} {found[name]:.2f} s ({exponents[name]:.2f})" for name in slowest)
        print(line, flush=True)
        before = found
    return too_fast


def measure(server: str, kind: str, events: int, settings: Settings) -> dict[str, float]:
    """Seconds of the cycles that drain so many events of a kind, as a whole and by statement."""
    spent: dict[str, float] = defaultdict(float)
    began: dict[tuple[int, str], float] = {}

    def note(db: Db, name: str, is_after: bool) -> None:
        now = time.perf_counter()
        if is_after:
            spent[name] += now - began[id(db), name]
        else:
            began[id(db), name] = now

    with databases.temporary_database(server, "growth") as url, sql.connect(url) as db:
        migrate(db, settings)
        land_kind(db, kind, events)
        db.execute("vacuum (analyze) landing.event")
        start = time.perf_counter()
        with sql.observed(note):
            while not run_cycle(db, settings).is_caught_up:
                pass
            run_cycle(db, settings)  # releases what is held
        spent[CYCLE] = time.perf_counter() - start
    return spent


def grown(before: Mapping[str, float], after: Mapping[str, float], factor: float) -> dict[str, float]:
    """The exponent of the whole, and of each statement that takes a while: 1 is linear in the number of events."""
    return {
        name: math.log(seconds / before[name]) / math.log(factor)
        for name, seconds in after.items()
        if name == CYCLE or (name in before and seconds > LEAST_SECONDS)
    }


if __name__ == "__main__":
    sys.exit(main())
