"""Logins of tests: members of one of the project's roles and of nothing else."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from etl import sql

_numbers = itertools.count(1)


@contextmanager
def login(url: str, role: str) -> Iterator[str]:
    """The URL of the same database for a new login that is a member of ``role``; it is dropped at the end."""
    name = f"as_{role}_{os.getpid()}_{next(_numbers)}"
    parts = urlsplit(url)
    with sql.connect(url) as db:
        db.execute(f"create role {name} login password '{name}' in role {role}")
        try:
            yield parts._replace(netloc=f"{name}:{name}@{parts.netloc.rpartition('@')[2]}").geturl()
        finally:
            db.execute(f"drop role {name}")
