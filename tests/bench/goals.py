"""The goals of speed next to what one run has measured: the last thing that `make bench` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Goal(NamedTuple):
    """A figure, and the bound that it is meant to keep; ``form`` says how both are written."""

    figure: str
    bound: float
    form: str
    is_least: bool = False

    def is_reached(self, measured: float) -> bool:
        return measured >= self.bound if self.is_least else measured <= self.bound


GOALS = {
    "made-up cpu": Goal("CPU of the drain over the bare copy's, 1 KB mix", 4, "{:.1f}"),
    "recorded cpu": Goal("CPU of the drain over the bare copy's, recorded payloads", 6, "{:.1f}"),
    "made-up wall": Goal("events/s of the drain over the bare copy's, 1 KB mix", 0.4, "{:.2f}", is_least=True),
    "recorded wall": Goal(
        "events/s of the drain over the bare copy's, recorded payloads", 0.3, "{:.2f}", is_least=True
    ),
    "minute": Goal("seconds of a minute's batch of 12,000 recorded events", 1.5, "{:.2f}"),
    "full": Goal("its seconds next to many stored events over those next to few", 1.1, "{:.2f}"),
    "capture": Goal(
        "events/s of capture, a server a core, batches of 10, durably committed", 25_000, "{:,.0f}", is_least=True
    ),
}


def table(measured: Mapping[str, float]) -> str:
    """A line for each goal that was measured, as a table of Markdown."""
    lines = ["| figure | goal | measured | |", "| --- | --: | --: | --- |"]
    for name, goal in GOALS.items():
        if name in measured:
            value, bound = goal.form.format(measured[name]), goal.form.format(goal.bound)
            said = "reached" if goal.is_reached(measured[name]) else "not reached"
            lines.append(f"| {goal.figure} | {'>=' if goal.is_least else '<='} {bound} | {value} | {said} |")
    return "\n".join(lines)
