"""The model itself, on stories small enough to be told by hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from psycopg import sql as psql

from tests.landing import moment
from tests.rules.oracle import BLANK, ILLEGAL, ILLEGAL_IN_ANY_CASE, Model, Row, is_illegal

LOCALES = ["C", "C.utf8", "en-x-icu", "tr-x-icu"]


def row(at: float, event: str, distinct_id: str, n: int = 0, **properties: Any) -> Row:
    named = {name.replace("__", "$"): value for name, value in properties.items()}
    return Row(
        moment(at),
        event,
        distinct_id,
        named,
        str(UUID(int=n or int(at * 1000) + 1_000_000, version=4)),
        timestamp=moment(at),
    )


def outcomes(model: Model) -> list[str]:
    return [merge.outcome for merge in model.merges.values()]


def test_signup_story_is_one_person():
    model = Model().run([
        row(0, "$pageview", "XYZ", __device_id="XYZ"),
        row(6, "signup", "alice"),
        row(12, "$identify", "alice", __anon_distinct_id="XYZ"),
    ])
    assert model.partition() == {(True, frozenset({(1, "XYZ"), (1, "alice")}))}
    assert outcomes(model) == ["attached"]
    assert model.persons[0].created_at == moment(0)


@pytest.mark.parametrize(("seconds", "outcome", "born"), [(59.9, "attached", 1), (60, "merged", 2), (61, "merged", 2)])
def test_a_hold_ends_after_sixty_seconds(seconds, outcome, born):
    model = Model().run([
        row(-100, "$pageview", "XYZ", __device_id="XYZ"),
        row(0, "signup", "alice"),
        row(seconds, "$identify", "alice", __anon_distinct_id="XYZ"),
    ])
    assert outcomes(model) == [outcome]
    assert len(model.persons) == born


def test_the_hold_runs_on_the_arrival_clock_which_never_goes_back():
    model = Model().run([
        row(100, "$pageview", "XYZ", __device_id="XYZ"),
        row(0, "signup", "alice"),  # arrives at 100 by the clock
        row(70, "$identify", "alice", __anon_distinct_id="XYZ"),
    ])
    assert outcomes(model) == ["attached"]


def test_a_refusal_does_not_depend_on_what_the_target_did_before():
    shared = [
        row(0, "$identify", "alice", __anon_distinct_id="d"),
        row(5, "$identify", "bob", 9, __anon_distinct_id="d"),
    ]
    for rows in (shared, [row(-100, "page", "bob"), *shared], [row(-100, "page", "bob", __device_id="bob"), *shared]):
        model = Model().run(rows)
        assert outcomes(model) == ["created", "refused"]
        assert model.partition() == {
            (True, frozenset({(1, "alice"), (1, "d")})),
            (True, frozenset({(1, "bob")})),
        }


def test_personless_events_make_no_person_and_are_claimed_by_a_later_merge():
    quiet = row(0, "page", "d", __process_person_profile=False)
    loud = row(1, "page", "e", __process_person_profile=0, __device_id="e")
    model = Model().run([quiet, loud])
    assert [person.ids for person in model.persons] == [{(1, "e")}]
    model = Model().run([quiet, row(2, "$identify", "alice", __anon_distinct_id="d")])
    assert set(model.event_persons().values()) == {model.person_of[1, "alice"].id}


def test_duplicates_and_bad_rows():
    first = row(0, "page", "u", 1, __set={"a": 1})
    bad = row(0, "", "u", 1, __set={"a": 2})
    again = row(5, "page", "u", 1, __set={"a": 3})
    model = Model().run([bad, first, again])
    assert (model.quarantined, model.duplicates, len(model.accepted)) == (1, 1, 1)
    assert model.properties_of(model.persons[0]) == {"a": 1}


def test_the_database_calls_the_same_ids_illegal(db):
    """Whatever its locale: glibc calls U+00A0 no space, and in Turkish the small letter of I is not i."""
    words = [*ILLEGAL, *ILLEGAL_IN_ANY_CASE, "", "\t\n", "alice", "null2", "id\n", "\u0130d", "\u0131d"]
    words += [*BLANK, BLANK, "\u0085", "\u001c"]
    around = ["{}", '"{}"', "'{}'", "'{}\"", "'{}", "{}'", " {}", "{} "]
    texts = [shape.format(case(word)) for word in words for shape in around for case in (str, str.upper, str.title)]
    is_illegal_there = psql.SQL("ops.is_illegal_distinct_id(t.text collate {})")
    statement = psql.SQL("select t.text from unnest(%s::text[]) as t(text) where {}")
    # Not every server is built with ICU.
    locales = db.execute("select collname as name from pg_collation where collname = any(%s)", (LOCALES,)).fetchall()
    assert locales
    for locale in locales:
        condition = is_illegal_there.format(psql.Identifier(locale["name"]))
        found = {row["text"] for row in db.execute(statement.format(condition), (texts,))}
        assert found == {text for text in texts if is_illegal(text)}, locale


@pytest.mark.parametrize(
    "text", ["", " \t", "Anonymous", "'guest'", '"null"', "0", "NaN", "[object Object]", "UNDEFINED"]
)
def test_illegal_ids(text):
    assert is_illegal(text)


@pytest.mark.parametrize("text", [" null ", "NULL", "nan", "00", "anonymous1"])
def test_legal_ids(text):
    assert not is_illegal(text)
