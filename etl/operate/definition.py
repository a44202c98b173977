"""What actions and cohorts have in common: files of them, and what of them PostgreSQL and the project have to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import psycopg.errors

from etl import sql
from etl.errors import DefinitionError
from etl.rules.definition import D, Filter
from etl.sql import Db

LOCK_SECONDS = 60.0

Decision = Literal["added", "changed", "enabled", "unchanged", "deleted in PostHog, left out"]


@dataclass(frozen=True)
class Outcome:
    """What became of an action or a cohort that was read.

    Attributes:
        name: of it.
        decision: what was done.
    """

    name: str
    decision: Decision


def read_files(path: Path, read: Callable[[object], list[D]]) -> list[D]:
    """What a file defines, or the ``*.json`` files of a folder.

    Args:
        path: the file or folder.
        read: what a JSON document defines.

    Raises:
        DefinitionError: a file is no JSON, what it defines is not supported, or all of them define nothing; says where.
        OSError: it cannot be read.
    """
    paths = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not paths:
        raise DefinitionError(f"{path}: no file *.json is in this folder.")
    files: dict[str, Path] = {}
    everything: list[D] = []
    for file in paths:
        try:
            found = read(msgspec.json.decode(file.read_bytes()))
        except (msgspec.DecodeError, RecursionError) as error:
            raise DefinitionError(f"{file} is no JSON: {error}.") from error
        except DefinitionError as error:
            raise DefinitionError(f"{file}: {error}") from error
        for each in found:
            if not each.is_deleted and files.setdefault(each.name, file) != file:
                raise DefinitionError(f"{file} and {files[each.name]}: both have {each.name!r}.")
        everything += found
    if not everything:
        raise DefinitionError(f"{path}: nothing is defined there: write one, or a list of them, as PostHog's API has.")
    return everything


def check_pattern(db: Db, pattern: str, place: str) -> None:
    """See that PostgreSQL can use a regular expression, before anything waits for it.

    Raises:
        DefinitionError: it cannot; says where and why.
    """
    try:
        sql.run(db, "action/try_pattern", {"pattern": pattern})
    except psycopg.errors.InvalidRegularExpression as error:
        raise DefinitionError(f"{place}: no regular expression: {sql.one_line(error)}.") from error


def patterns(filter_: Filter) -> Iterator[str]:
    """The regular expressions of a filter."""
    if filter_.operator in {"regex", "not_regex"}:
        yield from filter_.texts


def decision_about(is_deleted: bool, is_there: bool, is_same: bool, is_enabled: bool) -> Decision:
    """What adding one means.

    Args:
        is_deleted: in PostHog.
        is_there: there is one of this name.
        is_same: and it says the same.
        is_enabled: and readers see it.
    """
    if is_deleted:
        return "deleted in PostHog, left out"
    if not is_there:
        return "added"
    if not is_same:
        return "changed"
    return "unchanged" if is_enabled else "enabled"
