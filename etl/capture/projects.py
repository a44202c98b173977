"""Which project a token belongs to: all valid tokens in memory, read again when they are old or one is not known."""

from __future__ import annotations

import asyncio
import time

import psycopg

from etl import sql
from etl.capture.privacy import Rules
from etl.errors import EtlError, RefusedError, UnavailableError
from etl.operate.project import token_hash

FRESH_SECONDS = 5.0  # how soon a token that ended, or a rule that changed, is noticed
ASK_AGAIN_SECONDS = 0.5  # made-up tokens cost the database no more than this
TIMEOUT_SECONDS = 3.0


class Projects:
    """The tokens and rules of all projects. While the database is away, what was read last goes on being right."""

    def __init__(self, url: str) -> None:
        """Nothing is read yet."""
        self._url = url
        self._rules: dict[bytes, Rules] | None = None
        self._read_at = 0.0
        self._is_reachable = False
        self._lock = asyncio.Lock()

    async def rules_of(self, token: str) -> Rules:
        """The rules of the project that the token belongs to.

        Raises:
            RefusedError: 401, it belongs to none; 503, that cannot be known just now.
        """
        key = token_hash(token)
        await self._refresh(FRESH_SECONDS)
        if not self._rules or key not in self._rules:
            await self._refresh(ASK_AGAIN_SECONDS)
        if self._rules is not None and key in self._rules:
            return self._rules[key]
        if self._rules is None or not self._is_reachable:
            raise RefusedError(503, "database_away", "The database is away: send again.")
        raise RefusedError(401, "unknown_token", "API key is not valid: no project has it")

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
        self._is_reachable = False
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
            )
            for row in rows
        }
        self._read_at = time.monotonic()
        self._is_reachable = True
