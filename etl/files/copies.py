"""Temporary files, and the room for them: what is no file is copied to one, and so is what is sorted or unpacked."""

from __future__ import annotations

import shutil
import tempfile
from itertools import count
from typing import IO

from etl.errors import DISK_IS_FULL, LandingError
from etl.files.packed import BLOCK_BYTES

KEPT_SHARE = 20
"""One part in so many of the disk stays free, at most ``KEPT_BYTES``: a database may be on it, and a pipe endless."""
KEPT_BYTES = 1024**3
_BLOCKS_A_LOOK = 32


def copy(stream: IO[bytes], file: IO[bytes], name: str) -> None:
    """Copy all of a stream to a temporary file.

    Raises:
        LandingError: there is no room; says what to do.
    """
    try:
        for number in count():
            if number % _BLOCKS_A_LOOK == 0:
                check_room(name)
            if not (block := stream.read(BLOCK_BYTES)):
                file.flush()
                return
            file.write(block)
    except OSError as error:
        if error.errno not in DISK_IS_FULL:
            raise
        raise _no_room(name) from error


def check_room(name: str) -> None:
    """See that temporary files leave room for others.

    Raises:
        LandingError: they do not.
    """
    disk = shutil.disk_usage(tempfile.gettempdir())
    if disk.free < min(KEPT_BYTES, disk.total // KEPT_SHARE):
        raise _no_room(name)


def _no_room(name: str) -> LandingError:
    return LandingError(
        f"{name} needs room in {tempfile.gettempdir()} before it is landed, and there is none left: nothing was "
        "landed. Set TMPDIR to a folder with more."
    )
