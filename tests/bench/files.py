"""Landing files of each format next to a COPY of the same rows through psycopg, in one server: ``etl land`` by itself.

``python -m tests.bench.files`` runs it alone. Ratios of rows a second and of the client's CPU a row say more than
either: both depend on the machine.
"""

from __future__ import annotations

import csv
import gzip
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from etl import databases, sql
from etl.files.land import land_files
from etl.migrate import migrate
from etl.settings import read_settings
from etl.sql import Db
from tests.bench.events import COPY, LandingRow, generate
from tests.server import open_folder, running_in

ROWS = 100_000
ROUNDS = 2
NAMES = ("uuid", "event", "distinct_id", "properties", "timestamp")


def measure(server: str, *, share: float = 1.0) -> int:
    """Write the files, land each in turn with a COPY in between, print rows/s, CPU a row and the ratios to the COPY."""
    # A row without a name is no event of a file.
    rows = [row for row in generate(int(ROWS * share)) if row[1]]
    with tempfile.TemporaryDirectory(prefix="etl-bench-", dir="/var/tmp") as folder:
        files = {name: write(Path(folder) / name.replace(" ", "-"), rows) for name, write in FORMATS.items()}
        url = databases.create_database(server, "bench_files")
        with sql.connect(url) as db:
            migrate(db, read_settings())
            names = ["copy", *files] * ROUNDS
            runs = [(name, _run(db, url, rows, files.get(name))) for name in names]
    best = {name: min(run for each, run in runs if each == name) for name in ("copy", *files)}
    print(f"files of {len(rows):,} events, best of {ROUNDS} rounds; by etl land, next to a COPY of the same rows")
    seconds, cpu = best["copy"]
    for name, (took, spent) in best.items():
        print(
            f"  {name:<22} {len(rows) / took:8,.0f} rows/s  ratio {seconds / took:5.2f}"
            f"   client CPU {spent / len(rows) * 1e6:5.1f} us/row  {spent / cpu:5.1f} times"
        )
    return 0


def _run(db: Db, url: str, rows: Sequence[LandingRow], file: Path | None) -> tuple[float, float]:
    """Seconds, and seconds of this process's CPU, that a file or the COPY took."""
    db.execute("truncate landing.event, ops.landed_range, ops.landed_file")
    db.execute("checkpoint")
    before, start = _cpu(), time.perf_counter()
    if file is None:
        with db.cursor() as cursor, cursor.copy(COPY) as copy:
            for row in rows:
                copy.write_row(row)
    else:
        (result,) = land_files(url, [file])
        assert (result.landed, result.unreadable) == (len(rows), 0), result
    return time.perf_counter() - start, _cpu() - before


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _objects(rows: Sequence[LandingRow]) -> list[str]:
    return [
        json.dumps({name: value for name, value in zip(NAMES, row, strict=True) if name != "properties"})[:-1]
        + f', "properties": {row[3]}}}'
        for row in rows
    ]


def _json_lines(path: Path, rows: Sequence[LandingRow]) -> Path:
    path.write_text("\n".join(_objects(rows)) + "\n")
    return path


def _gzip(path: Path, rows: Sequence[LandingRow]) -> Path:
    path.write_bytes(gzip.compress(("\n".join(_objects(rows)) + "\n").encode(), 6))
    return path


def _zstd(path: Path, rows: Sequence[LandingRow]) -> Path:
    path.write_bytes(zstandard.compress(("\n".join(_objects(rows)) + "\n").encode()))
    return path


def _array(path: Path, rows: Sequence[LandingRow]) -> Path:
    path.write_text(f"[{', '.join(_objects(rows))}]")
    return path


def _csv(path: Path, rows: Sequence[LandingRow]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(NAMES)
        writer.writerows(rows)
    return path


def _parquet(path: Path, rows: Sequence[LandingRow]) -> Path:
    columns = zip(*rows, strict=True)
    pq.write_table(
        pa.table({name: pa.array(column, pa.string()) for name, column in zip(NAMES, columns, strict=True)}),
        path,
        compression="zstd",
    )
    return path


FORMATS: dict[str, Callable[[Path, Sequence[LandingRow]], Path]] = {
    "JSON lines": _json_lines,
    "JSON lines, gzip": _gzip,
    "JSON lines, zstd": _zstd,
    "one array on one line": _array,
    "CSV": _csv,
    "Parquet, zstd": _parquet,
}


def main() -> int:
    """Measure in a server of its own."""
    with open_folder() as folder, running_in(folder) as server:
        return measure(server)


if __name__ == "__main__":
    sys.exit(main())
