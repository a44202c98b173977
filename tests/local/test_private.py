"""Files of ours: only their owner may read or lock them, and no link leads root elsewhere."""

from __future__ import annotations

import os
import stat
from unittest.mock import Mock

import pytest

from etl.errors import ConfigurationError
from etl.local import postgres
from etl.local.private import check_folder, open_private, write_private


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("mode", ["replace", "append", "new"])
def test_only_the_owner_may_read_it(tmp_path, open_umask, mode):
    with open_private(tmp_path / "file", mode) as file:
        file.write("secret")
        assert file.name == str(tmp_path / "file")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert (tmp_path / "file").read_text() == "secret"


def test_what_was_open_to_all_is_closed(tmp_path):
    (tmp_path / "lock").write_text("before")
    (tmp_path / "lock").chmod(0o644)
    with open_private(tmp_path / "lock", "append") as file:
        file.write(", after")
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
    assert (tmp_path / "lock").read_text() == "before, after"


@pytest.mark.parametrize("mode", ["replace", "append", "new"])
@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "link to nothing"])
def test_nothing_that_leads_elsewhere_is_written_to(tmp_path, mode, kind):
    target, path = tmp_path / "target", tmp_path / "path"
    target.write_text("precious")
    if kind == "link":
        path.symlink_to(target)
    elif kind == "hard link":
        os.link(target, path)
    elif kind == "pipe":
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    else:
        path.symlink_to(tmp_path / "nothing")
    with pytest.raises(OSError):  # noqa: PT011 - of the system: a loop, a link, somebody else's
        open_private(path, mode)
    if kind == "pipe":
        os.close(reader)
    assert target.read_text() == "precious"
    assert not (tmp_path / "nothing").exists()


def test_a_folder_must_be_real_and_closed(tmp_path):
    (tmp_path / "real").mkdir(mode=0o711)
    check_folder(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    for name in ("link", "open"):
        with pytest.raises(PermissionError):
            check_folder(tmp_path / name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps the server's files below /var/tmp")
@pytest.mark.parametrize("kind", ["link", "open"])
def test_root_adopts_no_folder_that_somebody_else_has_prepared(tmp_path, monkeypatch, kind):
    shared = tmp_path / "event-microbatch-0"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if kind == "link":
        shared.symlink_to(elsewhere)
    else:
        shared.mkdir()
        shared.chmod(0o777)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(postgres, "ROOT_HOME", shared)
    with pytest.raises(ConfigurationError, match="cannot use the folder"):
        postgres.start(closed / "postgres")
    assert list(elsewhere.iterdir()) == []


def test_a_secret_takes_the_place_of_what_was_there(tmp_path, open_umask):
    (tmp_path / "elsewhere").write_text("somebody else's")
    (tmp_path / "password").symlink_to(tmp_path / "elsewhere")
    write_private(tmp_path / "password", "secret")
    assert (tmp_path / "elsewhere").read_text() == "somebody else's"
    assert not (tmp_path / "password").is_symlink()
    assert stat.S_IMODE((tmp_path / "password").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "password"]


def test_a_secret_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    write_private(tmp_path / "password", "old")
    monkeypatch.setattr("os.fsync", Mock(side_effect=OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        write_private(tmp_path / "password", "new")
    assert (tmp_path / "password").read_text() == "old"
