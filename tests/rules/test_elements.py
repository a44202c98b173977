"""Chains of elements: what the serialiser writes is read back, whatever stands in it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import sql
from etl.rules.elements import MOST_ELEMENTS, parse_chain

# As a page may have them: anything but white space, quotes and what ends a name. A class with `:;` in it looks like the
# end of an element.
NAMES = st.text(
    st.characters(exclude_characters="\0 \t\n\r\f\"'>/=", codec="utf-8", exclude_categories=["Cc", "Cs", "Z"])
)
CLASSES = st.one_of(
    NAMES.filter(bool).filter(lambda name: len(name.split()) == 1 and ":;" not in name),
    st.sampled_from(["w-1/2", "hover:bg-blue-500/75", "border-[1.5px]", "p-2.5", "[&>*]:p-4", "a;b", "sm:w-1/2"]),
)
VALUES = st.text(st.characters(exclude_characters="\0", codec="utf-8")).filter(lambda text: not text.endswith("\\"))
ELEMENTS = st.fixed_dictionaries(
    {
        "tag_name": st.sampled_from(["a", "button", "svg", "my-element"]),
        "attr__class": st.lists(CLASSES, max_size=4, unique=True).map(" ".join),
        "nth_child": st.integers(1, 500),
        "nth_of_type": st.integers(1, 500),
    },
    optional={
        "$el_text": VALUES.filter(bool),
        "attr__id": VALUES.filter(bool),
        "attr__href": VALUES.filter(bool),
        "attr__data-attr": VALUES.filter(bool),
        "attr__@click": VALUES.filter(bool),
    },
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ELEMENTS, min_size=1, max_size=4))
def test_what_is_written_is_read_back(shared_db, written):
    chain = shared_db.execute(
        "select c.chain from ops.elements_chain(%s::jsonb) as c", (sql.json_text({"$elements": written}),)
    ).fetchone()["chain"]
    read = parse_chain(chain)
    assert [element.tag for element in read] == [element["tag_name"] for element in written]
    for element, source in zip(read, written, strict=True):
        assert element.classes == set(source["attr__class"].split())
        assert (element.nth_child, element.nth_of_type) == (source["nth_child"], source["nth_of_type"])
        text = source.get("$el_text")
        assert element.text == (text and text[:400])
        for key in ("id", "href", "data-attr", "@click"):
            assert element.attributes.get(key) == source.get(f"attr__{key}")


@pytest.mark.parametrize(
    ("chain", "text", "tags"),
    [
        ('a:text="Buy; now. Really: \\"yes\\""nth-child="1";body:', 'Buy; now. Really: "yes"', ["a", "body"]),
        # A value that ends with a backslash.
        ('a:nth-child="1"text="C:\\"', "C:\\", ["a"]),
        ('a:text="C:\\";div:nth-child="1"', "C:\\", ["a", "div"]),
        ('a:attr__x="\\"nth-child="1"text="C"', "C", ["a"]),
        ('a:text="\\""', '"', ["a"]),
        ('a:text="say \\"hi\\";bye";div:text="x"', 'say "hi";bye', ["a", "div"]),
        ('a:text="x";div;body', "x", ["a", "div", "body"]),
        ('A:text="two\nlines"', "two\nlines", ["a"]),
        ("a", None, ["a"]),
        ("", None, []),
    ],
)
def test_by_hand(chain, text, tags):
    elements = parse_chain(chain)
    assert [element.tag for element in elements] == tags
    assert (elements[0].text if elements else None) == text


def test_an_id_and_a_link_are_attributes_wherever_they_stand():
    (element,) = parse_chain('a.b.c:attr_id="x"href="/pay"')
    assert element.attributes == {"id": "x", "href": "/pay", "class": "b c"}


def test_classes_of_a_list_are_those_of_the_head():
    (element,) = parse_chain('a.btn.wide:attr__class="wide,btn"')
    assert element.classes == {"btn", "wide"}


@pytest.mark.parametrize(
    "chain", ['a:text="x', 'a:text="x"y', '"', 'a:text="a"b"', 'a"b:text="x"', 'a:text="x"oops="y"']
)
def test_what_is_no_chain_has_no_elements(chain):
    assert parse_chain(chain) == ()


@pytest.mark.parametrize(
    "chain",
    [
        "a." + ":attr__" * 140_000,
        'a:text="' + '\\"' * 500_000,
        'a:text="' + '\\";' * 300_000 + '"x',
        'a:text="\\"' * 100_000,
        ";" * 1_000_000,
        "a:;" * 300_000,
        'a:nth-child="' + "9" * 1_000_000 + '"',
    ],
    ids=["names", "quotes", "ends of values", "backslashes", "no elements", "empty elements", "a place"],
)
def test_a_hostile_chain_takes_no_time(chain):
    begun = time.process_time()
    parse_chain(chain)
    assert time.process_time() - begun < 5


def test_no_page_is_that_deep():
    assert len(parse_chain("div:;" * MOST_ELEMENTS)) == MOST_ELEMENTS
    assert parse_chain("div:;" * (MOST_ELEMENTS + 1)) == ()
