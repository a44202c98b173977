"""Unpacking: every packing an SDK uses, whatever the labels say, and never more than the limit."""

from __future__ import annotations

import base64
import contextlib
import gzip
import random
import time
import tracemalloc
import zlib
from urllib.parse import quote_from_bytes

import pytest
import zstandard

from etl.capture.body import MAX_FIELDS, MAX_MEMBERS, MAX_VALUES, unpack
from etl.errors import RefusedError

TEXT = '{"event": "caf\u00e9 + & = %", "n": [1, 2]}'.encode()
LIMIT = 1_000_000


def refusal(body: bytes, **arguments) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        unpack(body, max_bytes=LIMIT, **arguments)
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        TEXT,
        b" \r\n\t" + TEXT + b"\n",
        b"\xef\xbb\xbf" + TEXT,
        gzip.compress(TEXT),
        gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:]),
        gzip.compress(TEXT) + b"\0" * 7,
        gzip.compress(gzip.compress(TEXT)),
        zlib.compress(TEXT),
        zlib.compress(TEXT, 1),
        zlib.compress(TEXT, 9),
        zstandard.compress(TEXT),
        base64.b64encode(TEXT),
        base64.b64encode(TEXT).rstrip(b"="),
        base64.urlsafe_b64encode(TEXT),
        base64.encodebytes(TEXT * 1)[:-1],
        base64.b64encode(gzip.compress(TEXT)),
        b"data=" + quote_from_bytes(base64.b64encode(TEXT)).encode(),
        b"data=" + base64.b64encode(TEXT),
        b"data=" + quote_from_bytes(base64.b64encode(TEXT)).encode() + b"&compression=base64",
        b"ip=1&ver=1.0&data=" + quote_from_bytes(base64.b64encode(gzip.compress(TEXT))).encode(),
        b"data=" + quote_from_bytes(TEXT).replace("%20", "+").encode(),
    ],
)
def test_every_packing_is_known_by_its_bytes(body: bytes) -> None:
    assert unpack(body, max_bytes=LIMIT) == TEXT


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "empty"),
        (b"  \n", 400, "empty"),
        (gzip.compress(b""), 400, "empty"),
        (gzip.compress(TEXT)[:-9], 400, "truncated"),
        (zlib.compress(TEXT * 9)[:30], 400, "truncated"),
        (zstandard.compress(random.Random(1).randbytes(9_000))[:-3], 400, "truncated"),
        (b"\x1f\x8b" + b"rubbish" * 9, 400, "undecodable"),
        (b"\x28\xb5\x2f\xfd" + b"rubbish" * 9, 400, "undecodable"),
        (b"A" * 5, 400, "undecodable"),
        (gzip.compress(b"[" + b" " * LIMIT + b"]"), 413, "too_large"),
        (zstandard.compress(b"[" + b" " * LIMIT + b"]"), 413, "too_large"),
        (gzip.compress(b" " * 600_000) * 2, 413, "too_large"),
        (b"[" + b"1," * MAX_VALUES + b"1,1]", 413, "too_many_values"),
        (b"[" * MAX_VALUES + b"[", 413, "too_many_values"),
        (b"data=" + b"%25" * MAX_VALUES + b"%25", 413, "too_many_values"),
        (gzip.compress(b"") * (MAX_MEMBERS + 1), 413, "too_many_members"),
        (gzip.compress(b"") * MAX_MEMBERS, 400, "empty"),
        (gzip.compress(gzip.compress(b"[" + b" " * 600_000 + b"]") + b"\0" * 500_000), 413, "too_large"),
        (zstandard.compress(TEXT) * 2, 400, "undecodable"),
    ],
)
def test_what_cannot_be_unpacked_says_why(body: bytes, status: int, reason: str) -> None:
    limit = 10_000_000 if reason == "too_many_values" else LIMIT
    with pytest.raises(RefusedError) as caught:
        unpack(body, max_bytes=limit)
    assert (caught.value.status, caught.value.reason) == (status, reason)


def test_gzip_of_many_members_is_one_text() -> None:
    parts = [b"[", *[b"1,"] * (MAX_MEMBERS - 2), b"1]"]
    members = [gzip.compress(part) for part in parts]
    assert unpack(b"\0".join(members), max_bytes=LIMIT) == b"".join(parts)


def test_a_member_may_be_longer_than_a_block() -> None:
    texts = [random.Random(seed).randbytes(150_000).hex().encode() for seed in (1, 2)]
    packed = b"".join(gzip.compress(text) for text in (b'["', *texts, b'"]'))
    assert unpack(packed, max_bytes=LIMIT) == b'["' + b"".join(texts) + b'"]'


def test_a_form_of_many_fields_is_none() -> None:
    data = b"data=" + base64.b64encode(TEXT)
    assert unpack(b"a=b&" * (MAX_FIELDS - 1) + data, max_bytes=LIMIT) == TEXT
    body = b"a=b&" * MAX_FIELDS + data
    assert unpack(body, max_bytes=LIMIT) == body, "no JSON: the next step refuses it"


def test_all_layers_together_are_limited() -> None:
    text = b"[" + b" " * (LIMIT // 2) + b"]"
    assert unpack(base64.b64encode(text), max_bytes=LIMIT) == text
    assert refusal(base64.b64encode(base64.b64encode(text))).reason == "too_large"


def test_commas_in_strings_are_no_values() -> None:
    body = b'["' + b"," * (MAX_VALUES + 9) + b'"]'
    assert unpack(body, max_bytes=LIMIT) == body


def test_brotli_is_refused_by_name() -> None:
    assert "Brotli" in str(refusal(b"\x8b\x02\x80abc\x03", compression="br"))


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_bomb_costs_no_more_than_the_limit(compress) -> None:
    bomb = compress(b"0" * 300_000_000)
    tracemalloc.start()
    try:
        assert refusal(bomb).reason == "too_large"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * LIMIT


@pytest.mark.parametrize(
    "body",
    [
        b"a" + b" " * 2_000_000 + b"!",
        b"a=" * 500_000,
        b"a=b&" * 500_000,
        b"=" * 2_000_000,
        b"\\" * 2_000_000,
        b'"' * 2_000_001,
    ],
)
def test_no_body_takes_long_to_look_at(body: bytes) -> None:
    began = time.process_time()
    with contextlib.suppress(RefusedError):
        unpack(body, max_bytes=10 * LIMIT)
    assert time.process_time() - began < 3
