"""The cases as tests, and the table of how many hold."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.conformance.runner import read_cases


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a case of the folder ``--cases``."""
    if "case" in metafunc.fixturenames:
        folder = metafunc.config.invocation_params.dir / metafunc.config.getoption("--cases")
        cases = list(read_cases(folder))
        if not cases:
            raise pytest.UsageError(f"There are no cases in {folder}; expected are files *.json.")
        metafunc.parametrize("case", cases, ids=lambda case: case.id)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Passed, departing on purpose, and failed, by category."""
    counts: Counter[tuple[str, str]] = Counter()
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, ()):
            told = dict(getattr(report, "user_properties", ()))
            if category := told.get("category"):
                kind = "failed" if outcome != "passed" else "departs" if "departure" in told else "passed"
                counts[str(category), kind] += 1
    if not counts:
        return
    terminalreporter.section("conformance")
    terminalreporter.write_line(f"{'category':<14}{'passed':>8}{'departs':>9}{'failed':>8}")
    for category in [*sorted({category for category, _ in counts}), "all"]:
        passed, departs, failed = (
            sum(count for (name, kind), count in counts.items() if kind == wanted and category in {name, "all"})
            for wanted in ("passed", "departs", "failed")
        )
        terminalreporter.write_line(f"{category:<14}{passed:>8}{departs:>9}{failed:>8}")
