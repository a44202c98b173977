"""CSS selectors over the elements of an autocaptured event. Pure.

cssselect reads a selector; here it is matched with the elements themselves. A chain holds an element and its ancestors
and nothing else, so siblings, children and states (``:hover``) are not known: a selector that asks for them is refused,
and so is one that contradicts itself, because it would count nothing without a word.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

from cssselect import parser as css

from etl.errors import DefinitionError
from etl.rules.elements import Element

LONGEST = 1000
"""Characters of a selector."""

# What the operators of [name operator "value"] ask of an attribute. Those of an empty value match nothing.
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda value, wanted: value == wanted,
    "~=": lambda value, wanted: wanted in value.split(),
    "|=": lambda value, wanted: value == wanted or value.startswith(f"{wanted}-"),
    "^=": lambda value, wanted: bool(wanted) and value.startswith(wanted),
    "$=": lambda value, wanted: bool(wanted) and value.endswith(wanted),
    "*=": lambda value, wanted: bool(wanted) and wanted in value,
}
# Places that are known, as (a, b) of an+b, and whether they are counted among elements with the same tag.
_PLACES = {"first-child": False, "first-of-type": True, "nth-child": False, "nth-of-type": True}


class Selector:
    """A selector that was read, and can match something.

    Attributes:
        text: as it was written.
    """

    def __init__(self, text: str) -> None:
        """Read a selector.

        Raises:
            DefinitionError: it is none, asks for what is not recorded, or can match nothing; says where.
        """
        if len(text) > LONGEST:
            raise DefinitionError(f"a selector of {len(text):,} characters; {LONGEST:,} are the most")
        try:
            groups = css.parse(text)
        except css.SelectorError as error:
            raise DefinitionError(
                f"{text!r} is no CSS selector: {error}. Characters such as / : [ in a name need a backslash before them"
            ) from error
        for group in groups:
            if group.pseudo_element is not None:
                raise DefinitionError(f"{text!r} can match nothing: pseudo-elements are not recorded")
            _check(group.parsed_tree, text)
        self.text = text
        self._trees = [group.parsed_tree for group in groups]

    def matches(self, elements: Sequence[Element]) -> bool:
        """Whether one of the elements of a chain is what the selector asks for."""
        return any(_matching(tree, elements) for tree in self._trees)


def _matching(tree: css.Tree, elements: Sequence[Element]) -> set[int]:
    """The places of a chain whose elements a part of a selector matches."""
    if isinstance(tree, css.CombinedSelector):
        found = _matching(tree.subselector, elements)
        if not found:
            return found
        outer = _matching(tree.selector, elements)
        return found & ({at - 1 for at in outer} if tree.combinator == ">" else set(range(max(outer, default=0))))
    if isinstance(tree, css.Element):
        return {at for at, element in enumerate(elements) if tree.element in {None, "*"} or _is_tag(tree, element)}
    found = _matching(tree.selector, elements)
    if isinstance(tree, css.Negation):
        return found - _matching(tree.subselector, elements)
    if isinstance(tree, css.Matching | css.SpecificityAdjustment):
        return found & set().union(*(_matching(each, elements) for each in tree.selector_list))
    return {at for at in found if _has(tree, elements[at])}


def _is_tag(tree: css.Element, element: Element) -> bool:
    return tree.element is not None and tree.element.lower() == element.tag


def _has(tree: css.Tree, element: Element) -> bool:
    """Whether an element has what a simple selector (class, id, attribute, place) asks for."""
    if isinstance(tree, css.Class):
        return tree.class_name in element.classes
    if isinstance(tree, css.Hash):
        return element.attributes.get("id") == tree.id
    if isinstance(tree, css.Attrib):
        value = element.attributes.get(tree.attrib.lower())
        return value is not None and _is_value(tree, value)
    is_of_type, step, first = _place(tree)
    place = element.nth_of_type if is_of_type else element.nth_child
    return place is not None and _is_in_series(place, step, first)


def _is_value(tree: css.Attrib, value: str) -> bool:
    if tree.value is None:
        return True
    wanted = str(tree.value.value)
    if tree.flag == "i":
        value, wanted = value.lower(), wanted.lower()
    return _OPERATORS[tree.operator](value, wanted)


@functools.lru_cache(1000)
def _place(tree: css.Tree) -> tuple[bool, int, int]:
    """Of a pseudo-class about a place: whether it counts elements of the same tag only, and the a and b of its an+b."""
    if isinstance(tree, css.Function):
        return (_PLACES[tree.name], *css.parse_series(tree.arguments))
    return _PLACES[tree.ident], 0, 1  # type: ignore[union-attr]


def _is_in_series(place: int, step: int, first: int) -> bool:
    """Whether ``place`` is step * n + first for a whole n from 0."""
    return place == first if step == 0 else (place - first) % step == 0 and (place - first) // step >= 0


def _check(tree: css.Tree, text: str) -> None:
    """Refuse what cannot be matched.

    Raises:
        DefinitionError: it asks for what is not recorded, or contradicts itself.
    """
    if isinstance(tree, css.CombinedSelector):
        if tree.combinator not in {" ", ">"}:
            raise DefinitionError(f"{text!r} asks for siblings ({tree.combinator}), which are not recorded")
        _check(tree.selector, text)
        _check(tree.subselector, text)
        return
    parts = list(_parts(tree))
    for part in parts:
        _check_part(part, text)
    if contradiction := _contradiction(parts):
        raise DefinitionError(f"{text!r} can match nothing: {contradiction}")


def _parts(tree: css.Tree) -> Iterator[css.Tree]:
    """The simple selectors of a compound one, such as ``a.b#c``, from right to left."""
    while not isinstance(tree, css.Element):
        yield tree
        tree = tree.selector
    yield tree


def _check_part(part: css.Tree, text: str) -> None:
    if isinstance(part, css.Element | css.Attrib) and part.namespace not in {None, "*"}:
        raise DefinitionError(f"{text!r} asks for a namespace ({part.namespace}|), which is not recorded")
    if isinstance(part, css.Negation):
        _check(part.subselector, text)
    elif isinstance(part, css.Matching | css.SpecificityAdjustment):
        for each in part.selector_list:
            _check(each, text)
    elif isinstance(part, css.Relation):
        raise DefinitionError(f"{text!r} asks for what is inside of an element (:has), which is not recorded")
    elif isinstance(part, css.Attrib) and part.operator not in {"exists", *_OPERATORS}:
        raise DefinitionError(f"{text!r} is no CSS selector: there is no operator {part.operator}")
    elif isinstance(part, css.Pseudo) and part.ident not in {"first-child", "first-of-type"}:
        raise DefinitionError(f"{text!r} asks for :{part.ident}, which is not recorded")
    elif isinstance(part, css.Function):
        if part.name not in {"nth-child", "nth-of-type"}:
            raise DefinitionError(f"{text!r} asks for :{part.name}(), which is not recorded")
        try:
            css.parse_series(part.arguments)
        except ValueError as error:
            raise DefinitionError(
                f"{text!r} is no CSS selector: :{part.name}() needs a place such as 2 or 2n+1"
            ) from error


def _contradiction(parts: Sequence[css.Tree]) -> str | None:
    """Why no element can have all of these, or None where some element may have."""
    tags = {part.canonical().lower() for part in parts if isinstance(part, css.Element) and part.element}
    if len(tags) > 1:
        return " and ".join(sorted(tags))
    for part in parts:
        if isinstance(part, css.Matching | css.SpecificityAdjustment):
            others = [each for each in parts if each is not part]
            reasons = [_contradiction([*others, *_parts(each)]) for each in part.selector_list]
            if all(reasons):
                return str(reasons[0])
    asked = [(part, *about) for part in parts if (about := _attribute(part))]
    for part, name, _ in asked:
        if isinstance(part, css.Attrib) and not _can_hold(part):
            return f"no value is {_shown(part)}"
        exact = _exact_value(part)
        for other, other_name, is_accepted in asked:
            if exact is not None and name == other_name and not is_accepted(exact):
                return f"{_shown(other)} and {_shown(part)}"
    shown = {"*", *map(_shown, parts)}
    for part in parts:
        if (
            isinstance(part, css.Negation)
            and not isinstance(part.subselector, css.CombinedSelector)
            and {_shown(each) for each in _parts(part.subselector)} <= shown
        ):
            return f"{_shown(part)} of what it asks for"
    return _contradicting_places(parts)


def _attribute(part: css.Tree) -> tuple[str, Callable[[str], bool]] | None:
    """The attribute that a simple selector is about, and whether a value of it is what it asks for."""
    if isinstance(part, css.Hash):
        return "id", lambda value: value == part.id
    if isinstance(part, css.Class):
        return "class", lambda value: part.class_name in value.split()
    if isinstance(part, css.Attrib):
        return part.attrib.lower(), lambda value: _is_value(part, value)
    return None


def _exact_value(part: css.Tree) -> str | None:
    """The one value that it lets an attribute have, or None."""
    if isinstance(part, css.Hash):
        return part.id
    if isinstance(part, css.Attrib) and part.operator == "=" and part.value is not None and part.flag != "i":
        return str(part.value.value)
    return None


def _can_hold(part: css.Attrib) -> bool:
    """Whether some value is what the operator asks for."""
    wanted = str(part.value.value) if part.value is not None else ""
    if part.operator == "~=":
        return wanted.split() == [wanted]
    return bool(wanted) or part.operator in {"exists", "=", "|="}


def _contradicting_places(parts: Sequence[css.Tree]) -> str | None:
    places = [
        (part, _place(part))
        for part in parts
        if isinstance(part, css.Function) or (isinstance(part, css.Pseudo) and part.ident in _PLACES)
    ]
    for part, (is_of_type, step, first) in places:
        if first < 1 and step <= 0:
            return f"{_shown(part)} is no place"
        for other, (is_other_of_type, other_step, other_first) in places:
            is_known = step == 0 and is_of_type == is_other_of_type
            if is_known and not _is_in_series(first, other_step, other_first):
                return f"{_shown(part)} and {_shown(other)}"
    return None


def _shown(part: css.Tree) -> str:
    """A simple selector alone, as CSS; the same for the same."""
    if isinstance(part, css.Element):
        return part.canonical().lower()
    return part.canonical().removeprefix(part.selector.canonical())
