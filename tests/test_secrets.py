"""No message, and no traceback, shows a password: whatever is wrong with the address it stands in."""

from __future__ import annotations

import asyncio
import traceback

import pytest

from etl import databases, sql
from etl.errors import ConfigurationError, EtlError
from etl.settings import read_settings

SECRET = "s3cr3tT0k3n"
MALFORMED = [
    f"host=127.0.0.1 password={SECRET}",
    f"postgresql:owner:{SECRET}",
    f"owner:{SECRET}@127.0.0.1/warehouse",
    f"mysql://owner:{SECRET}@127.0.0.1/warehouse",
    f"postgresql://owner:{SECRET}%zz@127.0.0.1/warehouse",
    f"postgresql://owner:{SECRET}@[::1/warehouse",
    f"postgresql://owner:{SECRET}@127.0.0.1:port/warehouse",
    f"postgresql://owner:{SECRET}@127.0.0.1:99999/warehouse",
    f"postgresql://owner:pass@{SECRET}@127.0.0.1:1/warehouse",
    f"postgresql://owner:a/{SECRET}@127.0.0.1:1/warehouse",
    f"postgresql://owner:{SECRET}@127.0.0.1:1/warehouse?no_such_parameter=1",
    f"postgresql://owner:{SECRET}@127.0.0.1:1/ware\0house",
]


def shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error, chain=True))


@pytest.mark.parametrize("url", MALFORMED, ids=range(len(MALFORMED)))
def test_an_address_that_cannot_be_read(url):
    async def connect_async() -> None:
        await sql.connect_async(url, application_name="test")

    for attempt in (
        lambda: sql.connect(url),
        lambda: asyncio.run(connect_async()),
        lambda: databases.create_database(url, "other"),
    ):
        with pytest.raises(EtlError) as raised:
            attempt()
        # The address stands in the source lines of this test, never in what the program says.
        assert SECRET not in str(raised.value)
        cause: BaseException | None = raised.value
        while cause is not None:
            assert SECRET not in str(cause), type(cause)
            cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def test_a_setting_that_cannot_be_read(monkeypatch):
    monkeypatch.setenv("ETL_DATABASE_URL", f"postgresql://owner:{SECRET}@127.0.0.1/warehouse")
    monkeypatch.setenv("ETL_BATCH_SIZE", "many")
    with pytest.raises(ConfigurationError, match="ETL_BATCH_SIZE='many'") as raised:
        read_settings()
    assert SECRET not in shown(raised.value)


@pytest.mark.parametrize(
    "shards",
    [
        f"postgresql://owner:{SECRET}@127.0.0.1/warehouse",
        f'{{"EU": "postgresql://owner:{SECRET}@127.0.0.1/warehouse"}}',
        f'{{"postgresql://owner:{SECRET}@127.0.0.1/warehouse": "eu"}}',
        f'["postgresql://owner:{SECRET}@127.0.0.1/warehouse"]',
        f'{{"eu": "postgresql://owner:{SECRET}@a/b", "us": "postgresql://owner:{SECRET}@a/b"}}',
    ],
)
def test_shards_that_cannot_be_read(monkeypatch, shards):
    monkeypatch.setenv("ETL_SHARDS", shards)
    with pytest.raises(ConfigurationError, match="ETL_SHARDS") as raised:
        read_settings()
    assert SECRET not in shown(raised.value)
    assert "\n" not in str(raised.value)


def test_shards_are_not_in_what_settings_show(monkeypatch):
    monkeypatch.setenv("ETL_SHARDS", f'{{"eu": "postgresql://owner:{SECRET}@127.0.0.1/warehouse"}}')
    settings = read_settings(shard="eu")
    assert SECRET in str(settings.warehouse_url)
    assert SECRET not in f"{settings!r} {settings}"
