"""Who is who: the fold of merging events over the persons known so far. Pure: no database, no clock, no settings.

The partition of distinct ids into persons is a function of the merging events in arrival order and of nothing else.
Which person survives also depends on whether an id had a person before, so the fold is given the births of its ids.

Rules: PostHog's ``person-merge-service.ts`` (which event merges, its direction, who survives, the flag, the refusal),
with one departure: a merge is refused whenever the *source* person is identified, whether or not the target id was seen
before. PostHog asks only if both ids have a person, so its answer depends on the order of ordinary events.

A ``$split`` is a merging event too, ours: its own id leaves the person that it shares with the other one. It then has
the person that is named after it, as a new one or back to life, and the rest stays; where the shared person itself is
named after the id that leaves, the rest gets the person named after the other id. So who is who after it does not
depend on which person had survived. Both are identified then: no ordinary identify or alias joins them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha1
from typing import Literal
from uuid import UUID

# The namespace of PostHog's person ids: person-uuid.ts.
PERSON_NAMESPACE = UUID("932979b4-65c3-4424-8467-0b66ec27bc22")

IdKey = tuple[int, str]
"""A distinct id of a project: (team_id, distinct_id)."""

Outcome = Literal["created", "attached", "merged", "no-op", "split", "refused", "over_limit"]
Cause = Literal["merge", "event", "hold_expired"]


def person_id_of(team_id: int, distinct_id: str) -> UUID:
    """The id of the person that ``distinct_id`` gives birth to: the same in every replay, and PostHog's (P10)."""
    # What uuid.uuid5 does, in half the time: a batch makes tens of thousands.
    name = PERSON_NAMESPACE.bytes + f"{team_id}:{distinct_id}".encode()
    return UUID(bytes=sha1(name, usedforsecurity=False).digest()[:16], version=5)


@dataclass(eq=False)
class Person:
    """A person as the fold sees it; ``merged_into`` is set when another one has taken its ids over."""

    team_id: int
    person_id: UUID
    distinct_id: str
    is_identified: bool
    created_at: datetime
    created_by_uuid: UUID
    distinct_ids: int = 1
    is_new: bool = False
    merged_into: Person | None = None

    @property
    def survivor(self) -> Person:
        """The living person at the end of the merges, this one if it was never merged away."""
        last = self
        while last.merged_into is not None:
            last = last.merged_into
        passed = self
        while passed is not last and passed.merged_into is not None:  # so that no way is walked twice
            passed.merged_into, passed = last, passed.merged_into
        return last


@dataclass(frozen=True)
class Birth:
    """An ordinary event that gives its distinct id a person, unless the id has one by then.

    Attributes:
        at: when, by the arrival clock: the arrival itself, or the end of the hold.
        ordinal: place of the event in the batch; 0 for an event held by an earlier batch.
        is_hold: the event is held first, and gives birth when its time runs out.
        timestamp: event time, which becomes the person's ``created_at`` (P9).
        uuid: the event.
    """

    at: datetime
    ordinal: int
    is_hold: bool
    timestamp: datetime
    uuid: UUID

    def precedes(self, event: MergingEvent) -> bool:
        """The id has its person when ``event`` arrives."""
        return self.ordinal < event.ordinal and (not self.is_hold or self.at <= event.arrived_at)

    @property
    def order(self) -> tuple[datetime, int]:
        """What sorts the earlier birth first; at one moment the event that arrived first, so the one that was held."""
        return self.at, self.ordinal


@dataclass(frozen=True)
class MergingEvent:
    """An event that says two ids are one person: ``source`` is folded into ``target``, its own distinct id (P2).

    Attributes:
        move_limit: it is refused if it would move more distinct ids than this.
        is_from_client: anybody may have sent it, with a token that is public, and its project does not trust that.
        is_guarded: it is refused if it would merge an identified person away, unless it is dangerous.
    """

    ordinal: int
    landing_id: int
    team_id: int
    uuid: UUID
    event: str
    target: str
    source: str
    timestamp: datetime
    arrived_at: datetime
    move_limit: int | None = None
    is_from_client: bool = False
    is_guarded: bool = True

    @property
    def is_dangerous(self) -> bool:
        """It may merge an identified person away (P6)."""
        return not self.is_guarded or (self.event == "$merge_dangerously" and not self.is_from_client)

    @property
    def is_split(self) -> bool:
        """It says the contrary: its two ids are not one person."""
        return self.event == "$split"


@dataclass
class KnownId:
    """What is known of a distinct id before the batch: its person, if any, and the births it may have in the batch.

    ``former``: the person named after it, where that one was merged away before; a split may need it.
    """

    person: Person | None = None
    births: tuple[Birth, ...] = ()
    former: Person | None = None


@dataclass(frozen=True)
class Tie:
    """A distinct id that gained its first person, and the event that gave it."""

    key: IdKey
    person: Person
    cause: Cause
    cause_uuid: UUID


@dataclass(frozen=True)
class Merge:
    """What one merging event did; the persons are those of its two ids just before, and of the target just after."""

    event: MergingEvent
    outcome: Outcome
    target_person_id: UUID | None
    source_person_id: UUID | None
    person_id: UUID
    reason: str | None = None


@dataclass
class Split:
    """A distinct id that left its person.

    Attributes:
        key: the id.
        uuid: the ``$split``.
        person: the person it left for.
        others: the person that the other ids had then; it may be the one they had before.
    """

    key: IdKey
    uuid: UUID
    person: Person
    others: Person


@dataclass
class Fold:
    """The changes that a run of merging events makes.

    ``revived`` has the id of each person that a split made or brought back to life, and what lived under that id before
    the batch, if anything did: that one's ids went to its survivor.
    """

    merges: list[Merge] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)
    persons: dict[tuple[int, UUID], Person] = field(default_factory=dict)
    splits: list[Split] = field(default_factory=list)
    revived: dict[tuple[int, UUID], Person | None] = field(default_factory=dict)


def fold(events: Iterable[MergingEvent], known: Mapping[IdKey, KnownId]) -> Fold:
    """Apply merging events in arrival order.

    Args:
        events: in arrival order; both ids are legal and differ.
        known: every id the events name. The :class:`Person` objects in it are changed in place.

    Returns:
        What changed: one :class:`Merge` an event, one :class:`Tie` an id that had no person, and the persons touched.
    """
    identity = _Identity(known)
    for event in events:
        identity.apply(event)
    return identity.result


class _Identity:
    def __init__(self, known: Mapping[IdKey, KnownId]) -> None:
        self._known = known
        self._living = {(p.team_id, p.person_id): p for each in known.values() if (p := each.person)}
        self._former = {(p.team_id, p.person_id): p for each in known.values() if (p := each.former)}
        self.result = Fold()

    def apply(self, event: MergingEvent) -> None:
        target_key, source_key = (event.team_id, event.target), (event.team_id, event.source)
        target, source = self._person_before(target_key, event), self._person_before(source_key, event)
        outcome: Outcome
        reason = None
        if event.is_split:
            self._split(event, target, source)
            return
        if source is not None and source is not target and source.is_identified and not event.is_dangerous:
            person = target or self._create(target_key, event.timestamp, event.uuid, "merge")
            outcome = "refused"
            reason = "the other id's person is already identified"
            if event.event == "$merge_dangerously":
                reason += ", and the project lets no client merge it"
        elif target is None and source is None:
            person = self._create(target_key, event.timestamp, event.uuid, "merge")
            self._tie(source_key, person, event.uuid, "merge")
            person.distinct_ids += 1
            outcome = "created"
        elif target is None or source is None:
            person = target or source  # type: ignore[assignment]
            self._tie(source_key if target else target_key, person, event.uuid, "merge")
            person.distinct_ids += 1
            outcome = "attached"
        elif target is source:
            person, outcome = target, "no-op"
        elif event.move_limit is not None and source.distinct_ids > event.move_limit:
            self._record(
                event, "over_limit", target, source, person=target, reason=_over_limit(source, event.move_limit)
            )
            return
        else:
            person, outcome = target, "merged"
            source.merged_into = target
            target.created_at = min(target.created_at, source.created_at)
            target.distinct_ids += source.distinct_ids
            self._touch(source)
        person.is_identified = True
        self._touch(person)
        self._record(event, outcome, target, source, person=person, reason=reason)

    def _split(self, event: MergingEvent, target: Person | None, source: Person | None) -> None:
        key = event.team_id, event.target
        if target is None or target is not source:
            person = target or self._create(key, event.timestamp, event.uuid, "merge")
            self._record(event, "refused", target, source, person=person, reason="the two ids are not one person")
            return
        others = target
        if target.person_id == person_id_of(*key):
            others = self._revive((event.team_id, event.source), target.created_at, event.uuid)
            target.merged_into = others
        person = self._revive(key, event.timestamp, event.uuid)
        self._known[key].person = person
        others.distinct_ids = target.distinct_ids - 1
        self.result.splits.append(Split(key, event.uuid, person, others))
        self._record(event, "split", target, source, person=person)

    def _revive(self, key: IdKey, created_at: datetime, uuid: UUID) -> Person:
        # Another object than the one that lived under the id before, to whose survivor other ids still lead.
        name = key[0], person_id_of(*key)
        before = self.result.persons.get(name) or self._living.get(name) or self._former.get(name)
        person = Person(
            team_id=key[0],
            person_id=name[1],
            distinct_id=key[1],
            is_identified=True,
            created_at=before.created_at if before else created_at,
            created_by_uuid=before.created_by_uuid if before else uuid,
            is_new=before.is_new if before else True,
        )
        self.result.revived.setdefault(name, self._living.get(name))
        self._touch(person)
        return person

    def _record(
        self,
        event: MergingEvent,
        outcome: Outcome,
        target: Person | None,
        source: Person | None,
        *,
        person: Person,
        reason: str | None = None,
    ) -> None:
        self.result.merges.append(
            Merge(
                event=event,
                outcome=outcome,
                target_person_id=target.person_id if target else None,
                source_person_id=source.person_id if source else None,
                person_id=person.person_id,
                reason=reason,
            )
        )

    def _person_before(self, key: IdKey, event: MergingEvent) -> Person | None:
        known = self._known[key]
        if known.person is not None:
            return known.person.survivor
        births = [birth for birth in known.births if birth.precedes(event)]
        if not births:
            return None
        birth = min(births, key=lambda each: each.order)
        return self._create(key, birth.timestamp, birth.uuid, "hold_expired" if birth.is_hold else "event")

    def _create(self, key: IdKey, created_at: datetime, uuid: UUID, cause: Cause) -> Person:
        team_id, distinct_id = key
        person = Person(
            team_id=team_id,
            person_id=person_id_of(team_id, distinct_id),
            distinct_id=distinct_id,
            is_identified=False,
            created_at=created_at,
            created_by_uuid=uuid,
            is_new=True,
        )
        self._touch(person)
        self._tie(key, person, uuid, cause)
        return person

    def _tie(self, key: IdKey, person: Person, uuid: UUID, cause: Cause) -> None:
        self._known[key].person = person
        self.result.ties.append(Tie(key, person, cause, uuid))

    def _touch(self, person: Person) -> None:
        self.result.persons[person.team_id, person.person_id] = person


def _over_limit(source: Person, limit: int) -> str:
    return f"it would move {source.distinct_ids} distinct ids; the project allows {limit} at once"
