"""The keys of an event that are also said of its person: *lifted* from it, those of the device and of the campaign.

PostHog: ``personInitialAndUTMProperties`` in ``db/utils.ts``. What an event says of them is also its ``$set``, and as
``$initial_...`` its ``$set_once``.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

# SQL has the same names in the same order (ops.device_names, campaign_names, noisy_names), see
# tests/rules/test_lifted_keys.py. PostHog: person-property-utils.ts; $os_name stands in for $os.
APP = ("$app_build", "$app_name", "$app_namespace", "$app_version")
DEVICE = (
    "$browser", "$browser_version", "$device_type", "$current_url", "$pathname", "$os", "$os_version",
    "$referring_domain", "$referrer", "$screen_height", "$screen_width", "$viewport_height", "$viewport_width",
    "$raw_user_agent",
)  # fmt: skip
CAMPAIGN = (
    "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_name", "utm_term", "gclid", "gad_source", "gclsrc",
    "dclid", "gbraid", "wbraid", "fbclid", "msclkid", "twclid", "li_fat_id", "mc_cid", "igshid", "ttclid", "rdt_cid",
    "irclid", "_kx", "epik", "qclid", "sccid",
)  # fmt: skip
LIFTED = APP + DEVICE + CAMPAIGN
PERSON_EVENTS = frozenset(["$identify", "$create_alias", "$merge_dangerously", "$set"])
NOISY = frozenset([
    *DEVICE,
    "$os_name",
    "$geoip_postal_code", "$geoip_time_zone", "$geoip_latitude", "$geoip_longitude", "$geoip_accuracy_radius",
    "$geoip_subdivision_1_code", "$geoip_subdivision_1_name", "$geoip_subdivision_2_code", "$geoip_subdivision_2_name",
    "$geoip_subdivision_3_code", "$geoip_subdivision_3_name", "$geoip_city_confidence", "$geoip_country_confidence",
    "$geoip_postal_code_confidence", "$geoip_subdivision_1_confidence", "$geoip_subdivision_2_confidence",
])  # fmt: skip
# A lifted value with more brackets than this is kept as text, so that no reader of it overflows a stack.
BRACKETS_KEPT = 64
# A lifted value with more bytes than this is kept as text, cut to so many characters.
LIFTED_BYTES = 8 * 1024
LIFTED_CHARACTERS = 2000

INITIAL = {name: f"$initial_{name.removeprefix('$')}" for name in LIFTED}
"""The key that keeps the first value of a lifted one."""
BASE = {initial: name for name, initial in INITIAL.items()}

_MAY_BE_NULL = frozenset(CAMPAIGN)
_TEXT = msgspec.json.Decoder(str)


def read_lifted(values: Sequence[str | None] | None, cut: set[str]) -> tuple[dict[str, msgspec.Raw], set[str]]:
    """What an event lifts, and the names that are null, which counts only of a campaign: it ends there.

    Args:
        values: the event's values of ``LIFTED``, as JSON; None where it has none.
        cut: gets the names of those that are too long.
    """
    if not values:
        return {}, set()
    said = {name: value for name, value in zip(LIFTED, values, strict=True) if value is not None}
    lifted = {name: msgspec.Raw(value) for name, value in said.items() if value != "null"}
    ended = (said.keys() - lifted.keys()) & _MAY_BE_NULL
    # Nearly all values are too short to have to be looked at.
    for name in [name for name, value in lifted.items() if len(value) > BRACKETS_KEPT]:
        value = said[name]
        if len(lifted[name]) > LIFTED_BYTES:
            cut.add(name)
            text = _TEXT.decode(value) if value.startswith('"') else value
            lifted[name] = msgspec.Raw(msgspec.json.encode(text[:LIFTED_CHARACTERS]))
        elif value[0] in "[{" and value.count("[") + value.count("{") > BRACKETS_KEPT:
            lifted[name] = msgspec.Raw(msgspec.json.encode(value))
    return lifted, ended
