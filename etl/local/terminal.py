"""What `etl up` and `etl demo` share towards the person at the terminal: lines of progress, and Ctrl-C."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

from rich.console import Console


class StopRequested(Exception):  # noqa: N818 - not an error
    """Ctrl-C or a termination signal arrived, and this is a safe place to stop."""


class Signals:
    """Notes SIGINT, SIGTERM and SIGHUP; the program stops where it asks, never in the middle of something."""

    _NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.has_stop = False

    def __enter__(self) -> Signals:
        self._before = {number: signal.signal(number, self._note) for number in self._NUMBERS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise StopRequested if a signal arrived."""
        if self.has_stop:
            raise StopRequested

    def wait(self, seconds: float) -> None:
        """Sleep, but stop at once when a signal arrives."""
        until = time.monotonic() + seconds
        self.check()
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))
            self.check()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.has_stop = True


class Terminal:
    """Plain lines, bold where it helps; the same text without colours where the output is not a terminal."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)

    def say(self, text: str = "", style: str | None = None) -> None:
        """One line, printed now."""
        self._console.print(text, style=style, markup=False)

    @contextmanager
    def step(self, label: str) -> Iterator[list[str]]:
        """A line that shows what is being done, and ends with what the caller appends, and the seconds it took."""
        began = time.monotonic()
        result: list[str] = []
        self._console.print(f"  {label:<16} ", end="", markup=False)
        try:
            yield result
        except StopRequested:
            self.say("stopped")
            raise
        except BaseException:
            self.say("failed")
            raise
        self.say(f"{' '.join(result):<64} {time.monotonic() - began:4.1f} s")
