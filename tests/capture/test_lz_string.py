"""lz-string: what its own program packed, what an old app sent, and what nobody would send."""

from __future__ import annotations

import base64
import json
import random
import tracemalloc
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.capture.body import MAX_VALUES, unpack
from etl.capture.lz_string import END, NEW_BYTE, NEW_UNIT, unpack_lz_string
from etl.errors import RefusedError
from tests.capture.service import TOKEN, Service
from tests.growth import exponent

DATA = Path(__file__).parent / "data"
LIMIT = 1_000_000
VECTORS = json.loads((DATA / "lz_string.json").read_text())


def utf8(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def pack(text: str) -> bytes:
    """A packer that looks for the longest known part; of the program's own packers there are the vectors."""
    units = text.encode("utf-16-le", "surrogatepass")
    left = "".join(chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2))
    known: dict[str, int] = {}
    count, before, at = 3, "", 0
    bits: list[str] = []

    def put(value: int, width: int) -> None:
        bits.append(f"{value:0{width}b}"[::-1])

    while at < len(left):
        part = left[at]
        if part not in known:
            width = 8 if ord(part) < 256 else 16
            put(NEW_BYTE if width == 8 else NEW_UNIT, count.bit_length())
            put(ord(part), width)
            known[part] = count
            count += 1
        else:
            while at + len(part) < len(left) and left[at : at + len(part) + 1] in known:
                part = left[at : at + len(part) + 1]
            put(known[part], count.bit_length())
        if before:
            known[before + part[0]] = count
            count += 1
        before = part
        at += len(part)
    put(END, count.bit_length())
    stream = "".join(bits)
    return bytes(int(stream[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(stream), 8))


@pytest.mark.parametrize("name", VECTORS)
def test_what_the_program_packs(name: str) -> None:
    """By lz-string 1.5.0, ``compressToBase64``; its last bits need not fill a byte."""
    text, packed = VECTORS[name]["text"], VECTORS[name]["packed"].rstrip("=")
    padded = base64.b64decode(packed + "A" * (-len(packed) % 4))
    assert unpack_lz_string(padded, most=LIMIT, max_codes=MAX_VALUES) == utf8(text)
    if text.startswith(("{", "[")):
        for written in (packed, VECTORS[name]["packed"]):
            assert unpack(written.encode(), max_bytes=LIMIT, compression="lz64") == utf8(text)


def test_what_posthog_react_native_3_1_sent() -> None:
    """The form says how the data is packed, as the URL does not."""
    body = json.loads(unpack((DATA / "react_native_3_1_form.txt").read_bytes(), max_bytes=LIMIT))
    [event] = body["batch"]
    assert (event["event"], event["properties"]["$lib_version"]) == ("AfterReset", "3.1.0")


@pytest.mark.parametrize("form", ["data={}&compression=lz64", "compression=lz64&ver=1.20.0&data={}", "data={}"])
def test_it_lands(service: Service, form: str) -> None:
    said = json.dumps({"api_key": TOKEN, "batch": [{"event": "caf\u00e9 \U0001f600", "distinct_id": "d"}]})
    data = base64.b64encode(pack(said)).decode()
    path = "/e/?ip=1" if "compression" in form else "/e/?compression=lz64"
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, _ = service.request("POST", path, form.format(quote(data, safe="")).encode(), head)
    assert (status, [row["event"] for row in service.landed()]) == (200, ["caf\u00e9 \U0001f600"])


@given(st.text(st.characters(codec=None, exclude_categories=[]), max_size=300))
def test_every_text_comes_back(text: str) -> None:
    assert unpack_lz_string(pack(text), most=LIMIT, max_codes=MAX_VALUES) == utf8(text)


@given(st.binary(max_size=2_000))
def test_no_bytes_do_more_than_be_refused(packed: bytes) -> None:
    with suppress(RefusedError):
        unpack_lz_string(packed, most=LIMIT, max_codes=MAX_VALUES)


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        (pack('{"event": "e"}')[:-4], "truncated"),
        (b"\xff" * 90, "undecodable"),
        (pack(random.Random(1).randbytes(90_000).hex()), "too_many_values"),
        (pack("a" * 3_000_000), "too_large"),
    ],
    ids=["cut off", "no code", "codes", "bomb"],
)
def test_what_is_refused(packed: bytes, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.capture.body.MAX_VALUES", 20_000)
    tracemalloc.start()
    try:
        with pytest.raises(RefusedError) as caught:
            unpack(base64.b64encode(packed), max_bytes=LIMIT, compression="lz64")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.reason == reason
    assert peak < 8 * LIMIT


def test_the_cost_grows_with_the_codes() -> None:
    texts = {size: pack(random.Random(1).randbytes(size).hex()) for size in (5_000, 80_000)}
    unpacked = partial(unpack_lz_string, most=LIMIT, max_codes=MAX_VALUES)
    assert exponent(lambda size: unpacked(texts[size]), 5_000, 80_000) < 1.5
