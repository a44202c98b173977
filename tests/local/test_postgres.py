"""The private PostgreSQL: closed to others, honest about commits, and hard to break."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from etl import databases, sql
from etl.errors import ConfigurationError
from etl.local import postgres
from tests import server


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that the server's user can reach; pytest's own cannot be, for root."""
    with server.open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def data(open_folder: Path) -> Path:
    """A home whose server has run once."""
    home = open_folder / "home"
    postgres.start(home)
    return home


@pytest.fixture
def home(data: Path) -> Iterator[Path]:
    """The same home, with the server stopped; each test leaves it fit to start."""
    postgres.stop(data)
    yield data
    postgres.stop(data, mode="immediate")


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(databases.database_url(url, "postgres"), autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


def server_process(home: Path) -> int:
    return int((home / "data" / "postmaster.pid").read_text().split()[0])


def test_only_this_machine_and_only_with_the_password(home: Path) -> None:
    url = postgres.start(home)
    assert query(url, "show listen_addresses") == [("127.0.0.1",)]
    assert query(url, "show unix_socket_directories") == [("",)]
    assert stat.S_IMODE((home / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "data").stat().st_mode) == 0o700
    password = (home / "password").read_text()
    for wrong in (url.replace(password, "wrong"), url.replace(f":{password}", "")):
        with pytest.raises(psycopg.OperationalError, match="password"):
            query(wrong, "select 1")


def test_a_commit_is_on_disk_unless_tests_say_otherwise(home: Path) -> None:
    settings = ("fsync", "full_page_writes", "synchronous_commit")
    assert [query(postgres.start(home), f"show {name}")[0][0] for name in settings] == ["on", "on", "on"]
    postgres.stop(home)
    hasty = postgres.start(home, is_durable=False)
    assert [query(hasty, f"show {name}")[0][0] for name in settings] == ["off", "off", "off"]


def test_a_running_server_is_found_again_on_its_port(home: Path) -> None:
    assert postgres.running_url(home) is None
    url = postgres.start(home)
    assert postgres.start(home, port=postgres.free_port()) == url == postgres.running_url(home)
    postgres.stop(home)
    assert postgres.running_url(home) is None
    postgres.stop(home)  # once more is no error


@pytest.mark.parametrize("crash", ["kill", "immediate"])
def test_what_was_committed_survives_a_crash(home: Path, crash: str) -> None:
    url = postgres.start(home)
    query(url, f"create table {crash} as select 1 as number")
    if crash == "kill":
        os.kill(server_process(home), 9)
    else:
        postgres.stop(home, mode="immediate")
    assert query(postgres.start(home), f"select number from {crash}") == [(1,)]


def test_the_pid_of_another_program_does_not_keep_it_from_starting(home: Path) -> None:
    postgres.start(home)
    pid_file = home / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    postgres.stop(home)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert query(postgres.start(home), "select 1") == [(1,)]


def test_two_at_once_get_one_server(home: Path) -> None:
    program = f"from pathlib import Path; from etl.local import postgres; print(postgres.start(Path({str(home)!r})))"
    both = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    urls = {process.communicate(timeout=60)[0].strip() for process in both}
    assert urls == {postgres.running_url(home)}


def test_a_set_up_that_was_cut_off_is_done_again(open_folder: Path) -> None:
    home = open_folder / "cut-off"
    (home / "data.new" / "base").mkdir(parents=True)
    (home / "password").write_text("of the one cut off")
    try:
        assert query(postgres.start(home), "select 1") == [(1,)]
    finally:
        postgres.stop(home, mode="immediate")


def test_a_taken_port_is_named(home: Path) -> None:
    with socket.socket() as other:
        other.bind((postgres.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port} on 127.0.0.1 is in use.*ETL_POSTGRES_PORT"):
            postgres.start(home, port=port)


def test_a_folder_that_cannot_be_written_is_named(open_folder: Path) -> None:
    file = open_folder / "file"
    file.touch()
    with pytest.raises(ConfigurationError, match=f"{file}.*Set ETL_HOME"):
        postgres.start(file / "home")


def test_a_lost_password_is_said_and_not_replaced(home: Path) -> None:
    lost = (home / "password").rename(home / "elsewhere")
    with pytest.raises(ConfigurationError, match=r"password is missing: put it back"):
        postgres.start(home)
    lost.rename(home / "password")


def test_a_server_that_does_not_start_says_why(home: Path) -> None:
    version = home / "data" / "PG_VERSION"
    right = version.read_text()
    version.write_text("9\n")
    with pytest.raises(ConfigurationError, match=r"did not start: .*incompatible.*Its log is"):
        postgres.start(home)
    version.write_text(right)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_root_runs_it_as_a_user_of_its_own(home: Path) -> None:
    """Many daemons run as nobody: what one of them may read and lock, all may."""
    postgres.start(home)
    own = pwd.getpwnam(postgres.USER).pw_uid
    assert own not in {0, pwd.getpwnam("nobody").pw_uid}
    assert {Path(f"/proc/{server_process(home)}").stat().st_uid, (home / "data").stat().st_uid} == {own}
    files = [home / name for name in ("password", "postgres.log", "lock", "data/PG_VERSION", "data/postmaster.pid")]
    tries = [command for file in files for command in (["cat", file], ["flock", "-n", file, "true"])]
    for command in (["ls", home / "data"], ["flock", "-n", home / "data", "true"], *tries):
        tried = subprocess.run(command, user="nobody", group="nogroup", capture_output=True, check=False)
        assert tried.returncode, command


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_a_user_that_cannot_be_made_is_said(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "USER", "no:such:user")
    with pytest.raises(
        ConfigurationError, match=r"the user 'no:such:user' could not be made for it: .*ETL_DATABASE_URL"
    ):
        postgres.start(open_folder / "userless")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ConfigurationError, match=r"could not be made for it: useradd is missing"):
        postgres.start(open_folder / "userless")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_root_leaves_closed_folders_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    place = postgres.server_home(closed / "postgres")
    try:
        url = postgres.start(closed / "postgres")
        assert query(url, "show data_directory") == [(str(place / "data"),)]
        assert place.is_relative_to(postgres.ROOT_HOME)
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert postgres.running_url(closed / "postgres") == url
        assert Path(f"/proc/{server_process(place)}").stat().st_uid != 0
    finally:
        postgres.stop(closed / "postgres", mode="immediate")
        shutil.rmtree(place)
        with contextlib.suppress(OSError):  # another home may be there
            postgres.ROOT_HOME.rmdir()


def test_create_database_makes_it_once(server_url: str) -> None:
    url = databases.create_database(server_url, "made_once")
    assert databases.create_database(server_url, "made_once") == url == f"{server_url}/made_once"
    with sql.connect(url) as db:
        assert db.info.dbname == "made_once"
    query(server_url, "drop database made_once")


def test_create_database_says_when_the_role_may_not(server_url: str) -> None:
    query(server_url, "drop role if exists poor")
    query(server_url, "create role poor login password 'poor'")
    poor = f"postgresql://poor:poor@{server_url.split('@')[1]}/postgres"
    with pytest.raises(ConfigurationError, match=r"'poor' may not create the database 'airflow'.*ETL_AIRFLOW_DATABASE"):
        databases.create_database(poor, "airflow")
    query(server_url, "drop role poor")
