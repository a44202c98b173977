"""The private server's databases and logins: each part has a login of its own, which may do what it needs and no more.

Nobody but the starter uses the superuser, and only in order to prepare these.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from etl import databases, sql
from etl.local import postgres
from etl.local.private import write_private
from etl.sql import Db

WAREHOUSE, AIRFLOW = "warehouse", "airflow"


@dataclass(frozen=True)
class Logins:
    """The URLs of the logins, each with the database that it is for.

    Attributes:
        owner: owns the warehouse; no superuser.
        airflow: owns the database of Airflow's metadata, and may connect to no other.
        writer: inserts events.
        reader: reads results.
        capture: of `etl capture`.
    """

    owner: str
    airflow: str
    writer: str
    reader: str
    capture: str


def prepare(server_url: str, home: Path) -> Logins:
    """Make the databases and logins that are missing, and take from everybody what PostgreSQL gives by default.

    Args:
        server_url: the server, with its superuser and without a database.
        home: where the passwords are kept, a file a login.
    """
    for name in ("template1", "postgres"):
        with sql.connect(databases.database_url(server_url, name)) as db:
            databases.close_database(db, name)
            # What is revoked in template1 is so in every database made after it.
            sql.run(db, "local/revoke_large_objects")
    with sql.connect(databases.database_url(server_url, "postgres")) as db:
        owner = _ensure_login(db, home, "owner", WAREHOUSE)
        airflow = _ensure_login(db, home, "airflow", AIRFLOW)
        databases.create_database(server_url, WAREHOUSE, owner="owner")
        databases.create_database(server_url, AIRFLOW, owner="airflow")
    with sql.connect(databases.database_url(server_url, WAREHOUSE)) as db:
        db.execute(sql.statement("schema/0001_roles"))  # which the owner may not make
        return Logins(
            owner=owner,
            airflow=airflow,
            writer=_ensure_login(db, home, "writer", WAREHOUSE),
            reader=_ensure_login(db, home, "reader", WAREHOUSE),
            capture=_ensure_login(db, home, "capture", WAREHOUSE),
        )


def owner_url(home: Path) -> str | None:
    """The URL of the warehouse for its owner, while the private server of this home runs; else None."""
    server_url = postgres.running_url(home / "postgres")
    password = _password_file(home, "owner")
    if server_url is None or not password.exists():
        return None
    return _url(server_url, "owner", password.read_text(), WAREHOUSE)


def _ensure_login(db: Db, home: Path, name: str, database: str) -> str:
    """A login with a generated password; returns its URL."""
    file = _password_file(home, name)
    if not file.exists():
        write_private(file, secrets.token_urlsafe(18))
    password = file.read_text()
    hashed = db.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    for statement in sql.run(db, "local/login_statements", {"name": name, "hash": hashed}).fetchall():
        db.execute(statement["statement"])
    return _url(f"//{db.info.host}:{db.info.port}", name, password, database)


def _password_file(home: Path, name: str) -> Path:
    return home / f"{name}-password"


def _url(server_url: str, name: str, password: str, database: str) -> str:
    parts = urlsplit(server_url)
    return f"postgresql://{name}:{quote(password)}@{parts.hostname}:{parts.port}/{database}"
