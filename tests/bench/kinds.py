"""Landing rows of one kind each, made by SQL, so that what one kind costs cannot hide behind the others."""

from __future__ import annotations

from dataclasses import dataclass

from etl.sql import Db

VISITOR, DEVICE = "'visitor_' || i / 3", "'$device_id', 'visitor_' || i / 3"
ELEMENTS = (
    "jsonb_build_array("
    "jsonb_build_object('tag_name', 'button', 'attr__class', 'btn btn-' || i % 7, '$el_text', 'Buy ' || i % 50),"
    "jsonb_build_object('tag_name', 'div', 'attr__id', 'box-' || i % 9, 'nth_child', 1, 'nth_of_type', 1),"
    "jsonb_build_object('tag_name', 'main', 'nth_child', 3), jsonb_build_object('tag_name', 'body'))"
)


def _long(bytes_: int) -> str:
    # Of hashes, so that it stays as long when it is packed.
    return f"(select string_agg(md5(i || '/' || n), '') from generate_series(1, {bytes_ // 32}) as n)"


@dataclass(frozen=True)
class Kind:
    """The columns of the ``i``-th row as SQL expressions.

    Attributes:
        share: of the rows that other kinds get, where a row is long.
        before: a statement that says what the project wants.
    """

    event: str
    distinct_id: str
    properties: str
    uuid: str = "null"
    timestamp: str = "null"
    is_operator: str = "false"
    share: float = 1
    before: str = ""


KINDS = {
    # What posthog-js sends by default, person_profiles: identified_only.
    "personless": Kind("'$pageview'", VISITOR, f"jsonb_build_object({DEVICE}, '$process_person_profile', false)"),
    "anonymous": Kind("'$pageview'", VISITOR, f"jsonb_build_object({DEVICE}, '$browser', 'Chrome')"),
    "held": Kind("'Order created'", "'user_' || i / 3", "jsonb_build_object('subtotal', i)"),
    "identify": Kind("'$identify'", "'user_' || i", "jsonb_build_object('$anon_distinct_id', 'anon_' || i)"),
    "visit then identify": Kind(
        "case when i % 2 = 0 then '$pageview' else '$identify' end",
        "case when i % 2 = 0 then 'anon_' || i / 2 else 'user_' || i / 2 end",
        "case when i % 2 = 0 then jsonb_build_object('$device_id', 'anon_' || i / 2, '$process_person_profile', false)"
        " else jsonb_build_object('$anon_distinct_id', 'anon_' || i / 2) end",
    ),
    "set": Kind("'$set'", "'user_' || i % 500", "jsonb_build_object('$set', jsonb_build_object('k' || i % 30, i))"),
    "many groups": Kind(
        "'$groupidentify'",
        VISITOR,
        f"jsonb_build_object({DEVICE}, '$group_type', 'company', '$group_key', i, '$group_set', '{{\"n\": 1}}'::jsonb)",
    ),
    "few groups": Kind(
        "'$groupidentify'",
        VISITOR,
        f"jsonb_build_object({DEVICE}, '$group_type', 'company', '$group_key', i % 5,"
        " '$group_set', jsonb_build_object('n', i))",
    ),
    "alias": Kind("'$create_alias'", "'user_' || i / 10", "jsonb_build_object('alias', 'alias_' || i)"),
    "split": Kind(
        "case i % 3 when 0 then '$create_alias' when 1 then 'page' else '$split' end",
        "case i % 3 when 0 then 'user_' || i / 3 else 'part_' || i / 3 end",
        "case i % 3 when 0 then jsonb_build_object('alias', 'part_' || i / 3) when 1 then '{}'"
        " else jsonb_build_object('$split_from', 'user_' || i / 3) end",
        is_operator="i % 3 = 2",
    ),
    "one person": Kind(
        "'$pageview'",
        "'one'",
        "jsonb_build_object('$device_id', 'one', '$set', jsonb_build_object('n', i))",
    ),
    "campaign": Kind("'$pageview'", VISITOR, f"jsonb_build_object({DEVICE}, 'utm_source', i % 7, 'gclid', i)"),
    "clicks": Kind("'$autocapture'", VISITOR, f"jsonb_build_object({DEVICE}, '$elements', {ELEMENTS})"),
    "duplicates": Kind("'page'", VISITOR, f"jsonb_build_object({DEVICE})", uuid="md5((i / 2)::text)::uuid::text"),
    "quarantined": Kind("case when i % 3 > 0 then 'Order created' end", "'user_' || i", "'{}'::jsonb"),
    "unreadable times": Kind("'page'", VISITOR, f"jsonb_build_object({DEVICE})", timestamp="'yesterday at ' || i"),
    "300 days": Kind(
        "'page'",
        VISITOR,
        f"jsonb_build_object({DEVICE})",
        timestamp="to_char(now() - (i % 300) * interval '1 day', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
    ),
    "cookieless": Kind(
        "'$pageview'",
        "'$posthog_cookieless'",
        "jsonb_build_object('$cookieless_mode', true, '$raw_user_agent', 'agent ' || i / 3, '$host', 'example.com',"
        " '$ip', '192.0.2.1')",
        before="update landing.project set cookieless_mode = 'stateless'",
    ),
    "2 KB": Kind("'page'", VISITOR, f"jsonb_build_object({DEVICE}, 'text', {_long(2_000)})"),
    "20 KB": Kind("'page'", VISITOR, f"jsonb_build_object({DEVICE}, 'text', {_long(20_000)})", share=0.1),
    "200 KB": Kind("'page'", VISITOR, f"jsonb_build_object({DEVICE}, 'text', {_long(200_000)})", share=0.01),
}


def land_kind(db: Db, name: str, events: int, *, first: int = 0) -> int:
    """Land events of a kind, from the ``first``-th on; returns how many: fewer than asked for where they are long."""
    kind = KINDS[name]
    if kind.before:
        db.execute(kind.before)  # type: ignore[arg-type]
    count = round(events * kind.share)
    db.execute(
        'insert into landing.event (uuid, event, distinct_id, properties, "timestamp", is_operator) '
        f"select {kind.uuid}, {kind.event}, {kind.distinct_id}, {kind.properties}, {kind.timestamp}, "  # type: ignore[arg-type]
        f"{kind.is_operator} from generate_series({first}, {first + count - 1}) as i"
    )
    return count
