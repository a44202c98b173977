"""What the arguments of ``etl land`` name: files, folders, patterns and the standard input."""

from __future__ import annotations

import glob
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from etl.errors import LandingError
from etl.files.copies import copy

STANDARD_INPUT = "-"

# Their addresses begin like this; what reads them.
_STORES = {
    "s3": "aws s3 cp {} - | etl land -",
    "gs": "gcloud storage cat {} | etl land -",
    "gcs": "gcloud storage cat {} | etl land -",
    "az": "azcopy copy {} --from-to BlobPipe | etl land -",
    "abfs": "azcopy copy {} --from-to BlobPipe | etl land -",
    "abfss": "azcopy copy {} --from-to BlobPipe | etl land -",
    "hdfs": "hdfs dfs -cat {} | etl land -",
    "http": "curl -fsSL {} | etl land -",
    "https": "curl -fsSL {} | etl land -",
}


@contextmanager
def found(arguments: Sequence[Path | str]) -> Iterator[list[tuple[str, Path]]]:
    """The files that the arguments name, each with its name for messages, in the order to be landed.

    Of a folder or a pattern: its files sorted by name, without hidden ones, those that begin with ``_`` and manifests,
    which are a writer's own notes (``_SUCCESS``). What is no regular file (``-``, a pipe) is copied to a temporary one,
    because a file is read twice; the copies are gone on leaving.

    Raises:
        LandingError: an argument names nothing that can be read; says what to do.
    """
    with tempfile.TemporaryDirectory(prefix="etl-land-") as folder:
        files: list[tuple[str, Path]] = []
        for argument in arguments:
            files += _files(str(argument), Path(folder))
        yield files


def _files(argument: str, folder: Path) -> list[tuple[str, Path]]:
    path = Path(argument)
    scheme, separator, _ = argument.partition("://")
    if separator and scheme.lower() in _STORES:
        command = _STORES[scheme.lower()].format(argument)
        raise LandingError(f"{argument} is an address, and only files of this machine are read: `{command}`.")
    try:
        if argument == STANDARD_INPUT:
            return [("standard input", _copy("/dev/stdin", folder))]
        if path.is_dir():
            return _in_folder(path)
        if path.is_fifo() or path.is_char_device():
            return [(argument, _copy(argument, folder))]
        if not path.exists() and glob.has_magic(argument):
            return _matching(argument)
    except OSError as error:
        raise LandingError(f"{argument} cannot be read: {error.strerror or error}.") from error
    if path.is_symlink() and not path.exists():
        raise LandingError(f"{argument} is a link to {os.readlink(path)}, which does not exist.")
    if not path.is_file():
        what = "is not a regular file: save what it gives as one" if path.exists() else "does not exist"
        raise LandingError(f"{argument} {what}.")
    return [(_shown(path), path)]


def _in_folder(folder: Path) -> list[tuple[str, Path]]:
    inside = [path for path in sorted(folder.rglob("*")) if _is_data(path.relative_to(folder)) and path.is_file()]
    if not inside:
        raise LandingError(f"{folder} is a folder without files to land: hidden ones and `_*` are left out.")
    return [(_shown(path), path) for path in inside]


def _matching(pattern: str) -> list[tuple[str, Path]]:
    paths = [Path(each) for each in sorted(glob.glob(pattern, recursive=True))]
    files = [path for path in paths if path.is_file() and _is_data(Path(path.name))]
    if not files:
        raise LandingError(f"{pattern} matches no file.")
    return [(_shown(path), path) for path in files]


def _is_data(path: Path) -> bool:
    return not any(part.startswith((".", "_")) for part in path.parts) and not path.name.endswith("manifest.json")


def _copy(source: str, folder: Path) -> Path:
    path = folder / f"input-{len(list(folder.iterdir()))}"
    with path.open("wb") as file:
        if source == "/dev/stdin":
            copy(sys.stdin.buffer, file, "standard input")
        else:
            with open(source, "rb") as stream:
                copy(stream, file, source)
    return path


def _shown(path: Path) -> str:
    return os.fsencode(path).decode(errors="replace")
