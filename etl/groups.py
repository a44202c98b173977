"""Groups: what ``$groupidentify`` says of a company, a project or the like, converging as persons' properties do.

A group takes effect when its event is accepted, also while the event itself is held for its person: it belongs to
nobody. PostHog has at most five types of groups a project; here there is no limit.
"""

from __future__ import annotations

import itertools
from operator import itemgetter
from typing import Any

from etl import db as door
from etl import properties
from etl.db import Db


def fold_groups(db: Db) -> None:
    """Fold the new state of every group that the batch's ``$groupidentify`` events name."""
    changed: list[tuple[Any, ...]] = []
    rows = itertools.chain.from_iterable(door.stream(db, "load/read_group_changes"))
    for group, operations in itertools.groupby(rows, key=itemgetter(0, 1, 2)):
        state = properties.State()
        created_at = None
        for *_, stamped_at, stored, microseconds, xid, landing_id, set_json in operations:
            created_at = min(created_at or stamped_at, stamped_at)
            if stored is not None:
                properties.join(state, properties.read_state(stored))
            else:
                properties.apply(state, (microseconds, xid, landing_id), set_json, None, None, is_forced=True)
        changed.append((*group, created_at, properties.visible(state), properties.write_state(state)))
        if len(changed) >= 10_000:
            door.copy_in(db, "load/copy_group_profile", changed)
            changed.clear()
    door.copy_in(db, "load/copy_group_profile", changed)
    door.run(db, "load/warn_groups")
