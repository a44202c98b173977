"""Where a text that an action asks for went quiet: the step that finds what stands in its place."""

from __future__ import annotations

from datetime import date

from etl import sql
from etl.rules.action import read_actions
from etl.rules.elements import parse_chain
from etl.rules.renamed import Clicks, texts_in_place_of
from etl.sql import Db


def propose_steps(db: Db, day: date, today: date) -> None:
    """Note the steps that actions may need from a day on, once it is over (``ops.action_proposal``)."""
    for quiet in sql.run(db, "daily/read_quiet_steps", {"day": day, "today": today}).fetchall():
        [action] = read_actions({"name": "any", "steps": [quiet["written"]]})
        [step] = action.steps
        clicks = []
        for row in sql.run(db, "daily/read_clicks", {"step_id": quiet["step_id"], "day": day}):
            elements = parse_chain(row["chain"])
            if (step.selector is None or step.selector.matches(elements)) and (
                step.tag_name is None or any(element.tag == step.tag_name for element in elements)
            ):
                clicks.append(Clicks(elements, row["page"], row["events_before"], row["events_missed"]))
        found = texts_in_place_of(
            quiet["text"], clicks, a_day=float(quiet["events_a_day_before"]), has_link=step.href is not None
        )
        for text, events in found:
            proposal = {
                "former_step": sql.json_text(quiet["written"]),
                "step": sql.json_text({**quiet["written"], "text": text}),
            }
            sql.run(db, "daily/insert_proposal", {**quiet, **proposal, "day": day, "events": events})
