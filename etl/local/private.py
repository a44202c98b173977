"""Files that only their owner may read, made so that no link leads the writer elsewhere."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path
from typing import IO, Literal


def open_private(path: Path, mode: Literal["replace", "append", "new"] = "replace") -> IO[str]:
    """Open a file for writing that nobody else may read or lock (0600).

    Args:
        path: made if it is not there.
        mode: ``replace`` what is there, ``append`` to it, or ``new``: it must not be there yet.

    Raises:
        OSError: the path is a link, or no regular file, or somebody else's: following it could overwrite anything.
    """
    return open(path, "a" if mode == "append" else "w", opener=partial(_open, mode))  # Path.open has no opener


def write_private(file: Path, text: str) -> None:
    """Write a whole file that nobody else may read, such as a password: a power cut leaves the old one or the new one.

    Raises:
        OSError: as ``open_private``.
    """
    unfinished = file.with_name(f"{file.name}.new")
    with open_private(unfinished) as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    unfinished.replace(file)
    sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Return when the names in a folder are on disk: after a power cut they are as they are now."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(mode: str, path: str, _: int) -> int:
    """A descriptor, so that the file keeps its name; what is there is emptied only once it is known to be ours."""
    flags = {"replace": 0, "append": os.O_APPEND, "new": os.O_EXCL}[mode]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | flags, 0o600)
    try:
        _check_file(os.fstat(descriptor), Path(path))
        os.fchmod(descriptor, 0o600)
        if mode == "replace":
            os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_file(found: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_uid != os.geteuid():
        raise PermissionError(1, "Not a file of this user's own", str(path))


def check_folder(folder: Path) -> None:
    """See that a folder is a real one of this user's own, in which nobody else may put anything.

    Raises:
        PermissionError: it is a link, another user's, or others may write to it.
    """
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(1, "A link, another user's folder, or one that others may write to", str(folder))
