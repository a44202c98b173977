"""Selectors by hand: what a browser would find, and what is refused because it would find nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.errors import DefinitionError
from etl.rules.elements import parse_chain
from etl.rules.selector import LONGEST, Selector

# <body><main id="shop"><ul class="list"><li class="item sold-out" nth 3>
#   <button id="buy:1" class="..." data-attr='a;b "c"' disabled href nth 2>Add</button>
PAGE = parse_chain(
    'button.border-[1.5px].btn-primary.hover:bg-blue-500/75.w-1/2:attr__class="btn-primary w-1/2 hover:bg-blue-500/75 '
    'border-[1.5px]"attr__data-attr="a;b \\"c\\""attr__data-words="one two"attr__disabled=""attr__lang="en-GB"'
    'attr_id="buy:1"href="/pay?x=1"nth-child="2"nth-of-type="1"text="Add";'
    'li.item.sold-out:attr__class="item  sold-out"nth-child="3"nth-of-type="3";'
    'ul.list:nth-child="1"nth-of-type="1";'
    'main:attr_id="shop"nth-child="1"nth-of-type="1";'
    'body:nth-child="2"nth-of-type="1"'
)


@pytest.mark.parametrize(
    ("selector", "is_match"),
    [
        # Classes are whole words.
        (".btn-primary", True),
        (".btn", False),
        (".primary", False),
        ("button.btn", False),
        (".item.sold-out", True),
        (".sold-out.item", True),
        ("li.item.list", False),
        # Tailwind: what is no letter needs a backslash.
        (r".w-1\/2", True),
        (r".hover\:bg-blue-500\/75", True),
        (r".border-\[1\.5px\]", True),
        (r"button.w-1\/2.hover\:bg-blue-500\/75", True),
        (r".w-1\/3", False),
        # Ids.
        ("#shop", True),
        ("main#shop", True),
        ("ul#shop", False),
        ("#sho", False),
        ("#SHOP", False),
        (r"#buy\:1", True),
        # Tags: not a part of a class.
        ("button", True),
        ("BUTTON", True),
        ("list", False),
        ("item", False),
        ("primary", False),
        ("*", True),
        # Attributes.
        ('[data-attr="a;b \\"c\\""]', True),
        ("[data-attr='a;b \"c\"']", True),
        ('[data-attr*=";b"]', True),
        ('[data-attr^="a;"]', True),
        ('[data-attr$="\\"c\\""]', True),
        ('[data-attr*="z"]', False),
        ('[data-words~="two"]', True),
        ('[data-words~="tw"]', False),
        ('[lang|="en"]', True),
        ("[disabled]", True),
        ("[DISABLED]", True),
        ("[hidden]", False),
        ('[href^="/pay"]', True),
        ('[href="/pay"]', False),
        ('[href*="PAY" i]', True),
        ('[class~="w-1/2"]', True),
        ('[class*="btn"]', True),
        ('[id="shop"]', True),
        # Ancestors.
        ("main button", True),
        ("button main", False),
        ("li > button", True),
        ("main > button", False),
        ("ul.list > li.item > button.btn-primary", True),
        ("main > ul > button", False),
        ("body main > ul button", True),
        ("body > main li > button", True),
        ("* > body", False),
        # The selector may find an ancestor of what was clicked.
        ("ul.list", True),
        # Places.
        ("button:nth-child(2)", True),
        ("button:nth-child(1)", False),
        ("button:nth-child(even)", True),
        ("button:nth-child(2n+1)", False),
        ("li:nth-child(n+3)", True),
        ("li:nth-child(-n+2)", False),
        ("button:nth-of-type(1)", True),
        ("button:first-of-type", True),
        ("button:first-child", False),
        ("ul:first-child > li:nth-child(3)", True),
        # Several, and without.
        ("a, button", True),
        ("a, input", False),
        ("button:not(.btn)", True),
        ("button:not(.btn-primary)", False),
        ("button:not(ul > button)", True),
        ("button:not(li > button)", False),
        (":is(a, button).btn-primary", True),
        (":where(a, input).btn-primary", False),
    ],
)
def test_what_a_selector_finds(selector, is_match):
    assert Selector(selector).matches(PAGE) is is_match


@pytest.mark.parametrize(
    ("selector", "reason"),
    [
        ("", "at 0"),
        ("a,", "at 2"),
        ("button[", "at 7"),
        ('[a="b', "at 3"),
        (".w-1/2", "at 4"),
        (".hover:bg-blue-500/75", "at 18"),
        ("a >", "at 3"),
        ("..a", "at 1"),
        ("a[b!='c']", "no operator !="),
        ("a + b", "siblings"),
        ("a ~ b", "siblings"),
        ("div:has(a)", ":has"),
        ("a:hover", ":hover"),
        ("a:last-child", ":last-child"),
        ("a:nth-last-child(1)", ":nth-last-child"),
        ("a:contains('x')", ":contains"),
        ("a:not(b, c)", "at 7"),
        ("a:is(b:not(c))", "not supported"),
        ("a:nth-child(x)", ":nth-child"),
        ("a::before", "pseudo-elements"),
        ("svg|a", "namespace"),
        ("a, b:not(c + d)", "siblings"),
        # Contradictions.
        ("#a#b", "#a and #b"),
        ('#a[id="b"]', "#a"),
        ("[x='1'][x='2']", "[x='1']"),
        ("[x='1'][x^='2']", "[x^='2']"),
        ('[class="a b"].c', ".c"),
        (".a:not(.a)", ":not(.a)"),
        ("a.b:not(a)", ":not(a)"),
        ("a.b.c:not(.c.b)", ":not(.c.b)"),
        ("a:not(*)", ":not(*)"),
        ("[x^='']", "[x^='']"),
        ("[x~='a b']", "[x~='a b']"),
        (":nth-child(0)", ":nth-child(0)"),
        (":nth-child(1):nth-child(2)", ":nth-child(1)"),
        (":first-child:nth-child(2n)", ":first-child"),
        ("a:is(b)", "a and b"),
        ("a:is(b, i):where(a)", "a and b"),
        (".x:is(#a, #b)#c", "#a and #c"),
        # One of several is enough to be refused.
        ("a, .b:not(.b)", ":not(.b)"),
        ("x > #a#b > y", "#a and #b"),
        pytest.param("a" * (LONGEST + 1), "characters", id="too long"),
    ],
)
def test_what_is_refused_and_where(selector, reason):
    with pytest.raises(DefinitionError) as refused:
        Selector(selector)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "selector",
    [
        ".a.a",
        "[x='1'][x]",
        "[x='1'][x^='1']",
        '[id="a"]#a',
        ".a:not(.b)",
        ".a:not(.a.b)",
        "a:not(div > a)",
        ":nth-child(2n):nth-child(4)",
        ":nth-child(1):nth-of-type(2)",
        "[x='']",
        "a:is(a, b)",
        "a:is(*, b)",
        "*:is(a, b)",
        ":is(a, b):where(b, i)",
        "[x='A' i][x='a']",
        ".a > .a:not(.b)",
    ],
)
def test_what_may_match_is_not_refused(selector):
    Selector(selector)


def test_no_element_matches_nothing():
    assert not Selector("*").matches(())
    assert not Selector("a > b").matches(())


def test_deep_selectors_and_deep_pages():
    page = parse_chain("div:;" * 1000)
    assert Selector(" ".join(["div"] * 240)).matches(page)
    assert Selector(">".join(["*"] * 490)).matches(page)
    assert not Selector(">".join(["*"] * 490) + ">a").matches(page)
    assert not Selector("." + ".".join("a" * 490)).matches(page)


SIMPLE = st.sampled_from([".a", ".b", "#x", "i", "b", "[t]", ":nth-child(1)", ":nth-child(2n)", ":not(.a)"])
TREES = st.lists(
    st.tuples(
        st.sampled_from(["i", "b"]), st.sets(st.sampled_from("ab")), st.booleans(), st.booleans(), st.integers(1, 4)
    ),
    min_size=1,
    max_size=6,
)


@given(
    st.lists(st.lists(SIMPLE, min_size=1, max_size=2, unique=True), min_size=1, max_size=4),
    st.lists(st.sampled_from([" ", " > "]), min_size=3, max_size=3),
    TREES,
)
def test_combinations_are_as_tried_one_by_one(compounds, combinators, tree):
    """Against the plain definition: some choice of elements, one for each part, that stand as the combinators say."""
    texts = ["".join(sorted(parts, key=lambda part: not part.isalpha())) for parts in compounds]
    chain = ";".join(
        f"{tag}{''.join('.' + name for name in sorted(classes))}:"
        + ('attr_id="x"' if has_id else "")
        + ('attr__t="1"' if has_t else "")
        + f'nth-child="{place}"'
        for tag, classes, has_id, has_t, place in tree
    )
    page = parse_chain(chain)
    text = "".join(part for pair in zip(texts, [*combinators[: len(texts) - 1], ""], strict=True) for part in pair)
    try:
        selector = Selector(text)
        parts = [Selector(each) for each in texts]
    except DefinitionError:
        return

    def fits(part, at):
        return Selector.matches(parts[part], [page[at]])

    def found(part, at):
        if not fits(part, at):
            return False
        if part == 0:
            return True
        above = [at + 1] if combinators[part - 1] == " > " else range(at + 1, len(page))
        return any(found(part - 1, each) for each in above if each < len(page))

    assert selector.matches(page) == any(found(len(parts) - 1, at) for at in range(len(page)))
