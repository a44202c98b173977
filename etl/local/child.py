"""Starting a program that must not outlive this one."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from etl.local.private import open_private

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def start(
    command: Sequence[str | Path], *, log: Path, environment: Mapping[str, str], folder: Path, marker: int
) -> subprocess.Popen[bytes]:
    """Start a program in ``folder``, its output in ``log``; the log of the run before stays as ``.1``.

    Args:
        command: program and arguments.
        log: readable by nobody else.
        environment: all of it.
        folder: to work in.
        marker: descriptor of a locked file, kept open by the child and its offspring: while one lives, it is locked.
    """
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    with open_private(log, "append") as output:
        return subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(marker,),
            umask=0o077,
            preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - this process has one thread
        )


def _die_with(parent: int) -> Any:
    """What a child does between fork and exec: ask the kernel for a SIGTERM when its parent dies, even by kill -9."""

    def ask() -> None:
        if _libc is not None:
            _libc.prctl(1, signal.SIGTERM)
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGTERM)

    return ask
