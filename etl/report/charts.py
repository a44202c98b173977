"""Geometry of the charts: plain numbers in a box of 100 by 100 that the templates draw as inline SVG.

The box is stretched to the room there is; text stands next to it as HTML, so that it stays readable on a phone. Colours
come from the stylesheet, so that one picture serves light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from etl.report.html import is_missing, nice_ceiling


@dataclass(frozen=True)
class Series:
    """One row of numbers: its name, its colour (a class of the stylesheet), its values."""

    name: str
    style: str
    values: Sequence[Any]


@dataclass(frozen=True)
class Chart:
    """One picture with the words around it.

    Attributes:
        title: what it shows, as a heading.
        note: how to read it, one sentence.
        unit: the filter of its numbers: ``n`` or ``secs``.
        noun: what its numbers count, written at the axis.
        labels: one a place, for tooltips and the table. Places are equally far apart in time.
        series: drawn in this order.
        kind: ``bars`` (stacked) or ``lines``.
        links: one a place, or none.
    """

    name: str
    title: str
    note: str
    unit: str
    labels: Sequence[str]
    series: Sequence[Series]
    kind: str = "bars"
    noun: str = "rows"
    links: Sequence[str | None] = field(default_factory=tuple)

    @property
    def is_empty(self) -> bool:
        """Nothing to draw."""
        return not any(value for each in self.series for value in each.values if not is_missing(value))

    @property
    def top(self) -> float:
        """The number at the upper edge."""
        if self.kind == "bars":
            heights = [
                sum(v for v in values if not is_missing(v))
                for values in zip(*(s.values for s in self.series), strict=True)
            ]
        else:
            heights = [value for each in self.series for value in each.values if not is_missing(value)]
        return nice_ceiling(float(max(heights, default=0)), self.unit)

    @property
    def ticks(self) -> list[str]:
        """First, middle and last label."""
        count = len(self.labels)
        return [self.labels[place] for place in sorted({0, count // 2, count - 1})] if count else []

    def bars(self) -> list[dict[str, Any]]:
        """Rectangles, stacked from the ground: place, style, and what the tooltip says."""
        width = 100 / max(len(self.labels), 1)
        gap = min(width * 0.22, 0.8)
        found = []
        for place, name in enumerate(self.labels):
            ground = 100.0
            for each in self.series:
                value = each.values[place]
                if is_missing(value) or not value:
                    continue
                height = max(float(value) / self.top * 100, 0.6)
                ground -= height
                found.append({
                    "x": round(place * width + gap / 2, 3),
                    "y": round(max(ground, 0), 3),
                    "width": round(width - gap, 3),
                    "height": round(height, 3),
                    "style": each.style,
                    "label": name,
                    "name": each.name,
                    "value": value,
                    "link": self.links[place] if self.links else None,
                })
        return found

    def paths(self) -> list[dict[str, str]]:
        """One path a series, broken where there is no number; a lone point is a short dash."""
        step = 100 / max(len(self.labels) - 1, 1)
        found = []
        for each in self.series:
            path, is_open = [], False
            for place, value in enumerate(each.values):
                if is_missing(value):
                    is_open = False
                    continue
                x, y = place * step, 100 - min(float(value) / self.top, 1.0) * 100
                path.append(f"{'L' if is_open else 'M'}{x:.2f} {y:.2f}" + ("" if is_open else "h.4"))
                is_open = True
            found.append({"style": each.style, "d": "".join(path)})
        return found

    def rows(self) -> list[tuple[str, list[Any]]]:
        """The same as a table, newest first."""
        return [
            (name, [each.values[place] for each in self.series])
            for place, name in reversed(list(enumerate(self.labels)))
        ]


def sparkline(values: Sequence[Any]) -> str:
    """The path of a few numbers, one a day, in a box of 100 by 100."""
    top, step = max([*values, 1]), 100 / max(len(values) - 1, 1)
    return "".join(
        f"{'L' if place else 'M'}{place * step:.1f} {100 - value / top * 96:.1f}" for place, value in enumerate(values)
    )


@dataclass(frozen=True)
class Ranking:
    """Names with a number each, the largest first, as horizontal bars."""

    rows: Sequence[dict[str, Any]]

    @property
    def top(self) -> float:
        """The largest number."""
        return float(max((row["value"] for row in self.rows), default=1)) or 1.0
