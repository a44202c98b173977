"""What a page or a project does not want to be kept is removed before it reaches the database."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from msgspec import Raw

from etl.rules.wire import as_text

NO_CAPTURE = "ph-no-capture"
# Objects inside properties that hold properties of a person or a group.
NESTED = ("$set", "$set_once", "$group_set")
MAX_EMPTIED = 1_000  # so many elements keep their place; a page is not nested deeper
ADDRESSES = frozenset({"$ip", "$initial_ip"})

_ESCAPED_ASCII = re.compile(r"\\u00[0-7]")
_NO_CAPTURE = re.compile(r"(?<![\w-])ph-no-capture(?![\w-])")
# Each matches wherever it begins, also in a chain that is cut off anywhere: nothing is read twice.
_ELEMENT = re.compile(r'(?:[^;"\\]|\\.|\\\Z|"(?:\\.|[^"\\])*+(?:"|\\?\Z))++', re.DOTALL)
_TAG = re.compile(r"[\w-]*")
_QUOTED = re.compile(r'(?<![\w$-])([\w$-]++)="((?:\\.|[^"\\])*+)(?:"|\\?\Z)', re.DOTALL)
_PLACES = ("nth-child", "nth-of-type")
_PLACE_NAMES = ("tag_name", "nth_child", "nth_of_type")

_object = msgspec.json.Decoder(dict[str, Raw])
_array = msgspec.json.Decoder(list[Raw])
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Rules:
    """What is done with the events of one project before they land."""

    team_id: int
    name: str = ""
    anonymizes_ip: bool = True
    dropped: frozenset[str] = frozenset()
    hashed: frozenset[str] = frozenset()
    hash_key: bytes = b""
    address_key: bytes = b""


def clean(text: str, rules: Rules, token: str | None = None) -> str:
    """Properties (JSON text) without what must not be kept; the very same text if there is nothing to do.

    Args:
        text: of the properties.
        rules: of the project.
        token: that of the request. The SDK's copy of it goes in any case; another ``token`` is a property of the event.
    """
    has_names = bool(rules.dropped or rules.hashed)
    # What JSON writes with escapes, such as "\u0024ip", is not seen in the text: then look inside.
    is_escaped = bool(_ESCAPED_ASCII.search(text))
    has_ip = rules.anonymizes_ip and (is_escaped or ('ip"' in text and any(f'"{name}"' in text for name in ADDRESSES)))
    is_marked = is_escaped or NO_CAPTURE in text
    if not (has_names or has_ip or is_marked or '"token"' in text) or not text.startswith("{"):
        return text
    properties = _object.decode(text)
    if token is not None and (as_text(properties.get("token")) or "").strip() == token:
        del properties["token"]
    elif not (has_names or has_ip or is_marked):
        return text
    if is_marked:
        _remove_elements(properties)
    if has_names or has_ip:
        properties = _without(properties, rules)
        for name in NESTED:
            if bytes(properties.get(name, b"")).startswith(b"{"):
                properties[name] = Raw(_encode(_without(_object.decode(properties[name]), rules)))
    return _encode(properties).decode()


def address(ip: str | None, properties: str | None, rules: Rules, day: date) -> str | None:
    """The client's address as it lands: none where the project keeps none.

    Of a visitor without cookies it lands as a hash, whatever the project keeps, because it is part of what the
    visitor's id is made of (PostHog: cookieless-manager.ts). The same visitor has another one in another project or on
    another day (UTC).
    """
    if ip is not None and properties is not None and _is_cookieless(properties):
        return hmac.digest(rules.address_key, f"{rules.team_id} {day} {ip}".encode(), hashlib.sha256).hex()
    return None if rules.anonymizes_ip else ip


def _is_cookieless(properties: str) -> bool:
    if '"$cookieless_mode"' not in properties or not properties.startswith("{"):
        return False
    return bytes(_object.decode(properties).get("$cookieless_mode", b"")) == b"true"


def _without(properties: dict[str, Raw], rules: Rules) -> dict[str, Raw]:
    dropped = rules.dropped | ADDRESSES if rules.anonymizes_ip else rules.dropped
    kept = {name: value for name, value in properties.items() if name not in dropped}
    for name in rules.hashed & kept.keys():
        if (value := as_text(kept[name])) is not None:
            digest = hmac.digest(rules.hash_key, value.encode(), hashlib.sha256)
            kept[name] = Raw(b'"%b"' % digest.hex().encode())
    return kept


def _remove_elements(properties: dict[str, Raw]) -> None:
    """Empty the elements marked ph-no-capture, and those inside them, in both forms of an elements chain.

    The SDK sends nothing for such elements itself; this is the second line, for old or other senders.
    """
    is_found = False
    if bytes(chain := properties.get("$elements_chain", Raw(b"n"))).startswith(b'"'):
        given = msgspec.json.decode(chain, type=str)
        elements = _ELEMENT.findall(given)
        last = _last(elements, lambda element: NO_CAPTURE in element and bool(_NO_CAPTURE.search(_classes(element))))
        if last >= 0:
            is_found = True
            properties["$elements_chain"] = Raw(
                _encode(";".join([*map(_emptied, elements[: last + 1][:MAX_EMPTIED]), *elements[last + 1 :]]))
            )
    if bytes(listed := properties.get("$elements", Raw(b"n"))).startswith(b"["):
        objects = _array.decode(listed)
        last = _last(objects, _is_marked)
        if last >= 0:
            is_found = True
            emptied = map(_emptied_object, objects[: last + 1][:MAX_EMPTIED])
            properties["$elements"] = Raw(_encode([*emptied, *objects[last + 1 :]]))
    if is_found:  # text and link of the innermost element
        for name in ("$el_text", "$external_click_url"):
            properties.pop(name, None)


def _last(elements: Sequence[Any], is_marked: Callable[[Any], bool]) -> int:
    """The place of the outermost marked element; a chain begins with the innermost. -1: none."""
    return max((place for place, element in enumerate(elements) if is_marked(element)), default=-1)


def _classes(element: str) -> str:
    """Where the classes of an element of a chain stand: before its attributes, and in the attribute class."""
    return _QUOTED.sub(lambda match: f" {match[2]} " if match[1] == "attr__class" else " ", element)


def _emptied(element: str) -> str:
    """An element of a chain with nothing but its tag, its mark and its place among its siblings."""
    places = "".join(f'{name}="{value}"' for name, value in _QUOTED.findall(element) if name in _PLACES)
    return f"{_TAG.match(element)[0]}.{NO_CAPTURE}:{places}"  # type: ignore[index]  # it matches the empty string


def _is_marked(element: Raw) -> bool:
    """Whether an element of the array carries the class, in any of the three places where SDKs put classes."""
    if not bytes(element).startswith(b"{"):
        return False
    fields = _object.decode(element)
    classes = (as_text(fields.get(name)) or "" for name in ("classes", "attr__class", "attr_class"))
    return any(_NO_CAPTURE.search(each) for each in classes)


def _emptied_object(element: Raw) -> Raw:
    if not bytes(element).startswith(b"{"):
        return Raw(b"null")
    fields = {name: value for name, value in _object.decode(element).items() if name in _PLACE_NAMES}
    return Raw(_encode({**fields, "classes": [NO_CAPTURE]}))
