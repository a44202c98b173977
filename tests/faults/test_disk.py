"""The disk is full, of the server or of the client: one line says so, nothing is lost, and with room all goes on."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from etl import cli, sql
from etl.cycle.run import run_cycle
from etl.errors import UnavailableError
from etl.files import land
from etl.operate.status import read_status
from tests.cycle import crash
from tests.cycle.crash import SETTINGS, Fault
from tests.faults import books
from tests.faults.disk import Disk, SmallServer, mounted

pytestmark = pytest.mark.long

# A statement of each step that needs room, and which room: that of the tables or that of the log.
STATEMENTS = [
    "stage/insert_event",
    pytest.param("resolve/exclude_duplicates", marks=pytest.mark.crash),
    pytest.param("load/insert_person", marks=pytest.mark.crash),
    "load/insert_event",
]


@pytest.fixture(scope="module")
def small() -> Iterator[SmallServer]:
    with SmallServer.running() as server:
        server.make_template()
        yield server


@pytest.fixture
def url(small: SmallServer) -> Iterator[str]:
    """A database on it."""
    with psycopg.connect(f"{small.url}/postgres", autocommit=True) as admin:
        admin.execute("drop database if exists test with (force)")
        admin.execute("create database test template template_etl")
        admin.execute("checkpoint")
    yield f"{small.url}/test"
    small.tables.clear()
    small.log.clear()


@pytest.fixture
def etl(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """The command on a warehouse, with its exit status and what it says on standard error."""

    def _etl(url: str, *arguments: str) -> tuple[int, str]:
        monkeypatch.setenv("ETL_DATABASE_URL", url)
        monkeypatch.setattr("sys.argv", ["etl", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return int(stopped.value.code or 0), capsys.readouterr().err

    return _etl


@pytest.mark.parametrize("statement", STATEMENTS)
def test_no_room_for_tables_in_a_step(small, url, etl, statement):
    with sql.connect(url) as db:
        sent = books.land_visits(db, 20)
        run_cycle(db, SETTINGS)
        sent |= books.land_visits(db, 3_000, visitor="e")
        before = crash.contents(db)
        with crash.armed(Fault(statement), small.tables.fill):
            status, said = etl(url, "cycle")
        assert status == 1
        assert said.startswith("etl: The server's disk is full: could not extend file")
        assert said.endswith("No space left on device. Make room on it; nothing is lost, and the next run goes on.\n")
        assert said.count("\n") == 1
        after = crash.contents(db)
        assert [row for row in after.pop("ops.batch") if '"open"' not in row] == before.pop("ops.batch")
        assert after == before
        assert not [each for each in read_status(db, SETTINGS).problems if each.kind == "set_apart"]
        small.tables.clear()
        batch = run_cycle(db, SETTINGS)
        assert (batch.batch_id, batch.loaded, batch.quarantined) == (2, 3_000, 0)
        books.check(db, sent)


def test_no_room_for_tables_in_a_landing(small, url, etl, tmp_path, monkeypatch):
    monkeypatch.setattr(land, "CHUNK_EVENTS", 1_000)
    file, sent = write_events(tmp_path, 3_000)
    with crash.armed(Fault("land/copy_event", 2), small.tables.fill):
        status, said = etl(url, "land", str(file))
    assert status == 1
    assert said.startswith(f"etl: {file}: stopped after 1,000 events, which are landed: could not extend file")
    assert said.endswith("Run the same command again: it goes on from there.\n")
    assert said.count("\n") == 1
    small.tables.clear()
    assert etl(url, "land", str(file)) == (0, "")
    with sql.connect(url) as db:
        assert run_cycle(db, SETTINGS).landed == 3_000
        books.check(db, sent)


@pytest.mark.parametrize("statement", [pytest.param("open/insert_batch", marks=pytest.mark.crash), "load/insert_event"])
def test_no_room_for_the_log(small, url, statement):
    """The server goes down at once, and up again when there is room."""
    with sql.connect(url) as db:
        sent = books.land_visits(db, 500)

    with (
        crash.armed(Fault(statement), small.fill_log),
        pytest.raises(psycopg.OperationalError) as raised,
        sql.connect(url) as db,
    ):
        run_cycle(db, SETTINGS)
    assert "\n" not in str(sql.server_error(raised.value))
    with pytest.raises(UnavailableError, match=r"No connection to the warehouse: .*Is it up\?"):
        sql.connect(url)
    small.log.clear()
    small.start()
    with sql.connect(url) as db:
        while run_cycle(db, SETTINGS).landed:
            pass
        books.check(db, sent)


# The disk of whoever runs a command.


@pytest.fixture
def client_disk(tmp_path: Path) -> Iterator[Disk]:
    with mounted(tmp_path / "disk", 4) as disk:
        yield disk


def test_no_room_for_the_report(database, db, etl, client_disk):
    books.land_visits(db, 50)
    run_cycle(db, SETTINGS)
    out = client_disk.folder / "site"
    assert etl(database, "report", "--out", str(out)) == (0, "")
    before = pages(out)
    books.land_visits(db, 50)
    run_cycle(db, SETTINGS)
    client_disk.fill(but=8_192)
    status, said = etl(database, "report", "--out", str(out))
    assert (status, said) == (
        1,
        f"etl: Cannot write the report to {out}: No space left on device. Choose a folder that you may write to and "
        "that has room.\n",
    )
    assert pages(out).keys() >= before.keys()
    assert all(page.endswith("</html>") for page in pages(out).values())
    assert list(out.rglob("*.new")) == []
    client_disk.clear()
    assert etl(database, "report", "--out", str(out)) == (0, "")
    assert "batch-000000002" in "".join(pages(out)) or pages(out) != before


def test_no_room_for_what_cannot_be_read(database, db, etl, client_disk, tmp_path):
    file, sent = write_events(tmp_path, 200, more="no JSON\n" * 2_000)
    rejects = client_disk.folder / "rejects"
    client_disk.fill()
    status, said = etl(database, "land", str(file), "--rejects", str(rejects))
    assert status == 1
    assert "No space left on device" in said
    assert said.count("\n") == 1
    client_disk.clear()
    assert etl(database, "land", str(file), "--rejects", str(rejects))[0] == 1
    assert rejects.read_text() == "no JSON\n" * 2_000
    run_cycle(db, SETTINGS)
    books.check(db, sent)


def test_no_room_for_a_copy_of_the_standard_input(database, etl, client_disk, tmp_path, monkeypatch):
    file, _ = write_events(tmp_path, 200)
    monkeypatch.setattr("tempfile.tempdir", str(client_disk.folder))
    client_disk.fill(but=4_096)
    for kept_bytes in (0, 1 << 30):  # all of the disk is taken; some of it would have to stay free
        monkeypatch.setattr("etl.files.copies.KEPT_BYTES", kept_bytes)
        with file.open() as text:
            monkeypatch.setattr("sys.stdin", text)
            status, said = etl(database, "land", "-")
        assert (status, said) == (
            1,
            f"etl: standard input needs room in {client_disk.folder} before it is landed, and there is none left: "
            "nothing was landed. Set TMPDIR to a folder with more.\n",
        )


def write_events(folder: Path, count: int, *, more: str = "") -> tuple[Path, set[str]]:
    """A file of events of anonymous visitors, and their uuids."""
    file, sent = folder / "events.jsonl", [str(uuid.uuid4()) for _ in range(count)]
    event = {"event": "page", "distinct_id": "d", "properties": {"$device_id": "d", "text": "x" * 300}}
    lines = [json.dumps({**event, "uuid": each}) for each in sent]
    file.write_text("\n".join(lines) + "\n" + more)
    return file, set(sent)


def pages(out: Path) -> dict[str, str]:
    return {page.name: page.read_text().strip() for page in out.rglob("*.html")}
