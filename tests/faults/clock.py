"""The clock of a server, to be set to anything: by Debian's package faketime, where it is installed."""

from __future__ import annotations

from pathlib import Path

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


class Clock:
    """What a server takes for the time."""

    def __init__(self, file: Path) -> None:
        """Right, to begin with; ``file`` is where the server looks."""
        self._file = file
        self.seconds = 0
        self.move(0)

    @property
    def environment(self) -> dict[str, str]:
        """With these variables a server has this clock."""
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def move(self, seconds: int) -> None:
        """Set it forward, or back."""
        self.seconds += seconds
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(f"{self.seconds:+}\n")
        unfinished.chmod(0o644)
        unfinished.replace(self._file)
