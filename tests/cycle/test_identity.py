"""Who is who: the fold of merging events, rule by rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.rules.identity import Birth, Fold, IdKey, KnownId, Merge, MergingEvent, Person, fold, person_id_of
from tests.growth import exponent
from tests.landing import moment

pytestmark = pytest.mark.long

TEAM = 1


def merging(
    target: str, source: str, *, at: float = 0, event: str = "$identify", ordinal: int = 0, team: int = TEAM
) -> MergingEvent:
    return MergingEvent(
        ordinal=ordinal,
        landing_id=ordinal,
        team_id=team,
        uuid=UUID(int=ordinal),
        event=event,
        target=target,
        source=source,
        timestamp=moment(at),
        arrived_at=moment(at),
    )


def in_order(*events: MergingEvent) -> list[MergingEvent]:
    return [
        MergingEvent(**{**vars(event), "ordinal": place, "landing_id": place, "uuid": UUID(int=place)})
        for place, event in enumerate(events, start=1)
    ]


def stored(distinct_id: str, *, is_identified: bool = False, created: float = -1000) -> Person:
    """A person that an earlier batch has made."""
    return Person(
        team_id=TEAM,
        person_id=person_id_of(TEAM, distinct_id),
        distinct_id=distinct_id,
        is_identified=is_identified,
        created_at=moment(created),
        created_by_uuid=UUID(int=0),
    )


def birth(*, at: float, ordinal: int, is_hold: bool = False, timestamp: float | None = None) -> Birth:
    return Birth(moment(at), ordinal, is_hold, moment(at if timestamp is None else timestamp), UUID(int=1000 + ordinal))


def known_ids(events: Iterable[MergingEvent], **given_ids: KnownId | Person) -> dict[IdKey, KnownId]:
    known = {(event.team_id, each): KnownId() for event in events for each in (event.target, event.source)}
    for name, what in given_ids.items():
        known[TEAM, name] = what if isinstance(what, KnownId) else KnownId(what)
    return known


def run(*events: MergingEvent, **given_ids: KnownId | Person) -> tuple[list[Merge], dict[str, Person]]:
    """Fold the events; what each did, and the living person of each id."""
    listed = in_order(*events)
    known = known_ids(listed, **given_ids)
    merges = fold(listed, known).merges
    return merges, {key[1]: each.person.survivor for key, each in known.items() if each.person}


def partition(known: dict[IdKey, KnownId]) -> set[tuple[bool, frozenset[IdKey]]]:
    groups: defaultdict[Person, set[IdKey]] = defaultdict(set)
    for key, each in known.items():
        assert each.person is not None
        groups[each.person.survivor].add(key)
    return {(person.is_identified, frozenset(keys)) for person, keys in groups.items()}


def test_neither_id_known_makes_one_identified_person_of_the_target():
    merges, persons = run(merging("alice", "device", at=5))
    assert [merge.outcome for merge in merges] == ["created"]
    assert (merges[0].target_person_id, merges[0].source_person_id) == (None, None)
    assert persons["alice"] is persons["device"]
    assert persons["alice"].person_id == person_id_of(TEAM, "alice") == merges[0].person_id
    assert (persons["alice"].is_identified, persons["alice"].is_new) == (True, True)
    assert (persons["alice"].created_at, persons["alice"].created_by_uuid) == (moment(5), UUID(int=1))


@pytest.mark.parametrize(("known", "is_identified"), [("alice", True), ("alice", False), ("device", False)])
def test_one_id_known_gains_the_other(known, is_identified):
    before = stored(known, is_identified=is_identified)
    merges, persons = run(merging("alice", "device", at=-5000), **{known: before})
    assert [merge.outcome for merge in merges] == ["attached"]
    assert persons["alice"] is persons["device"] is before
    assert before.is_identified
    assert before.created_at == moment(-1000), "an older event does not move it"


@pytest.mark.parametrize("event", ["$identify", "$create_alias", "$merge_dangerously"])
@pytest.mark.parametrize("is_target_identified", [True, False])
@pytest.mark.parametrize("source_created", [-2000, -500])
def test_two_persons_merge_into_the_targets(event, is_target_identified, source_created):
    target, source = stored("alice", is_identified=is_target_identified), stored("device", created=source_created)
    merges, persons = run(merging("alice", "device", event=event), alice=target, device=source)
    assert [merge.outcome for merge in merges] == ["merged"]
    assert (merges[0].target_person_id, merges[0].source_person_id) == (target.person_id, source.person_id)
    assert persons["alice"] is persons["device"] is target
    assert source.merged_into is target
    assert target.is_identified
    assert target.created_at == moment(min(-1000, source_created))


@pytest.mark.parametrize("event", ["$identify", "$create_alias", "$merge_dangerously"])
def test_one_person_already_only_gets_the_flag(event):
    same = stored("device")
    merges, persons = run(merging("alice", "device", event=event), alice=same, device=same)
    assert [merge.outcome for merge in merges] == ["no-op"]
    assert persons["alice"] is same
    assert same.is_identified


@pytest.mark.parametrize("event", ["$identify", "$create_alias"])
@pytest.mark.parametrize("is_target_known", [True, False])
def test_an_identified_source_is_never_merged_away(event, is_target_known):
    source = stored("device", is_identified=True)
    given_ids = {"device": source} | ({"bob": stored("bob")} if is_target_known else {})
    merges, persons = run(merging("bob", "device", event=event, at=7), **given_ids)
    assert [(merge.outcome, merge.reason is None) for merge in merges] == [("refused", False)]
    assert merges[0].target_person_id == (person_id_of(TEAM, "bob") if is_target_known else None)
    assert persons["device"] is source
    assert source.merged_into is None
    assert persons["bob"].person_id == person_id_of(TEAM, "bob") == merges[0].person_id
    assert persons["bob"].is_identified, "attempted is enough"
    assert persons["bob"].created_at == moment(-1000 if is_target_known else 7)


def test_a_dangerous_merge_is_never_refused():
    source = stored("device", is_identified=True)
    merges, persons = run(merging("bob", "device", event="$merge_dangerously"), device=source)
    assert [merge.outcome for merge in merges] == ["attached"]
    assert persons["bob"] is source
    merges, persons = run(
        merging("bob", "device", event="$merge_dangerously"),
        device=stored("device", is_identified=True),
        bob=stored("bob", is_identified=True),
    )
    assert [merge.outcome for merge in merges] == ["merged"]
    assert persons["device"].person_id == person_id_of(TEAM, "bob")


def test_teams_are_apart():
    listed = in_order(merging("alice", "device"), merging("bob", "device", team=2))
    known = known_ids(listed)
    assert [merge.outcome for merge in fold(listed, known).merges] == ["created", "created"]
    assert len(partition(known)) == 2


@pytest.mark.parametrize(
    ("births", "outcome", "survivor"),
    [
        ({}, "created", "alice"),
        ({"device": [birth(at=9, ordinal=1)]}, "attached", "device"),
        ({"device": [birth(at=9, ordinal=3)]}, "created", "alice"),
        ({"device": [birth(at=10, ordinal=0, is_hold=True)]}, "attached", "device"),
        ({"device": [birth(at=10, ordinal=1, is_hold=True)]}, "attached", "device"),
        ({"device": [birth(at=10.001, ordinal=0, is_hold=True)]}, "created", "alice"),
        ({"device": [birth(at=69, ordinal=1, is_hold=True), birth(at=10, ordinal=3)]}, "created", "alice"),
        ({"device": [birth(at=69, ordinal=1, is_hold=True)], "alice": [birth(at=10, ordinal=1)]}, "attached", "alice"),
        ({"device": [birth(at=9, ordinal=1)], "alice": [birth(at=10, ordinal=1)]}, "merged", "alice"),
    ],
)
def test_births_before_the_event_count_and_those_after_it_do_not(births, outcome, survivor):
    event = merging("alice", "device", at=10, ordinal=2)
    known = known_ids([event], **{name: KnownId(births=tuple(each)) for name, each in births.items()})
    result = fold([event], known)
    assert [merge.outcome for merge in result.merges] == [outcome]
    assert {each.person.survivor.person_id for each in known.values() if each.person} == {person_id_of(TEAM, survivor)}


@pytest.mark.parametrize(
    ("held_until", "at_once", "winner"), [(60, 59, "event"), (60, 60, "hold_expired"), (60, 61, "hold_expired")]
)
def test_the_earlier_birth_makes_the_person(held_until, at_once, winner):
    event = merging("alice", "device", at=100, ordinal=9)
    births = (
        birth(at=held_until, ordinal=1, is_hold=True, timestamp=-1),
        birth(at=at_once, ordinal=2, timestamp=-2),
    )
    known = known_ids([event], device=KnownId(births=births))
    result = fold([event], known)
    tie = next(tie for tie in result.ties if tie.key == (TEAM, "device"))
    assert tie.cause == winner
    assert tie.person.created_at == moment(-1 if winner == "hold_expired" else -2)
    assert tie.person.created_by_uuid == tie.cause_uuid


def test_a_chain_of_merges_ends_at_one_living_person():
    listed = in_order(*(merging(f"u{n + 1}", f"u{n}", event="$merge_dangerously") for n in range(3)))
    persons = {f"u{n}": stored(f"u{n}", created=-n) for n in range(4)}
    known = known_ids(listed, **persons)
    result = fold(listed, known)
    assert [merge.outcome for merge in result.merges] == ["merged"] * 3
    assert {each.person.survivor.distinct_id for each in known.values() if each.person} == {"u3"}
    assert persons["u3"].created_at == moment(-3)
    assert result.ties == []


def test_every_change_is_reported_once():
    listed = in_order(merging("alice", "d1"), merging("alice", "d2"), merging("bob", "d1"), merging("alice", "d1"))
    result = fold(listed, known_ids(listed, d2=stored("d2")))
    assert [merge.outcome for merge in result.merges] == ["created", "merged", "refused", "no-op"]
    assert [(tie.key[1], tie.person.distinct_id) for tie in result.ties] == [
        ("alice", "alice"),
        ("d1", "alice"),
        ("bob", "bob"),
    ]
    survivors = {person.distinct_id: person.survivor.distinct_id for person in result.persons.values()}
    assert survivors == {"alice": "alice", "d2": "alice", "bob": "bob"}


MANY = 20_000  # events


def settle(result: Fold, known: dict[IdKey, KnownId]) -> set[Person]:
    """The living persons, asked of every person and every id, as the plan asks."""
    return {person.survivor for person in result.persons.values()} | {
        each.person.survivor for each in known.values() if each.person
    }


def chain(length: int, order: str) -> list[MergingEvent]:
    links = range(length) if order == "forward" else range(length)[::-1]
    return [
        merging(f"u{n + 1}", f"u{n}", event="$merge_dangerously", ordinal=place)
        for place, n in enumerate(links, start=1)
    ]


def star(devices: int, _: str) -> list[MergingEvent]:
    return [merging("alice", f"d{n}", ordinal=n) for n in range(1, devices + 1)]


@pytest.mark.parametrize(("shape", "order"), [(chain, "forward"), (chain, "backward"), (star, "any")])
@pytest.mark.parametrize("has_births", [True, False])
def test_a_long_chain_and_a_large_star_cost_no_more_than_their_length(shape, order, has_births):

    def settled(length: int) -> None:
        listed = shape(length, order)
        known = known_ids(listed)
        if has_births:
            for each in known.values():
                each.births = (birth(at=-1, ordinal=0),)
        assert len(settle(fold(listed, known), known)) == 1

    assert exponent(settled, MANY // 16, MANY) < 1.6


names = st.sampled_from(["a", "b", "c", "d", "e", "f"])
histories = st.lists(
    st.tuples(
        names,
        names,
        st.sampled_from(["$identify", "$identify", "$create_alias", "$merge_dangerously"]),
        st.integers(0, 40),
    ).filter(lambda each: each[0] != each[1]),
    min_size=1,
    max_size=15,
)
ordinary = st.dictionaries(
    names,
    st.lists(
        st.builds(
            Birth,
            at=st.integers(-100, 300).map(moment),
            ordinal=st.integers(0, 16),
            is_hold=st.booleans(),
            timestamp=st.integers(-100, 300).map(moment),
            uuid=st.uuids(),
        ),
        max_size=3,
    ),
)


def told(history: list[tuple[str, str, str, int]]) -> list[MergingEvent]:
    clock = 0
    listed = []
    for ordinal, (target, source, event, gap) in enumerate(history, start=1):
        clock += gap
        listed.append(merging(target, source, event=event, at=clock, ordinal=ordinal))
    return listed


@settings(derandomize=True, deadline=None, max_examples=300)
@given(histories, ordinary)
@example([("a", "b", "$identify", 0), ("c", "b", "$identify", 0)], {"c": [birth(at=-5, ordinal=0)]})
def test_who_is_who_does_not_depend_on_ordinary_events(history, births):
    listed = told(history)
    without = known_ids(listed)
    fold(listed, without)
    having = known_ids(listed)
    for name, each in births.items():
        if (TEAM, name) in having:
            having[TEAM, name].births = tuple(each)
    fold(listed, having)
    assert partition(having) == partition(without)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(histories, ordinary, st.integers(0, 15))
def test_two_folds_are_one(history, births, cut):
    """The second fold starts from the persons of the first, and from births that the first did not use."""
    listed = told(history)
    whole, parts = known_ids(listed), known_ids(listed)
    for known in (whole, parts):
        for name, each in births.items():
            if (TEAM, name) in known:
                known[TEAM, name].births = tuple(each)
    at_once = fold(listed, whole)
    first, second = fold(listed[:cut], parts), fold(listed[cut:], parts)
    assert first.merges + second.merges == at_once.merges
    assert partition(parts) == partition(whole)
