"""Which steps of actions a chain of elements meets: asked once for each chain that there is, whatever its events.

The chains of a batch that are new are matched in the transaction that loads it, all of them when actions change. The
other conditions of a step are compared while reading (``warehouse.action_events``).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from etl import sql
from etl.rules.elements import parse_chain
from etl.rules.selector import Selector
from etl.sql import Db

AT_ONCE = 1000

_read_selector = functools.lru_cache(maxsize=1000)(Selector)


def match_new_chains(db: Db) -> None:
    """Match the chains of the batch that no batch had before; within load's transaction."""
    if chains := sql.tuples(db, "load/read_new_chains"):
        match_chains(db, [chains])


def match_chains(db: Db, blocks: Iterable[list[tuple[str]]]) -> None:
    """Note which steps each chain meets; a chain that was noted before stays as it is."""
    steps = [
        (row["step_id"], row["selector"] and _read_selector(row["selector"]), row["tag_name"])
        for row in sql.run(db, "action/read_element_steps").fetchall()
    ]
    for block in blocks:
        for at in range(0, len(block), AT_ONCE):
            chains = [_described(chain, steps) for (chain,) in block[at : at + AT_ONCE]]
            sql.run(db, "load/insert_matched_chain", {"chains": sql.json_text(chains)})


def _described(chain: str, steps: list[tuple[int, Selector | None, str | None]]) -> dict[str, object]:
    """A chain, the steps whose selector and tag it meets, and the texts and links that they may ask for."""
    elements = parse_chain(chain)
    return {
        "chain": chain,
        "step_ids": [
            step_id
            for step_id, selector, tag_name in steps
            if (selector is None or selector.matches(elements))
            and (tag_name is None or any(element.tag == tag_name for element in elements))
        ],
        "texts": [element.text for element in elements if element.text is not None],
        "links": [element.attributes["href"] for element in elements if "href" in element.attributes],
    }
