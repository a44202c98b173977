"""Exports of other tools: how to tell one, and how its keys become the members of events.

What a tool calls otherwise is moved to where it belongs; everything else becomes a property under its own name, with
``top_level_`` before it where a property has that name, so that nothing vanishes. Names of events stay the tool's,
except those that make or change persons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from etl.files.envelopes import has_event
from etl.files.values import elements_of, fit_for_a_line, is_nothing, members_of, opened
from etl.rules.wire import Fields, as_text

# The columns of Snowplow's enriched events, whose files have no header (canonical event model).
_SNOWPLOW = """
    app_id platform etl_tstamp collector_tstamp dvce_created_tstamp event event_id txn_id name_tracker v_tracker
    v_collector v_etl user_id user_ipaddress user_fingerprint domain_userid domain_sessionidx network_userid geo_country
    geo_region geo_city geo_zipcode geo_latitude geo_longitude geo_region_name ip_isp ip_organization ip_domain
    ip_netspeed page_url page_title page_referrer page_urlscheme page_urlhost page_urlport page_urlpath page_urlquery
    page_urlfragment refr_urlscheme refr_urlhost refr_urlport refr_urlpath refr_urlquery refr_urlfragment refr_medium
    refr_source refr_term mkt_medium mkt_source mkt_term mkt_content mkt_campaign contexts se_category se_action
    se_label se_property se_value unstruct_event tr_orderid tr_affiliation tr_total tr_tax tr_shipping tr_city tr_state
    tr_country ti_orderid ti_sku ti_name ti_category ti_price ti_quantity pp_xoffset_min pp_xoffset_max pp_yoffset_min
    pp_yoffset_max useragent br_name br_family br_version br_type br_renderengine br_lang br_features_pdf
    br_features_flash br_features_java br_features_director br_features_quicktime br_features_realplayer
    br_features_windowsmedia br_features_gears br_features_silverlight br_cookies br_colordepth br_viewwidth
    br_viewheight os_name os_family os_manufacturer os_timezone dvce_type dvce_ismobile dvce_screenwidth
    dvce_screenheight doc_charset doc_width doc_height tr_currency tr_total_base tr_tax_base tr_shipping_base
    ti_currency ti_price_base base_currency geo_timezone mkt_clickid mkt_network etl_tags dvce_sent_tstamp
    refr_domain_userid refr_device_tstamp derived_contexts domain_sessionid derived_tstamp event_vendor event_name
    event_format event_version event_fingerprint true_tstamp
"""
SNOWPLOW_COLUMNS = tuple(_SNOWPLOW.split())

TOP_LEVEL = "top_level_"
"""Before the name of a key that a property has too."""

# Keys that are peculiar to a source, and what to do about it.
_PECULIAR: list[tuple[frozenset[str], str, str]] = [
    (frozenset({"event_type", "event_properties"}), "an Amplitude export", "use --as amplitude"),
    (frozenset({"event_type", "user_id"}), "an Amplitude export", "use --as amplitude"),
    (frozenset({"event_type", "device_id"}), "an Amplitude export", "use --as amplitude"),
    (frozenset({"event_name", "event_timestamp"}), "a GA4 export of BigQuery", "use --as ga4"),
    (frozenset({"event_name", "event_params"}), "a GA4 export of BigQuery", "use --as ga4"),
    (frozenset({"collector_tstamp", "domain_userid"}), "Snowplow's enriched events", "use --as snowplow"),
    (frozenset({"messageId", "anonymousId"}), "a Segment export", "use --as segment"),
    (frozenset({"messageId", "userId"}), "a Segment export", "use --as segment"),
    (frozenset({"type", "anonymousId"}), "a Segment export", "use --as segment"),
    (frozenset({"person_distinct_id_version"}), "PostHog's persons, not its events", "land the export of events"),
    (frozenset({"person_id", "person_version"}), "PostHog's persons, not its events", "land the export of events"),
    (frozenset({"files"}), "the manifest of an export", "land the files that it names"),
    (frozenset({"schema", "payload"}), "messages of Kafka Connect without an event", "write out the event itself"),
    (frozenset({"op", "after"}), "changes of rows (Debezium) that are no events", "write out the event itself"),
    (frozenset({"columns", "results"}), "an answer of a query without a column `event`", "ask for that column, too"),
    (frozenset({"code", "detail"}), "the error message of a server", "download it again"),
    (frozenset({"error"}), "the error message of a server", "download it again"),
    (frozenset({"detail"}), "the error message of a server", "download it again"),
]
# What other writers call the members of an event, for the advice to map them.
_SYNONYMS = {
    "event": ("event_name", "eventname", "event_type", "eventtype", "name", "action", "type"),
    "distinct_id": ("distinctid", "user_id", "userid", "user", "anonymous_id", "device_id", "customer_id", "uid", "id"),
    "timestamp": ("time", "event_time", "created_at", "occurred_at", "event_timestamp", "ts", "date", "datetime"),
    "properties": ("event_properties", "props", "params", "attributes"),
}


def source_of(fields: Fields) -> tuple[str, str] | None:
    """The likely source of an object that is no event of PostHog's, and what to do; None for one that is, or may be.

    An object with ``event`` counts as another tool's only where its person or its time would be lost.
    """
    keys = {key.strip() for key in fields}
    if has_event(fields):
        if "distinct_id" in {key.lower() for key in keys} or "batch" in keys:
            return None
        inside = members_of(fields.get("properties"))
        if (
            "time" in inside
            and "$lib" not in inside
            and "timestamp" not in keys
            and ({"distinct_id", "$insert_id"} & inside.keys())
        ):
            return "a Mixpanel export", "use --as mixpanel"
        return next(((what, remedy) for signs, what, remedy in _PECULIAR if "--as" in remedy and signs <= keys), None)
    return next(((what, remedy) for signs, what, remedy in _PECULIAR if signs <= keys), None)


def advice(fields: Fields) -> str:
    """What an object that is no event looks like, and what to do."""
    if source := source_of(fields):
        return f"It looks like {source[0]}: {source[1]}."
    by_name = {key.strip().lower(): key for key in fields}
    guesses = {
        member: next(by_name[name] for name in names if name in by_name)
        for member, names in _SYNONYMS.items()
        if any(name in by_name for name in names)
    }
    if "event" in guesses:
        return f"If its keys mean that: --map {','.join(f'{member}={key}' for member, key in guesses.items())}."
    return "If another key is the event's name: --map event=KEY,distinct_id=KEY,timestamp=KEY."


def shown(keys: Any, most: int = 12) -> str:
    """Keys for a message."""
    names = [f"`{fit_for_a_line(key, 40)}`" for key in keys]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) + more) or "none"


def translate(fields: Fields, tool: str | None, mapping: Mapping[str, tuple[str, ...]]) -> Fields:
    """The object with the members of an event where PostHog has them."""
    if tool:
        fields = _TRANSLATE[tool](fields)
    return _mapped(fields, mapping) if mapping else fields


def _look_up(fields: Fields, path: str) -> Any:
    """A value by its key, or by a path of keys with dots between."""
    if path in fields:
        return fields[path]
    key, dot, rest = path.partition(".")
    return _look_up(members_of(fields.get(key)), rest) if dot else None


def _first(fields: Fields, *paths: str) -> tuple[str, Any]:
    """The first of some values that says something, with its path."""
    return next(((path, value) for path in paths if not is_nothing(value := _look_up(fields, path))), (paths[0], None))


def _mapped(fields: Fields, mapping: Mapping[str, tuple[str, ...]]) -> Fields:
    found = {member: _first(fields, *paths) for member, paths in mapping.items()}
    used = {path for path, value in found.values() if value is not None}
    rest = {key: value for key, value in fields.items() if key not in used and key not in mapping}
    return rest | {member: value for member, (_, value) in found.items()}


def _with_the_rest(fields: Fields, event: Fields, *used: str, properties: Fields | None = None) -> Fields:
    """An event whose properties are given ones, and all keys that are not used.

    What a property has the name of already, as Amplitude's ``country`` of an address and of an order, is told apart.
    """
    properties = properties or {}
    rest = {
        key: value
        for key, value in fields.items()
        if key not in used and not is_nothing(value) and opened(value) not in ({}, [])
    }
    return {
        **{key: value for key, value in event.items() if value is not None},
        "properties": {f"{TOP_LEVEL}{key}" if key in properties else key: value for key, value in rest.items()}
        | properties,
    }


def _from_amplitude(fields: Fields) -> Fields:
    id_key, distinct_id = _first(fields, "user_id", "device_id")
    time_key, time = _first(fields, "event_time", "client_event_time")
    event = {
        "uuid": fields.get("uuid"),
        "event": fields.get("event_type"),
        "distinct_id": distinct_id,
        "timestamp": time,
        "ip": fields.get("ip_address"),
        "$set": fields.get("user_properties"),
    }
    used = ("uuid", "event_type", "ip_address", "user_properties", "event_properties", id_key, time_key)
    return _with_the_rest(fields, event, *used, properties=members_of(fields.get("event_properties")))


def _from_mixpanel(fields: Fields) -> Fields:
    properties = dict(members_of(fields.get("properties")))
    event = {
        "event": fields.get("event"),
        "timestamp": properties.pop("time", None),
        "distinct_id": properties.pop("distinct_id", None),
    }
    return _with_the_rest(fields, event, "event", "properties", properties=properties)


def _from_segment(fields: Fields) -> Fields:
    kind = as_text(fields.get("type")) or "track"
    id_key, distinct_id = _first(fields, "userId", "user_id", "anonymousId", "anonymous_id")
    _, anonymous = _first(fields, "anonymousId", "anonymous_id")
    time_key, time = _first(fields, "timestamp", "originalTimestamp", "original_timestamp", "receivedAt", "received_at")
    _, ip = _first(fields, "context.ip")
    properties = dict(members_of(fields.get("properties")))
    event: Fields = {
        "event": fields.get("event"),
        "distinct_id": distinct_id,
        "timestamp": time,
        "ip": ip,
    }
    if kind == "identify":
        event |= {"event": "$identify", "$set": fields.get("traits")}
        if not is_nothing(anonymous):
            properties["$anon_distinct_id"] = anonymous
    elif kind == "alias":
        event["event"] = "$create_alias"
        properties["alias"] = _first(fields, "previousId", "previous_id")[1]
    elif kind == "page":
        event["event"] = "$pageview"
        if "url" in properties:
            properties.setdefault("$current_url", properties["url"])
    elif kind == "screen":
        event["event"] = "$screen"
        if not is_nothing(fields.get("name")):
            properties.setdefault("$screen_name", fields["name"])
    elif kind == "group":
        event["event"] = "group"
    used = ["event", "type", "properties", id_key, time_key]
    used += ["traits"] if kind == "identify" else []
    return _with_the_rest(fields, event, *used, properties=properties)


def _from_ga4(fields: Fields) -> Fields:
    id_key, distinct_id = _first(fields, "user_id", "user_pseudo_id")
    event = {
        "event": fields.get("event_name"),
        "distinct_id": distinct_id,
        "timestamp": fields.get("event_timestamp"),
        "$set": _of_pairs(fields.get("user_properties")) or None,
    }
    used = ("event_name", "event_timestamp", "event_params", "user_properties", id_key)
    return _with_the_rest(fields, event, *used, properties=_of_pairs(fields.get("event_params")))


def _of_pairs(value: Any) -> Fields:
    """``[{"key": k, "value": {"string_value": v, ...}}, ...]`` as an object."""
    properties: Fields = {}
    for each in elements_of(value):
        pair = members_of(each)
        kinds = members_of(pair.get("value"))
        said = [kinds[kind] for kind in kinds if kind.endswith("_value") and not is_nothing(kinds[kind])]
        if said and (key := as_text(pair.get("key"))):
            properties[key] = said[0]
    return properties


def _from_snowplow(fields: Fields) -> Fields:
    name_key, name = _first(fields, "event_name", "event")
    id_key, distinct_id = _first(fields, "user_id", "domain_userid", "network_userid")
    time_key, time = _first(
        fields, "true_tstamp", "derived_tstamp", "dvce_created_tstamp", "collector_tstamp", "etl_tstamp"
    )
    event = {
        "uuid": fields.get("event_id"),
        "event": name,
        "distinct_id": distinct_id,
        "timestamp": time,
        "ip": fields.get("user_ipaddress"),
    }
    json_columns = {
        key: inside
        for key in ("contexts", "unstruct_event", "derived_contexts")
        if (inside := opened(fields.get(key))) is not None
    }
    used = ("event_id", "event", name_key, id_key, time_key, "user_ipaddress", *json_columns)
    return _with_the_rest(fields, event, *used, properties=json_columns)


_TRANSLATE: dict[str, Callable[[Fields], Fields]] = {
    "amplitude": _from_amplitude,
    "mixpanel": _from_mixpanel,
    "segment": _from_segment,
    "ga4": _from_ga4,
    "snowplow": _from_snowplow,
}
# Where a tool keeps what is unique to an event, if it is no uuid.
UUID_FROM = {"amplitude": "$insert_id", "mixpanel": "$insert_id", "segment": "messageId"}
