"""The suites in ``expectations/`` as they are written: read, and checked before anything is evaluated."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from etl import sql
from etl.errors import GateError

COUNT = "expect_table_row_count_to_equal"

_Read = TypeVar("_Read")
Text = Annotated[str, msgspec.Meta(min_length=1)]

REPLACEABLE = ("staged_event", "project", "batch")
"""The suites of a cycle, in whose place others can be tried."""

_folder: ContextVar[Path | None] = ContextVar("folder", default=None)


class _Meta(msgspec.Struct):
    name: Text
    remedy: Text
    min_rows: int = 0


class _Expectation(msgspec.Struct):
    type: Text
    kwargs: dict[str, Any]
    severity: Literal["critical", "warning", "info"]
    notes: Text
    meta: _Meta


class _Suite(msgspec.Struct):
    expectations: list[_Expectation]


class _Refusal(msgspec.Struct):
    name: Text
    column: str | None
    reason: Text
    remedy: Text


class _Refusals(msgspec.Struct):
    refusals: list[_Refusal]


@contextmanager
def replaced_by(folder: Path) -> Iterator[None]:
    """Suites of a cycle that stand in a folder take the place of those in ``expectations/``, for this thread.

    Raises:
        GateError: none of them is in the folder, or one cannot be used.
    """
    found = [name for name in REPLACEABLE if (folder / f"{name}.json").is_file()]
    if not found:
        raise GateError(f"{folder}: none of {', '.join(f'{name}.json' for name in REPLACEABLE)} is in this folder.")
    before = _folder.set(folder)
    try:
        for name in found:
            of_columns(name, "expect_column_")
        yield
    finally:
        _folder.reset(before)


def read_suite(name: str) -> dict[str, Any]:
    """The suite ``expectations/{name}.json`` as written, or what takes its place (:func:`replaced_by`).

    Raises:
        GateError: it lacks a member that is needed, gives one name to two expectations, or has what is not supported.
    """
    return _read_suite(name, _file(name))


@functools.cache
def _read_suite(name: str, file: Path) -> dict[str, Any]:
    content, suite = _read(name, file, _Suite)
    _refuse_repeated(name, (each.meta.name for each in suite.expectations))
    for each in suite.expectations:
        if "mostly" in each.kwargs:
            raise unusable(name, f"{each.meta.name} has `mostly`, and here each row passes or fails by itself")
    return content


@functools.cache
def read_refusals() -> dict[str, dict[str, Any]]:
    """The rules of ``expectations/refusal.json`` by name, each as a reason in a record.

    Raises:
        GateError: one lacks a member, or two have one name.
    """
    _, written = _read("refusal", _file("refusal"), _Refusals)
    _refuse_repeated("refusal", (each.name for each in written.refusals))
    return {
        each.name: {
            "expectation": each.name,
            "column": each.column,
            "reason": each.reason,
            "remedy": each.remedy,
        }
        for each in written.refusals
    }


def _file(name: str) -> Path:
    own = _folder.get()
    is_replaced = own is not None and name in REPLACEABLE and (own / f"{name}.json").is_file()
    return (own if own is not None and is_replaced else sql.resource("expectations")) / f"{name}.json"


def _read(name: str, file: Path, kind: type[_Read]) -> tuple[dict[str, Any], _Read]:
    written = file.read_bytes()
    try:
        return msgspec.json.decode(written), msgspec.json.decode(written, type=kind)
    except msgspec.DecodeError as error:
        raise unusable(name, str(error)) from error


def _refuse_repeated(suite_name: str, names: Iterable[str]) -> None:
    # The second one of a name would take the place of the first, which nobody would miss.
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise unusable(suite_name, f"there is more than one {', '.join(repeated)}")


def of_columns(suite_name: str, prefix: str) -> list[dict[str, Any]]:
    """The expectations of a suite in which each looks at one column.

    Args:
        suite_name: file name in ``expectations/`` without its ending.
        prefix: what the type of each begins with.

    Raises:
        GateError: one is of another type.
    """
    written: list[dict[str, Any]] = read_suite(suite_name)["expectations"]
    for each in written:
        if not each["type"].startswith(prefix) or not isinstance(each["kwargs"].get("column"), str):
            raise unusable(
                suite_name,
                f"{each['meta']['name']} is of the type {each['type']}, and only {prefix}... with a `column` can be "
                "used in this suite",
            )
    return written


def of_counts(suite_name: str) -> list[dict[str, Any]]:
    """The expectations of a suite in which each counts the rows of a query.

    Raises:
        GateError: one is of another type.
    """
    written: list[dict[str, Any]] = read_suite(suite_name)["expectations"]
    for each in written:
        if each["type"] != COUNT:
            raise unusable(
                suite_name,
                f"{each['meta']['name']} is of the type {each['type']}, and only {COUNT} can be used in this suite",
            )
    return written


def unusable(suite_name: str, trouble: str) -> GateError:
    """The error that says what is wrong with a suite."""
    if _folder.get() is not None:
        return GateError(f"{_file(suite_name)} cannot be used: {trouble}.")
    return GateError(
        f"expectations/{suite_name}.json cannot be used: {trouble}. Until it is corrected, what it checks stays as it "
        "is: an open batch stays open, and nothing of it is loaded."
    )
