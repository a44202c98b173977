"""A person's properties: the same whatever the order of events, deliveries and merges."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.rules.lifted import LIFTED
from etl.rules.properties import apply
from etl.rules.property_state import State, coverage, join, read_state, shifted, visible, write_state
from tests.growth import exponent
from tests.landing import moment
from tests.rules.oracle import Operations, Row

pytestmark = pytest.mark.long

Event = tuple[tuple[int, int, int], dict[str, Any], dict[str, Any], Any, dict[str, Any], bool]
"""Stamp, ``$set``, ``$set_once``, ``$unset``, what it lifts, and whether it is about the person."""


def told(state: State, *events: Event) -> State:
    for stamp, set_, set_once, unset, lifted, is_forced in events:
        values = [json.dumps(lifted[name]) if name in lifted else None for name in LIFTED]
        operations = json.dumps(set_), json.dumps(set_once), json.dumps(unset)
        apply(state, stamp, *operations, values, is_forced=is_forced)
    return state


def seen(state: State) -> Any:
    return json.loads(visible(state))


def at(seconds: int, *, set: Any = (), set_once: Any = (), unset: Any = (), position: int = 1) -> Event:  # noqa: A002
    return (
        (seconds, 7, position),
        dict(set),
        dict(set_once),
        unset if isinstance(unset, dict) else list(unset),
        {},
        True,
    )


names = st.sampled_from(["p", "q", "ключ", "$browser", "$initial_browser", "gclid", "$initial_gclid"])
values = st.one_of(
    st.none(), st.integers(-1, 2), st.booleans(), st.sampled_from(["", "\\\n\u2028😀"]), st.just([1, {}])
)
objects = st.dictionaries(names, values, max_size=2)
unsets = st.one_of(st.lists(st.one_of(names, st.just(3)), max_size=2), st.dictionaries(names, values, max_size=1))
# One that is only filled in, one that is set, and one whose null ends it.
lifted_values = st.dictionaries(st.sampled_from(["$browser", "$app_version", "gclid"]), values, max_size=3)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events at few different times, each with a position of its own."""
    said = draw(
        st.lists(st.tuples(st.integers(0, 4), objects, objects, unsets, lifted_values, st.booleans()), max_size=8)
    )
    return [((time, 7, position), *operations) for position, (time, *operations) in enumerate(said)]  # type: ignore[misc]


def fixed(examples: int = 200) -> Any:
    return settings(derandomize=True, deadline=None, max_examples=examples)


@fixed(400)
@given(histories())
def test_what_a_reader_sees_is_what_the_model_says(history):
    model = Operations()
    for (time, _, position), set_, set_once, unset, lifted, is_forced in history:
        properties = {"$set": set_, "$set_once": set_once, "$unset": unset} | lifted
        event = "$set" if is_forced else "$pageview"
        model.add(Row(moment(0), event=event, properties=properties), (time, position))
    assert seen(told(State(), *history)) == model.visible()


@fixed()
@given(histories(), st.data())
def test_order_does_not_matter(history, data):
    assert told(State(), *data.draw(st.permutations(history))) == told(State(), *history)


@fixed()
@given(histories(), st.data())
def test_a_second_delivery_changes_nothing(history, data):
    again = data.draw(st.lists(st.sampled_from(history), max_size=4)) if history else []
    assert told(State(), *history, *again) == told(State(), *history)


@fixed()
@given(histories(), st.data())
def test_any_split_joined_in_any_order_is_the_whole(history, data):
    parts: list[State] = [State() for _ in range(data.draw(st.integers(1, 4)))]
    for event in data.draw(st.permutations(history)):
        told(parts[data.draw(st.integers(0, len(parts) - 1))], event)
    while len(parts) > 1:
        source = parts.pop(data.draw(st.integers(0, len(parts) - 1)))
        target = parts[data.draw(st.integers(0, len(parts) - 1))]
        join(target, read_state(write_state(source)) if data.draw(st.booleans()) else source)
    assert parts[0] == told(State(), *history)


@fixed()
@given(histories(), histories())
def test_join_is_idempotent_and_leaves_its_source(ours, theirs):
    # Their positions follow ours: no two events of one landing table have one position.
    target = told(State(), *ours)
    source = told(State(), *(((time, xid, place + 100), *rest) for (time, xid, place), *rest in theirs))
    before = copy.deepcopy(source)
    join(target, source)
    once = copy.deepcopy(target)
    join(target, source)
    join(target, once)
    assert target == once
    assert source == before


@fixed()
@given(histories())
def test_a_state_survives_being_stored(history):
    state = told(State(), *history)
    assert read_state(write_state(state)) == state
    assert coverage(read_state(write_state(state))) == coverage(state)
    # jsonb orders keys its own way and adds white space.
    again = read_state(json.dumps(json.loads(write_state(state)), sort_keys=True, indent=1))
    assert json.loads(write_state(again)) == json.loads(write_state(state))
    assert seen(again) == seen(state)


@fixed()
@given(histories())
def test_a_state_that_moves_is_as_if_its_events_had_come_there(history):
    moved = [((time, xid + 3, place + 50), *rest) for (time, xid, place), *rest in history]
    state = told(State(), *history)
    before = copy.deepcopy(state)
    assert shifted(state, xid=3, landing_id=50) == told(State(), *moved)  # type: ignore[arg-type]
    assert state == before


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([at(1, set={"a": 1}), at(2, set={"a": 2})], {"a": 2}),
        ([at(2, set={"a": 2}), at(1, set={"a": 1})], {"a": 2}),
        ([at(1, set={"a": 1}, position=1), at(1, set={"a": 2}, position=2)], {"a": 2}),
        ([at(1, set={"a": {"x": 1}}), at(2, set={"a": {"y": 1}})], {"a": {"y": 1}}),
        ([at(1, set={"a": 1}), at(2, set={"a": None})], {"a": None}),
        ([at(2, set_once={"a": 2}), at(1, set_once={"a": 1})], {"a": 1}),
        ([at(1, set_once={"a": 1}), at(2, set={"a": 2})], {"a": 2}),
        ([at(1, set={"a": 1}), at(2, set_once={"a": 2})], {"a": 1}),
        ([at(1, set={"a": 1}, set_once={"a": 2})], {"a": 1}),
        ([at(1, set={"a": None}), at(2, set_once={"a": 2})], {"a": 2}),
        ([at(1, set_once={"a": 1}), at(2, set={"a": None})], {"a": None}),
        ([at(1, set_once={"a": 1}), at(2, set={"a": None}), at(3, set_once={"a": 3})], {"a": 3}),
        ([at(1, set={"a": None}, set_once={"a": 1})], {"a": None}),
        ([at(1, set_once={"a": None}), at(2, set_once={"a": 2})], {"a": 2}),
        ([at(1, set_once={"a": None})], {}),
        ([at(1, set={"a": 1}), at(2, unset=["a"])], {}),
        ([at(2, unset=["a"]), at(1, set={"a": 1})], {}),
        ([at(1, unset=["a"]), at(2, set={"a": 1})], {"a": 1}),
        ([at(1, set={"a": 1, "b": 1}), at(2, unset={"a": "any", "c": 0})], {"b": 1}),
        ([at(1, set={"a": 1, "7": 1}), at(2, unset=[7, None, ["a"]])], {"a": 1, "7": 1}),
        ([at(1, set_once={"a": 1}), at(2, unset=["a"])], {}),
        ([at(1, set_once={"a": 1}), at(2, unset=["a"]), at(3, set_once={"a": 3})], {"a": 3}),
        ([at(1, set={"a": 1}), at(2, unset=["a"]), at(3, set_once={"a": 3})], {"a": 3}),
        ([at(1, set={"a": 1}, unset=["a"])], {"a": 1}),
        ([at(1, unset=["never"])], {}),
    ],
)
def test_examples(events, expected):
    assert seen(told(State(), *events)) == expected
    assert seen(told(State(), *reversed(events))) == expected


def test_a_campaign_that_the_next_one_does_not_name_ends():
    """posthog-js sends a null for each key that the new campaign leaves out."""
    first = (1, 7, 1), {}, {}, [], {"utm_source": "news", "gclid": "abc"}, False
    second = (2, 7, 2), {}, {}, [], {"utm_source": "mail", "gclid": None}, False
    expected = {"utm_source": "mail", "gclid": None, "$initial_utm_source": "news", "$initial_gclid": "abc"}
    assert seen(told(State(), first, second)) == expected
    assert seen(told(State(), second, first)) == expected


def test_on_a_merge_the_newer_set_and_the_older_set_once_stay():
    anonymous = told(State(), at(1, set={"plan": "free", "city": "Oslo"}, set_once={"$initial_referrer": "news"}))
    user = told(State(), at(5, set={"plan": "pro"}, set_once={"$initial_referrer": "mail"}, position=2))
    join(user, anonymous)
    assert seen(user) == {"plan": "pro", "city": "Oslo", "$initial_referrer": "news"}


def test_on_a_merge_at_the_very_same_stamp_the_survivor_stays():
    target, source = told(State(), at(1, set={"a": "target"})), told(State(), at(1, set={"a": "source"}))
    join(target, source)
    assert seen(target) == {"a": "target"}


def test_missing_and_odd_operations_change_nothing():
    state = State()
    apply(state, (1, 1, 1), None, None, None)
    apply(state, (1, 1, 1), "{}", "{}", "[]")
    for unset in ('"a"', "7", "null", "true"):
        apply(state, (1, 1, 1), None, None, unset)
    assert state == State()


def test_values_are_kept_as_written():
    state = State()
    apply(state, (1, 1, 1), '{"n": 12345678901234567890.1234567890, "big": 1e400, "s": "\\u0041"}', None, None)
    assert visible(read_state(write_state(state))) == (
        '{"big":1e400,"n":12345678901234567890.1234567890,"s":"\\u0041"}'
    )


# With room for five keys at most, and for few of those that have values of more than one step.
long_names = st.sampled_from([
    "p",
    "q",
    "r",
    "name",
    "plan",
    "email",
    "session_1",
    "session_2",
    "session_3",
    "$browser",
])
long_values = st.sampled_from([None, 1, "x" * 150, "x" * 300, "x" * 900])
long_objects = st.dictionaries(long_names, long_values, max_size=5)


@st.composite
def long_histories(draw: st.DrawFn) -> list[Event]:
    said = st.tuples(
        st.integers(0, 4), long_objects, long_objects, st.lists(long_names, max_size=3), lifted_values, st.booleans()
    )
    return [((time, 7, position), *operations) for position, (time, *operations) in enumerate(draw(st.lists(said)))]  # type: ignore[misc]


@pytest.fixture
def little_room(monkeypatch):
    monkeypatch.setattr("etl.rules.property_state.KEPT_BYTES", 5 * 128)
    monkeypatch.setattr("etl.rules.property_state.VALUE_BYTES", 800)


@settings(fixed(), suppress_health_check=list(HealthCheck), max_examples=400)
@given(long_histories(), st.data())
def test_what_there_is_room_for_does_not_depend_on_order_or_merges(little_room, history, data):
    whole = told(State(), *history)
    assert told(State(), *data.draw(st.permutations(history))) == whole
    parts: list[State] = [State() for _ in range(data.draw(st.integers(1, 4)))]
    for event in data.draw(st.permutations(history)):
        place = data.draw(st.integers(0, len(parts) - 1))
        parts[place] = read_state(write_state(parts[place]))
        told(parts[place], event)
    while len(parts) > 1:
        join(parts[0], parts.pop())
    assert parts[0] == whole
    assert read_state(write_state(whole)) == whole
    sizes = dict.fromkeys(whole.latest.stamps, 1) | {name: key.size for name, key in whole.keys.items()}
    lifted = {f"{prefix}{name}" for prefix in ("$", "", "$initial_") for name in ("browser", "app_version", "gclid")}
    assert sum(size for name, size in sizes.items() if name not in lifted) <= 5


def test_a_key_counts_with_the_longest_value_that_it_ever_had(little_room):
    """`plan` takes 1 + (4 + 302) // 128 = 3 steps of 5, `p` and `q` one each; nothing is left for `email`."""
    state = told(State(), at(1, set={"plan": "x" * 300}), at(2, set={"plan": "pro"}), at(3, set={"p": 1, "q": 2}))
    assert state.left_out == set()
    told(state, at(4, set={"email": "a"}))
    assert (seen(state), state.left_out) == ({"plan": "pro", "p": 1, "q": 2}, {"email"})
    told(state, at(5, set={"r": 3}))
    assert (seen(state), state.left_out) == ({"p": 1, "q": 2, "r": 3}, {"email", "plan"})
    told(state, at(6, unset=["p"]), at(7, set={"plan": "again"}))
    assert seen(state) == {"q": 2, "r": 3}


def say_at_once(count):
    names = [f"name_{number}" for number in range(count)]
    told(State(), at(2, set=dict.fromkeys(names, 1), set_once=dict.fromkeys(names, 2)), at(1, unset=names))


def say_one_by_one(count):
    names = [f"name_{number}" for number in range(count)]
    state = told(State(), at(0, set=dict.fromkeys(names[:2000], 0)))
    told(state, *(at(number, set={name: number}, position=number) for number, name in enumerate(names, 1)))
    seen(read_state(write_state(state)))


@pytest.mark.parametrize("say", [say_at_once, say_one_by_one])
def test_the_cost_grows_with_what_is_said_and_not_with_its_square(say):
    """From keys for which there is room to many times as many."""
    assert exponent(say, 2_000, 32_000) < 1.6
