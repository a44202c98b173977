"""What Citus refuses where only ``warehouse.stored_event`` and ``warehouse.event_key`` are spread over servers.

No package registry has Citus, so nothing here runs it: statements are read, those of functions in PL/pgSQL excepted.
A rule is what a statement broke when Citus was tried by hand, with an error or, worse, without one. A table is *spread*
if it is one of these two or a view of them, and *local* otherwise; a CTE is neither, because its rows are sent along.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import zip_longest

from sqlfluff.core import FluffConfig, Linter
from sqlfluff.core.parser import BaseSegment

from etl import sql

ROOT = sql.resource("sql")
TABLES = ("warehouse.stored_event", "warehouse.event_key")
QUERIES = ("select_statement", "insert_statement", "update_statement", "delete_statement")
RULES = {
    "system column": "tableoid and the like are those of the server that has the row",
    "join": "to join spread and local tables sends the rows of one side over; as an outer join it was refused",
    "look-up": "a query inside another one that names its columns, where one is of spread and one of local tables",
    "no column": "a list without columns, such as `exists (select from ops.erased_id)`",
    "function": "one that is called for each event runs where the event is, and its tables are not there",
    "moved row": "the distinct id says where a row is, and cannot be updated",
}
SYSTEM_COLUMNS = {"tableoid", "ctid", "xmin", "xmax"}


@dataclass
class Query:
    """One query of a statement, without those inside it.

    Attributes:
        outer: the one it is inside.
        tables: what it reads by the name it has there: a table, or empty for a CTE, a function and the like.
        columns: what it names, as written.
    """

    segment: BaseSegment
    outer: Query | None
    tables: dict[str, str] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)


def spread() -> set[str]:
    """The spread tables, and the views of them."""
    views = {path.stem: path.read_text() for path in (ROOT / "views").glob("*.sql")}
    found = {*TABLES, "warehouse.stored_event_default"}
    while more := {name for name, text in views.items() if any(_names(text, each) for each in found)} - found:
        found |= more
    return found


def reading_functions() -> set[str]:
    """Functions of ours that read a table."""
    functions = {path.stem: path.read_text() for path in (ROOT / "functions").glob("*.sql")}
    found = {
        name for name, text in functions.items() if re.search(r"\b(from|join|into) (?!ops\.\w+\()[a-z]+\.[a-z]", text)
    }
    while more := {name for name, text in functions.items() if any(f"{each}(" in text for each in found)} - found:
        found |= more
    return found


def broken_rules(text: str) -> set[str]:
    """The names of the rules that a statement breaks; none where it names no spread table."""
    code = re.sub(r"--[^\n]*", "", text)
    if not any(_names(code, name) for name in _spread()):
        return set()
    return {rule for query in queries(text) for rule in _broken(query)}


def _broken(query: Query) -> Iterator[str]:
    kinds = {_kind(table) for table in query.tables.values()}
    if any(column.rpartition(".")[2] in SYSTEM_COLUMNS for column in query.columns) and "spread" in kinds:
        yield "system column"
    if {"spread", "local"} <= kinds:
        yield "join"
    outer_tables = set(_outer_tables(query))
    for outer in outer_tables:
        if "spread" in kinds and _kind(outer) != "spread":
            yield "look-up"
        if "local" in kinds and _kind(outer) == "spread":
            yield "look-up"
    if "local" in kinds and not outer_tables and query.outer and not _result(query.segment):
        yield "no column"
    if "spread" in kinds and any(f"{name}(" in _own_text(query.segment) for name in _reading_functions()):
        yield "function"
    if query.segment.is_type("update_statement") and "spread" in kinds:
        target = next(query.segment.recursive_crawl("set_clause_list"))
        if any(
            next(each.recursive_crawl("column_reference")).raw == "distinct_id"
            for each in target.get_children("set_clause")
        ):
            yield "moved row"


def _outer_tables(query: Query) -> Iterator[str]:
    """The tables of outer queries whose columns it names."""
    for column in query.columns:
        name = column.rpartition(".")[0]
        if not name or name in query.tables:
            continue
        outer = query.outer
        while outer and name not in outer.tables:
            outer = outer.outer
        if outer:
            yield outer.tables[name]


def _result(select: BaseSegment) -> list[BaseSegment]:
    return select.get_child("select_clause").get_children("select_clause_element")


def queries(text: str) -> list[Query]:
    """Every query of a statement, or of the functions in SQL that it makes.

    Raises:
        ValueError: it cannot be read.
    """
    found: list[Query] = []
    for part in _parts(text):
        tree = _linter().parse_string(part).tree
        assert tree is not None
        if unread := next(tree.recursive_crawl("unparsable"), None):
            raise ValueError(unread.raw)
        ctes = {each.get_child("naked_identifier").raw for each in tree.recursive_crawl("common_table_expression")}
        _collect(tree, None, ctes, found)
    return found


def _collect(segment: BaseSegment, query: Query | None, ctes: set[str], found: list[Query]) -> None:
    for child in segment.segments:
        if child.is_type(*QUERIES):
            inner = Query(child, query)
            found.append(inner)
            _note_tables(child, inner, ctes)
            _collect(child, inner, ctes, found)
        else:
            if child.is_type("column_reference") and query:
                query.columns.append(child.raw)
            _collect(child, query, ctes, found)


def _note_tables(segment: BaseSegment, query: Query, ctes: set[str]) -> None:
    """What stands in FROM, in USING, or is written to, with the alias that follows it."""
    parts = [each for each in segment.segments if each.is_code]
    for part, following in zip_longest(parts, parts[1:]):
        if part.is_type("table_expression", "table_reference"):
            reference = part if part.is_type("table_reference") else part.get_child("table_reference")
            table = reference.raw if reference and reference.raw not in ctes else ""
            has_alias = following is not None and following.is_type("alias_expression")
            query.tables[following.get_child("naked_identifier").raw if has_alias else table] = table
        elif not part.is_type(*QUERIES):
            _note_tables(part, query, ctes)


def _own_text(segment: BaseSegment) -> str:
    return "".join(" " if each.is_type(*QUERIES) else _own_text(each) or each.raw for each in segment.segments)


def _kind(table: str) -> str:
    return "spread" if table in _spread() else "local" if "." in table else ""


def _names(text: str, table: str) -> bool:
    return re.search(rf"\b{re.escape(table)}\b(?!\()", text) is not None


def _parts(text: str) -> list[str]:
    """Without what the parser does not know: COPY, grants, #>, and OFFSET where there is no FROM."""
    text = re.sub(r"^comment on .*?';$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^(grant|revoke) .*", "", text, flags=re.MULTILINE)
    text = re.sub(r"^copy \((.*)\) to stdout;", r"\1;", text, flags=re.MULTILINE | re.DOTALL)
    if bodies := re.findall(r"language sql\b.*?\$\$(.*?)\$\$", text, re.DOTALL):
        return bodies
    return [re.sub(r"\boffset 0\b", "", text.replace("#>", "->"))]


_spread = cache(spread)
_reading_functions = cache(reading_functions)


@cache
def _linter() -> Linter:
    return Linter(config=FluffConfig.from_root())
