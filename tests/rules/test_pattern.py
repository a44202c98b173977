"""Regular expressions of RE2 in PostgreSQL: the same texts match, or the pattern is refused."""

from __future__ import annotations

import pytest

from etl.errors import DefinitionError
from etl.rules.pattern import LONGEST, to_postgres


# What RE2 says of each by its documentation; ClickHouse, which PostHog asks, lets a dot match a line break.
@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (r"^/pay$", "/pay", "/payments"),
        (r"\bbuy\b", "to buy now", "buyer"),
        (r"buy\B", "buyer", "buy"),
        (r"\Abuy\z", "buy", "buy\n"),
        (r"a.c", "a\nc", "ac"),
        (r"(?s)a.c", "a\nc", "ac"),
        (r"(?i)BUY", "buy", "by"),
        (r"(?P<n>a|b)c", "bc", "cc"),
        (r"(?<n>a|b)c", "bc", "cc"),
        (r"(?:ab)+c", "ababc", "c"),
        (r"\x41\x{42}", "AB", "ab"),
        (r"[\x41-\x43]", "B", "D"),
        (r"\d{2,3}\.\d", "12.5", "1.5"),
        (r"[[:digit:]]x", "1x", "ax"),
        (r"[]a]", "]", "b"),
        (r"[^]a]", "b", "]"),
        (r"[[.]", "[", "a"),
        (r"[\]\[]", "[", "a"),
        (r"[\d-]+z", "1-z", "z"),
        (r"a\/b\:c\#d", "a/b:c#d", "a"),
        (r"\*\*\*=x", "***=x", "x"),
        (r"a+?b", "aab", "b"),
        (r"\$5\.00", "$5.00", "5.00"),
        (r"é|ü", "über", "uber"),
    ],
)
def test_the_same_texts_match(shared_db, pattern, matching, other):
    for text, is_match in ((matching, True), (other, False)):
        row = shared_db.execute("select %s::text ~ %s::text as found", (text, to_postgres(pattern))).fetchone()
        assert row["found"] is is_match, text


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        (r"(a)\1", "character 4"),
        (r"a(?=b)", "character 2"),
        (r"a(?!b)", "character 2"),
        (r"(?<=a)b", "character 1"),
        (r"(?m)^a", "character 1"),
        (r"\pL", "character 1"),
        (r"x\Qa.b\E", "character 2"),
        (r"\y", "character 1"),
        (r"\m", "character 1"),
        (r"[\b]", "character 2"),
        (r"[\D]", "character 2"),
        ("***:a", "character 1"),
        ("+a", "character 1"),
        ("a\\", "character 2"),
        ("a" * (LONGEST + 1), "characters"),
    ],
    ids=lambda value: value[:20],
)
def test_what_only_one_of_them_knows_is_refused(pattern, place):
    with pytest.raises(DefinitionError, match=place):
        to_postgres(pattern)
