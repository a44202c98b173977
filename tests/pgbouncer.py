"""PgBouncer before the tests' server, where Debian's package pgbouncer is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

import psycopg

from etl.local import postgres
from tests.server import open_folder

PROGRAM = shutil.which("pgbouncer", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


@contextmanager
def pooled(url: str, mode: str, *more: str) -> Iterator[str]:
    """The same URL through a pooler of this mode; ``more`` are lines of its configuration."""
    assert PROGRAM is not None
    parts, port = urlsplit(url), postgres.free_port()
    with open_folder() as folder:
        (folder / "users.txt").write_text(f'"{parts.username}" "{unquote(parts.password or "")}"\n')
        configuration = folder / "pgbouncer.ini"
        configuration.write_text(
            "\n".join([
                "[databases]",
                f"* = host={parts.hostname} port={parts.port}",
                "[pgbouncer]",
                f"listen_addr=127.0.0.1\nlisten_port={port}\nunix_socket_dir=",
                f"auth_type=trust\nauth_file={folder / 'users.txt'}",
                f"pool_mode={mode}",
                *more,
            ])
        )
        # It refuses to run as root.
        user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        process = subprocess.Popen([PROGRAM, "-q", configuration], stderr=subprocess.DEVNULL, **user)  # type: ignore[call-overload]
        through = parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()
        try:
            _wait_for(through)
            yield through
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(url: str) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return
