"""Weeks of clicks on a shop's pages, written as loaded events, hour by hour."""

from __future__ import annotations

from datetime import datetime

from etl import sql
from etl.sql import Db

BUTTON = (
    'button.btn.cta:attr__class="btn cta"nth-child="2"nth-of-type="1"text="{}";'
    'div.card:attr__class="card"nth-child="1"nth-of-type="1";body:nth-child="2"nth-of-type="1"'
)


def store(
    db: Db,
    hour: datetime,
    count: int,
    event: str = "$autocapture",
    *,
    text: str | None = None,
    chain: str = BUTTON,
    url: str = "https://shop.example/cart",
    **said: object,
) -> None:
    """Write so many events of one hour, a user each; with a text, clicks on the button that it stands on."""
    properties = {"$lib": "web", "$current_url": url, **said, **({} if text is None else {"$el_text": text})}
    db.execute(
        "insert into warehouse.stored_event (team_id, distinct_id, uuid, event, timestamp, person_id, person_mode,"
        " elements_chain, properties, received_at, batch_id, landing_id, xid, has_property_operations, is_lifted,"
        " row_hash) select 1, 'u' || n, gen_random_uuid(), %s, %s::timestamptz + n * interval '1 second',"
        " md5(n::text)::uuid, 'full', %s, %s, now(), 0, n, '1', false, false, 0 from generate_series(1, %s) as n",
        [event, hour, None if text is None else chain.format(text), sql.json_text(properties), count],
    )
