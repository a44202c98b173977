"""A JSON Schema that somebody wrote: checked before any event is, so that no event can make it fail.

Dialect: JSON Schema 2020-12. Nothing is fetched: a ``$ref`` leads to a place of the same schema, or to the dialect.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

MAX_SHOWN = 200
# They name what is missing or too much, and no value.
NAMING = {"required", "dependentRequired", "additionalProperties"}
# What these hold looks at the very value that their owner looks at.
SAME_VALUE = ("allOf", "anyOf", "oneOf")
SAME_VALUE_ONE = ("not", "if", "then", "else")


class SchemaError(ValueError):
    """It cannot be evaluated, whatever the event; says why in one line."""


def validator_of(schema: Any) -> Any:
    """What checks a value against the schema, formats included.

    Raises:
        SchemaError: it is no schema, a reference leads nowhere or in a circle, or a format is unknown.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError as InvalidSchema
    from jsonschema_specifications import REGISTRY
    from referencing.jsonschema import DRAFT202012

    try:
        Draft202012Validator.check_schema(schema)
    except InvalidSchema as error:
        raise SchemaError(f"{_place(error.absolute_path)}: {error.message[:MAX_SHOWN]}") from error
    resource = DRAFT202012.create_resource(schema)
    resolver = REGISTRY.with_resource("", resource).resolver(resource.id() or "")
    known = Draft202012Validator.FORMAT_CHECKER.checkers
    followed: set[int] = set()
    for contents, resolver_there in _subschemas(resource, resolver):
        written = contents.get("format")
        if written is not None and written not in known:
            raise SchemaError(f"the format {written!r} is none of {', '.join(sorted(known))}")
        _follow(contents, resolver_there, (), followed)
    return Draft202012Validator(schema, registry=REGISTRY, format_checker=Draft202012Validator.FORMAT_CHECKER)


def describe(error: Any, *, is_value_shown: bool = False) -> str:
    """Where an event does not fit and what it should be; the value itself only where that is wanted.

    Args:
        error: of jsonschema, the one that says most.
        is_value_shown: visitors write values, and they may be personal.
    """
    if is_value_shown or error.validator in NAMING:
        said = error.message
    elif error.schema is False or error.validator is None:
        said = "is not allowed"
    else:
        said = f"does not meet {error.validator} {json.dumps(error.validator_value)}"
    return f"{_place(error.absolute_path)}: {said[:MAX_SHOWN]}"


def _place(path: Any) -> str:
    return "/".join(str(part) for part in path) or "properties"


def _subschemas(resource: Any, resolver: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    if isinstance(resource.contents, dict):
        yield resource.contents, resolver
    for each in resource.subresources():
        yield from _subschemas(each, resolver.in_subresource(each))


def _follow(contents: Any, resolver: Any, above: tuple[int, ...], followed: set[int]) -> None:
    """Go through all that looks at the same value, references included: each must lead somewhere, and never back."""
    if not isinstance(contents, dict) or id(contents) in followed:
        return
    if id(contents) in above:
        raise SchemaError("a $ref leads back to itself, and would be followed forever")
    targets = [_resolved(resolver, contents[keyword]) for keyword in ("$ref", "$dynamicRef") if keyword in contents]
    beside = [each for keyword in SAME_VALUE for each in contents.get(keyword, ())]
    beside += [contents[keyword] for keyword in SAME_VALUE_ONE if keyword in contents]
    beside += contents.get("dependentSchemas", {}).values()
    for each, resolver_there in [(t.contents, t.resolver) for t in targets] + [(b, resolver) for b in beside]:
        _follow(each, resolver_there, (*above, id(contents)), followed)
    followed.add(id(contents))


def _resolved(resolver: Any, reference: str) -> Any:
    from referencing.exceptions import Unresolvable

    try:
        return resolver.lookup(reference)
    except Unresolvable as error:
        raise SchemaError(
            f"$ref {reference!r} leads nowhere; it can name a place of the same schema, as `#/$defs/name`"
        ) from error
