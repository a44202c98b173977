"""The one sql to PostgreSQL and to the statements under ``sql/``: no other module holds SQL."""

from __future__ import annotations

import asyncio
import functools
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import psycopg
from psycopg import AsyncConnection, Connection, Cursor, IsolationLevel, errors
from psycopg.rows import DictRow, class_row, dict_row, tuple_row
from psycopg.types.json import set_json_dumps, set_json_loads

from etl.errors import ConfigurationError, CycleBusyError, UnavailableError

Row = dict[str, Any]
Db = Connection[DictRow]
AsyncDb = AsyncConnection[DictRow]
T = TypeVar("T")

_UNLIMITED = {"statement_timeout": "0", "lock_timeout": "0"}
_LINK: dict[str, Any] = {
    # From the first message on, before anything is set: in another encoding the driver knows some only as bytes, others
    # not at all, and text that it lacks would be refused row by row.
    "client_encoding": "UTF8",
    # So that a server that has gone without a word is noticed in a minute, not in the system's two hours.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

set_json_dumps(msgspec.json.encode)
set_json_loads(msgspec.json.decode)


def resource(name: str) -> Path:
    """The folder ``sql`` or ``expectations``: inside an installed package, next to ``etl/`` in a checkout."""
    packaged = Path(__file__).parent / "_resources" / name
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / name


@functools.cache
def statement(name: str) -> bytes:
    """The text of ``sql/{name}.sql``."""
    return (resource("sql") / f"{name}.sql").read_bytes()


def plain_url(url: str) -> str:
    """A URL in the form libpq reads, whatever form it came in (``postgresql+psycopg://``, ``postgres://``)."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in {"postgres", "postgresql"}:
        raise _malformed_url()
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise _malformed_url() from None
    if parts.netloc.count("@") > 1:
        raise _malformed_url()  # else libpq takes the password's end for the host, and names it
    return f"postgresql://{rest}"


def _malformed_url() -> ConfigurationError:
    """Without what was written: a password may stand anywhere in it."""
    return ConfigurationError(
        "The address of the warehouse cannot be read. Write it (ETL_DATABASE_URL, ETL_SHARDS) as "
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %XX for the characters @ : / ? # % of a password."
    )


def connect(url: str, *, application_name: str = "etl") -> Db:
    """A connection in autocommit mode (transactions are explicit), in UTC, with rows as dicts.

    Raises:
        ConfigurationError: the URL cannot be read; the server refuses the login, has no such database, or is older than
            PostgreSQL 16; a pooler in transaction mode stands before it.
        UnavailableError: it cannot be reached just now.
    """
    try:
        connection = psycopg.connect(
            plain_url(url),
            autocommit=True,
            row_factory=dict_row,
            application_name=application_name,
            connect_timeout=10,
            **_LINK,
        )
    except psycopg.OperationalError as error:
        raise _connection_error(error) from error
    except psycopg.ProgrammingError:
        raise _malformed_url() from None
    if connection.info.server_version < 160000:
        version = connection.info.server_version // 10000
        connection.close()
        raise ConfigurationError(f"The warehouse runs PostgreSQL {version}; 16 or newer is needed.")
    with _finished_on_error(connection):
        if _configure(connection, _UNLIMITED) != connection.info.backend_pid:
            _refuse_transaction_pooler(url)
    return connection


async def connect_async(url: str, *, application_name: str) -> AsyncDb:
    """As ``connect``, for the event loop of capture: gives up soon, and every commit is durable.

    Raises:
        ConfigurationError: the server refuses the login, or has no such database; a pooler in transaction mode stands
            before it.
        UnavailableError: it cannot be reached just now.
    """
    try:
        connection = await psycopg.AsyncConnection.connect(
            plain_url(url),
            autocommit=True,
            row_factory=dict_row,
            application_name=application_name,
            connect_timeout=3,
            **_LINK,
        )
    except psycopg.OperationalError as error:
        raise _connection_error(error) from error
    except psycopg.ProgrammingError:
        raise _malformed_url() from None
    with _finished_on_error(connection):
        limits = _UNLIMITED | {"statement_timeout": "30s"}
        configured = await (await connection.execute(statement("connect/configure"), limits)).fetchone()
        if configured is None or configured["pid"] != connection.info.backend_pid:
            await asyncio.to_thread(_refuse_transaction_pooler, url)
    return connection


def _configure(connection: Db, limits: Mapping[str, str]) -> int:
    """Set what a session of ours needs; returns the server's process.

    Not by the startup parameter `options`: poolers refuse it, or drop it.
    """
    return int(one(connection, "connect/configure", limits)["pid"])


@contextmanager
def _finished_on_error(connection: Db | AsyncDb) -> Iterator[None]:
    """Let go of a connection that is made and turns out to be of no use."""
    try:
        yield
    except BaseException as error:
        connection.pgconn.finish()
        if isinstance(error, psycopg.OperationalError):
            raise _connection_error(error) from error
        raise


@functools.cache
def _refuse_transaction_pooler(url: str) -> None:
    """See that a session behind a pooler keeps its server process: settings and the cycle lock stay with that.

    In transaction mode a second client is given the process that the first one has just used, or the first one is given
    another one each time.

    Raises:
        ConfigurationError: it does not.
    """
    with (
        psycopg.connect(plain_url(url), autocommit=True, row_factory=dict_row, connect_timeout=10, **_LINK) as first,
        psycopg.connect(plain_url(url), autocommit=True, row_factory=dict_row, connect_timeout=10, **_LINK) as second,
    ):
        pid, again, other = (one(each, "connect/read_pid")["pid"] for each in (first, first, second))
    if pid != again or pid == other:
        raise ConfigurationError(
            "A pooler in transaction mode stands before the warehouse: a session keeps neither its settings nor its "
            "lock there. Set ETL_DATABASE_URL to the server itself, or to a pooler in session mode."
        )


def _connection_error(error: psycopg.OperationalError) -> ConfigurationError | UnavailableError:
    reason = " ".join(str(error).split())
    signs = ("authentication failed", "does not exist", "no pg_hba.conf entry", "permission denied for database")
    if any(sign in reason for sign in signs):
        return ConfigurationError(
            f"No connection to the warehouse: {reason}. Check its address (ETL_DATABASE_URL, ETL_SHARDS)."
        )
    if any(sign in reason for sign in ("too many clients", "too many connections", "remaining connection slots")):
        return UnavailableError(
            f"The warehouse has no connection left: {reason}. End some, or raise its limit; nothing is lost, and the "
            "next run tries again."
        )
    return UnavailableError(
        f"No connection to the warehouse: {reason}. Is it up? Check its address (ETL_DATABASE_URL, ETL_SHARDS)."
    )


def server_error(error: psycopg.OperationalError) -> UnavailableError:
    """What broke a statement off, as an error of ours: the server, its disk or the way to it, and no row."""
    reason = one_line(error)
    if isinstance(error, errors.DiskFull):
        return UnavailableError(
            f"The server's disk is full: {reason}. Make room on it; nothing is lost, and the next run goes on."
        )
    return UnavailableError(f"The server broke off: {reason}. Nothing is half done: run it again.")


def one_line(error: BaseException) -> str:
    """What an error says, in one line and without the rows that PostgreSQL shows with it."""
    message = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return " ".join((message or str(error)).split())


def connect_beside(db: Db, number: int = 2) -> Db:
    """A further connection like this one, the second or third ..., for work that goes on at the same time.

    It waits for a lock at most half a minute: the first connection may hold what it waits for while its client waits
    for this one, a circle that the server cannot see.
    """
    parameters = db.info.get_parameters()
    parameters["application_name"] = f"{parameters.get('application_name', 'etl')} (session {number})"
    try:
        connection = psycopg.connect(
            **(parameters | _LINK),
            password=db.info.password or None,
            autocommit=True,
            row_factory=dict_row,
        )
    except psycopg.OperationalError as error:
        raise UnavailableError(f"No further connection to the warehouse: {' '.join(str(error).split())}.") from error
    with _finished_on_error(connection):
        _configure(connection, _UNLIMITED | {"lock_timeout": "30s"})
    return connection


def run(db: Db, name: str, params: Mapping[str, Any] | None = None) -> Cursor[DictRow]:
    """Run the statement ``sql/{name}.sql`` with named parameters and return its cursor."""
    with _observed_by_all(db, name):
        return db.execute(statement(name), params)


def one(db: Db, name: str, params: Mapping[str, Any] | None = None) -> Row:
    """The only row of a statement that always returns one."""
    row = run(db, name, params).fetchone()
    if row is None:
        raise LookupError(f"sql/{name}.sql returned no row")
    return row


def record(db: Db, kind: type[T], name: str, params: Mapping[str, Any] | None = None) -> T | None:
    """The first row of a statement as an object of ``kind``, whose fields are its columns; None without a row."""
    with _observed_by_all(db, name), db.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(statement(name), params).fetchone()


def tuples(db: Db, name: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """All rows of a statement as tuples, for the many and narrow: half the time of dicts."""
    with _observed_by_all(db, name), db.cursor(row_factory=tuple_row, binary=True) as cursor:
        return cursor.execute(statement(name), params).fetchall()


def stream(
    db: Db, name: str, params: Mapping[str, Any] | None = None, *, size: int = 20_000
) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a statement as lists of at most ``size`` tuples: memory stays flat. Needs an open transaction."""
    with _observed_by_all(db, name), db.cursor(name=name.replace("/", "_"), row_factory=tuple_row) as cursor:
        cursor.execute(statement(name), params)
        while rows := cursor.fetchmany(size):
            yield rows


def head(db: Db, name: str, at_most: int) -> list[Row]:
    """The first rows of a statement that may have very many; the others are not sent."""
    with _observed_by_all(db, name), db.transaction(), db.cursor(name=name.replace("/", "_")) as cursor:
        return cursor.execute(statement(name)).fetchmany(at_most)


def copy_in_parts(db: Db, name: str, rows: Iterable[Sequence[Any]], *, size: int = 1_000) -> int:
    """As ``copy_in``, for rows that are made of what another statement still reads on the same connection."""
    remaining, count = iter(rows), 0
    while part := list(itertools.islice(remaining, size)):
        count += copy_in(db, name, part)
    return count


def copy_in(db: Db, name: str, rows: Iterable[Sequence[Any]]) -> int:
    """Send rows through the COPY statement ``sql/{name}.sql``; returns how many."""
    count = 0
    with _observed_by_all(db, name), db.cursor() as cursor, cursor.copy(statement(name)) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def copy_out(db: Db, name: str, params: Mapping[str, Any] | None = None) -> Iterator[bytes]:
    """What the COPY statement ``sql/{name}.sql`` sends, block by block."""
    with _observed_by_all(db, name), db.cursor() as cursor, cursor.copy(statement(name), params) as copy:
        for block in copy:
            yield bytes(block)


def copy_across(source: Db, out: str, target: Db, into: str, params: Mapping[str, Any] | None = None) -> None:
    """Send what one database's COPY ``sql/{out}.sql`` gives into the other's COPY ``sql/{into}.sql``."""
    with target.cursor() as cursor, cursor.copy(statement(into)) as copy:
        for block in copy_out(source, out, params):
            copy.write(block)


def copied_rows(
    db: Db, name: str, types: Sequence[str], params: Mapping[str, Any] | None = None
) -> Iterator[tuple[Any, ...]]:
    """The rows that the COPY statement ``sql/{name}.sql`` sends, one at a time, as values of PostgreSQL's ``types``."""
    with _observed_by_all(db, name), db.cursor() as cursor, cursor.copy(statement(name), params) as copy:
        copy.set_types(types)
        yield from copy.rows()


Observer = Callable[[Db, str, bool], None]
"""Called with the connection, the name of a statement, and whether it has run (else it is about to)."""

_observers: list[Observer] = []


@contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Call ``observer`` before and after every statement of this process; what it raises, the caller gets.

    This is how a test makes a statement fail, or stops the process at one.
    """
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


@contextmanager
def _observed_by_all(db: Db, name: str) -> Iterator[None]:
    for observer in _observers:
        observer(db, name, False)
    yield
    for observer in _observers:
        observer(db, name, True)


@contextmanager
def snapshot(db: Db) -> Iterator[None]:
    """One transaction that reads everything as it was at its first statement, and can change nothing.

    Needs a connection in autocommit mode, which is afterwards as it was before, whatever was raised inside.
    """
    before = db.isolation_level, db.read_only
    db.isolation_level, db.read_only = IsolationLevel.REPEATABLE_READ, True
    try:
        with db.transaction():
            yield
    finally:
        if not db.closed:
            db.isolation_level, db.read_only = before


def json_text(value: object) -> str:
    """A value as JSON text, the form in which COPY takes jsonb."""
    return msgspec.json.encode(value).decode()


@contextmanager
def cycle_lock(db: Db, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock that lets one process at a time run a step of the cycle; a session that holds it goes on.

    Args:
        db: the connection that holds it, in autocommit mode; the lock ends with the session, so a killed process frees
            it.
        wait_seconds: how long to wait for another holder.

    Raises:
        CycleBusyError: another session holds it; names its process and role.
    """
    give_up_at = time.monotonic() + wait_seconds
    while not one(db, "lock/take")["is_taken"]:
        holder = run(db, "lock/holder").fetchone()
        if holder and holder["is_this_session"]:  # what is done under the lock may ask for it again
            yield
            return
        if time.monotonic() >= give_up_at:
            named = (
                f" (server process {holder['pid']}, role {holder['role']!r}, {holder['application_name']!r})"
                if holder
                else ""
            )
            raise CycleBusyError(
                f"Another cycle is running{named}; "
                "this one did nothing. The open batch is finished by the other run or by the next one."
            )
        time.sleep(0.1)
    try:
        yield
    finally:
        if not db.closed and not db.broken:
            run(db, "lock/release")


class Stopwatch:
    """Seconds since it was made, for the timings in the ledger."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds so far, to the millisecond."""
        return round(time.perf_counter() - self._start, 3)
