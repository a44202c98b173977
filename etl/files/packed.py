"""Files as bytes: packed ones unpacked while they are read, foreign ones told by name, text made UTF-8.

Everything is known by its first bytes, never by a name; only brotli has no first bytes of its own. Packings may be
stacked, as in Amplitude's zip of gzip.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import zstandard

from etl.errors import LandingError

BLOCK_BYTES = 1024 * 1024
MAX_LAYERS = 3
DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile)

_CSV = "save the sheet as CSV (UTF-8)"
_FOREIGN = {
    b"ARROW1": ("an Arrow file (Feather)", "write it as Parquet"),
    b"\xff\xff\xff\xff": ("an Arrow stream", "write it as Parquet"),
    b"FEA1": ("a Feather file", "write it as Parquet"),
    b"ORC": ("an ORC file", "write it as Parquet"),
    b"Obj\x01": ("an Avro file", "write it as Parquet or JSON lines"),
    b"\x04\x22\x4d\x18": ("compressed with lz4", "unpack it first with `lz4 -d`, or compress it with zstd or gzip"),
    b"\xff\x06\x00\x00sNaPpY": ("compressed with snappy", "unpack it first, or compress it with zstd or gzip"),
    b"7z\xbc\xaf\x27\x1c": ("a 7-Zip archive", "unpack it first"),
    b"Rar!": ("a RAR archive", "unpack it first"),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", _CSV),
    b"SQLite format 3\x00": ("a SQLite database", "write its table as CSV or JSON lines"),
    b"%PDF": ("a PDF", "export the data themselves"),
    b"PGDMP": ("a dump of pg_dump", r"write the table with psql's `\copy ... to FILE with (format csv, header)`"),
}


class Opened(NamedTuple):
    """A file's bytes, unpacked; what it is packed with, outermost first; and how far the file itself has been read."""

    stream: io.BufferedReader[Any]
    packings: list[str]
    tell: Callable[[], int]


@contextmanager
def unpacked(path: Path, name: str) -> Iterator[Opened]:
    """Open a file, unpacking what it is packed in.

    Raises:
        LandingError: it is a container that cannot be read; names it and what to do.
        OSError: it cannot be read.
    """
    with ExitStack() as stack:
        raw = path.open("rb", buffering=0)
        stream: io.BufferedReader[Any] = stack.enter_context(io.BufferedReader(raw, BLOCK_BYTES))
        packings: list[str] = []
        for _ in range(MAX_LAYERS):
            try:
                start = stream.peek(8)[:8]
            except DAMAGED:
                break  # to be met again, and told, by the reader
            packing = next((each for magic, each in _PACKINGS.items() if start.startswith(magic)), None)
            if packing is None:
                break
            inner = stack.enter_context(_UNPACK[packing](stream, name))
            stream = io.BufferedReader(_Unpacked(inner, packing), BLOCK_BYTES)
            packings.append(packing)
        yield Opened(stream, packings, raw.tell)


def refuse_foreign(head: bytes, name: str, packings: list[str]) -> None:
    """Raise LandingError, with what to do, for a file that is known to hold no events in a format that is read."""
    for magic, (what, remedy) in _FOREIGN.items():
        if head.startswith(magic):
            raise LandingError(f"{name} is {what}: {remedy}.")
    if head[257:262] == b"ustar":
        raise LandingError(f"{name} is a tar archive: unpack it with `tar -xf` and land the folder.")
    if any(head.startswith(magic) for magic in _PACKINGS):
        raise LandingError(f"{name} is packed more than {MAX_LAYERS} times: unpack it first.")
    if head.lstrip()[:1] == b"<":
        raise LandingError(f"{name} is XML or HTML, perhaps the error page of a download: {_first_words(head)}")
    if name.lower().endswith(".br") and not packings:
        raise LandingError(f"{name} is compressed with brotli: unpack it first with `brotli -d`, or export with gzip.")


def as_utf8(stream: io.BufferedReader[Any], head: bytes, encoding: str | None) -> io.BufferedReader[Any]:
    """Text as UTF-8 with line feeds: decoded if an encoding is given, and lines that end in CR alone put right."""
    if encoding:
        stream = io.BufferedReader(
            _Recoded(stream, codecs.getincrementaldecoder(encoding)("etl.undecodable")), BLOCK_BYTES
        )
        head = head.decode(encoding, "replace").encode()
    if b"\r" in head and b"\n" not in head:
        return io.BufferedReader(_Translated(stream, bytes.maketrans(b"\r", b"\n")), BLOCK_BYTES)
    if head.startswith(b"\x1e"):  # RFC 7464: a record separator in front of each line
        return io.BufferedReader(_Translated(stream, bytes.maketrans(b"\x1e", b" ")), BLOCK_BYTES)
    return stream


@contextmanager
def _gzip(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    with gzip.GzipFile(fileobj=stream) as inner:
        yield cast(BinaryIO, inner)


@contextmanager
def _bzip2(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    with bz2.BZ2File(stream) as inner:
        yield cast(BinaryIO, inner)


@contextmanager
def _xz(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    with lzma.LZMAFile(stream) as inner:
        yield cast(BinaryIO, inner)


@contextmanager
def _zstd(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    yield cast(BinaryIO, _Frames(stream))


@contextmanager
def _zip(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    try:
        if not stream.seekable():
            raise LandingError(f"{name} is a zip inside another packing: unpack it first.")
        archive = zipfile.ZipFile(stream)
    except zipfile.BadZipFile as error:
        raise LandingError(f"{name} is a damaged zip file ({error}): download it again.") from error
    with archive:
        members = [each for each in archive.namelist() if not each.endswith("/") and not each.startswith("__MACOSX/")]
        if any(each in {"[Content_Types].xml", "xl/workbook.xml"} for each in members):
            raise LandingError(f"{name} is an Excel workbook: {_CSV}.")
        if len(members) != 1:
            raise LandingError(f"{name} is a zip of {len(members):,} files: unpack it and land the folder.")
        if archive.getinfo(members[0]).flag_bits & 1:
            raise LandingError(f"{name} is a zip with a password: unpack it first.")
        with archive.open(members[0]) as inner:
            yield cast(BinaryIO, inner)


codecs.register_error("etl.undecodable", lambda error: ("\udcff", cast(UnicodeDecodeError, error).end))

_PACKINGS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip"}
_UNPACK = {"gzip": _gzip, "zstd": _zstd, "bzip2": _bzip2, "xz": _xz, "zip": _zip}


def chained(head: bytes, rest: BinaryIO) -> io.BufferedReader[Any]:
    """Bytes that were read from a stream, and the stream."""
    return io.BufferedReader(_Chained(head, rest), BLOCK_BYTES)


class _Readable(io.RawIOBase):
    """A stream made of another."""

    def readable(self) -> bool:
        return True


class _Unpacked(_Readable):
    """Of damaged data it gives all that can be unpacked before it raises, with the packing's name in the message."""

    def __init__(self, inner: BinaryIO, packing: str) -> None:
        self._inner = inner
        self._packing = packing

    def readinto(self, buffer: Any) -> int:
        try:
            data = cast(io.BufferedIOBase, self._inner).read1(len(buffer))
        except DAMAGED as error:
            raise EOFError(f"the {self._packing} data are damaged ({error})") from error
        except OSError as error:
            if error.errno is not None:
                raise
            raise EOFError(f"the {self._packing} data are damaged ({error})") from error
        buffer[: len(data)] = data
        return len(data)


class _Frames:
    """The frames of a zstd stream. The library's own reader takes one that is cut off for its end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._packed = b""
        self._ready = io.BytesIO()
        self._frame: Any = None

    def read1(self, size: int) -> bytes:
        while not (data := self._ready.read(size)):
            self._packed = self._packed or self._stream.read(16 * 1024)
            if not self._packed:
                if self._frame is not None:
                    raise EOFError("they break off inside a frame")
                return b""
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._ready = io.BytesIO(self._frame.decompress(self._packed))
            self._packed = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame = None
        return data


class _Recoded(_Readable):
    """Text of another encoding, as UTF-8; what cannot be decoded becomes a byte that is none, and is found there."""

    def __init__(self, stream: BinaryIO, decoder: codecs.IncrementalDecoder) -> None:
        self._stream = stream
        self._decoder = decoder
        self._ready = b""

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            data = self._stream.read(64 * 1024)
            self._ready = self._decoder.decode(data, not data).encode(errors="surrogateescape")
            if not data and not self._ready:
                return 0
        piece, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


class _Chained(_Readable):
    """Bytes in memory, then the rest of a stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readinto(self, buffer: Any) -> int:
        data = self._head.read(len(buffer)) or cast(io.BufferedIOBase, self._rest).read1(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Translated(_Readable):
    """A stream with some bytes exchanged for others."""

    def __init__(self, stream: BinaryIO, table: bytes) -> None:
        self._stream = stream
        self._table = table

    def readinto(self, buffer: Any) -> int:
        data = cast(io.BufferedIOBase, self._stream).read1(len(buffer)).translate(self._table)
        buffer[: len(data)] = data
        return len(data)


def _first_words(head: bytes) -> str:
    text = " ".join(head[:400].decode(errors="replace").split())
    return "".join(character for character in text if character.isprintable())[:80]
