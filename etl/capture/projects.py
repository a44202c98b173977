"""Which project a token belongs to: all valid tokens in memory, read again when they are old or one is not known."""

from __future__ import annotations

import asyncio
import time

import psycopg

from etl import sql
from etl.capture.privacy import Rules
from etl.errors import EtlError, UnavailableError

FRESH_SECONDS = 5.0  # how soon a token that ended, or a rule that changed, is noticed
ASK_AGAIN_SECONDS = 0.5  # made-up tokens cost the database no more than this
TIMEOUT_SECONDS = 3.0


class Projects:
    """The tokens and rules of all projects of a database. While it is away, what was read last goes on being right.

    Attributes:
        is_reachable: whether the last try to read them worked.
    """

    def __init__(self, url: str) -> None:
        """Nothing is read yet."""
        self._url = url
        self._rules: dict[bytes, Rules] = {}
        self._read_at = 0.0
        self.is_reachable = False
        self._lock = asyncio.Lock()

    async def recall(self, key: bytes) -> Rules | None:
        """The rules of the project that the token with this hash belongs to, if it is one of those read before."""
        if key in self._rules:
            await self._refresh(FRESH_SECONDS)
        return self._rules.get(key)

    async def ask(self, key: bytes) -> Rules | None:
        """The same, also of a token that is new."""
        await self._refresh(ASK_AGAIN_SECONDS)
        return self._rules.get(key)

    async def check(self) -> None:
        """Read the projects now.

        Raises:
            EtlError: the database cannot be reached or read; says why.
        """
        async with self._lock:
            await self._read()

    async def _refresh(self, after_seconds: float) -> None:
        if time.monotonic() - self._read_at < after_seconds:
            return
        async with self._lock:
            if time.monotonic() - self._read_at < after_seconds:
                return
            try:
                await self._read()
            except EtlError:
                self._read_at = time.monotonic()  # asked in vain: not again at once

    async def _read(self) -> None:
        self.is_reachable = False
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                async with await sql.connect_async(self._url, application_name="etl capture projects") as db:
                    cursor = await db.execute(sql.statement("capture/read_projects"))
                    rows = await cursor.fetchall()
        except (psycopg.Error, OSError, TimeoutError) as error:
            raise UnavailableError(f"The projects cannot be read: {' '.join(str(error).split())}") from error
        self._rules = {
            row["token_hash"]: Rules(
                team_id=row["team_id"],
                name=row["name"],
                anonymizes_ip=row["anonymize_ips"],
                dropped=frozenset(row["dropped_properties"]),
                hashed=frozenset(row["hashed_properties"]),
                hash_key=row["hash_key"] or b"",
                address_key=row["address_key"],
            )
            for row in rows
        }
        self._read_at = time.monotonic()
        self.is_reachable = True
