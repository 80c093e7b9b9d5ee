"""Packed files: open the bytes of a file, packed or not, and detect what packs it.

A file may be packed with gzip, xz or zip, and may be a named pipe.
"""

import gzip
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, cast

from lawrec.errors import CaseError, quoted
from lawrec.storage.encodings import SAMPLE_BYTES
from lawrec.storage.limits import PIPE_SECONDS
from lawrec.translation import marked

_TAR = marked("a tar archive")
_MARKS = {
    "gzip": (0, b"\x1f\x8b"),
    "xz": (0, b"\xfd7zXZ\0"),
    marked("zip or Excel"): (0, b"PK\3\4"),
    "Parquet": (0, b"PAR1\x15"),
    "Zstandard": (0, b"\x28\xb5\x2f\xfd"),
    "bzip2": (4, b"1AY&SY"),
    "LZ4": (0, b"\x04\x22\x4d\x18"),
    "7z": (0, b"7z\xbc\xaf\x27\x1c"),
    marked("an old Word or Excel file"): (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    _TAR: (257, b"ustar"),
}
"""Where files of some formats say what they are, and how."""
_MARK_BYTES = 262
"""The first bytes of a file, in which all marks lie."""
_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


@contextmanager
def open_binary(path: Path) -> Iterator[BinaryIO]:
    """Yield the bytes of a file, decompressed if its last suffix is in `DECOMPRESSORS`.

    Raises:
        CaseError: The file cannot be opened, holds a tar archive, or turns out to be damaged inside
            the block.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "law.txt.gz"
        ...     _ = path.write_bytes(gzip.compress(b"264"))
        ...     with open_binary(path) as stream:
        ...         stream.read()
        b'264'
    """
    try:
        with _open_pipe(path) if path.is_fifo() else path.open("rb") as raw:
            decompress = DECOMPRESSORS.get(path.suffix.lower())
            with decompress(raw, path) if decompress else nullcontext(raw) as stream:
                _check_no_tar(stream, path)
                yield stream
    except _DAMAGE as error:
        raise CaseError(
            path,
            expected=f"the {path.suffix} file must be whole",
            got=str(error) or "damaged bytes",
            todo="Compress or copy it again.",
        ) from error
    except OSError as error:
        raise CaseError(
            path,
            expected="the file must be readable",
            got=error.strerror or error,
            todo="Check the path.",
        ) from error


def binary_format(start: bytes) -> str:
    """Return the format of a packed or binary file, which its first bytes show; "" for any other.

    Example:
        >>> binary_format(gzip.compress(b"264")), binary_format(b"264")
        ('gzip', '')
    """
    formats = (name for name, (at, mark) in _MARKS.items() if start.startswith(mark, at))
    return next(formats, "")


def put_back(first: bytes, stream: io.BufferedReader) -> io.BufferedReader:
    """Return a stream with bytes that were taken from another one, and then the rest of that.

    It waits for no more bytes than it needs, so that each line that somebody types can be answered
    at once.

    Example:
        >>> stream = io.BufferedReader(io.BytesIO(b"264"))
        >>> put_back(stream.read(1), stream).read()
        b'264'
    """
    return chunk_stream(chain([first], iter(partial(stream.read1, SAMPLE_BYTES), b"")))


def chunk_stream(chunks: Iterable[bytes]) -> io.BufferedReader:
    """Return a stream of bytes that come in chunks.

    Example:
        >>> chunk_stream([b"26", b"4"]).read()
        b'264'
    """
    return io.BufferedReader(_Chunks(iter(chunks)))


class _Chunks(io.RawIOBase):
    """A stream of bytes that come in chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._chunk or next(self._chunks, b"")
        piece, self._chunk = chunk[: len(buffer)], chunk[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def _check_no_tar(stream: Any, path: Path) -> None:
    """Raise an error of a tar archive: the headers of its members would be read as text."""
    if binary_format(stream.peek(_MARK_BYTES)) == _TAR:
        raise CaseError(
            path,
            expected="the file must be unpacked",
            got=_TAR,
            todo="Unpack it into a folder and name that.",
        )


def _open_pipe(path: Path) -> BinaryIO:
    """Open a named pipe, and wait until somebody writes to it, but not for ever."""
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(path.open, "rb")
        try:
            return cast(BinaryIO, opening.result(PIPE_SECONDS))
        except TimeoutError:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))  # the thread waits no more
            cast(BinaryIO, opening.result()).close()
    raise CaseError(
        path,
        expected="the named pipe must have a writer",
        got=f"none within {PIPE_SECONDS} seconds",
        todo="Start the program that writes into it.",
    )


def _xz_chunks(raw: BinaryIO) -> Iterator[bytes]:
    """Yield the unpacked bytes of all streams of an .xz file.

    `lzma.open` leaves out in silence what is damaged behind the first stream.
    """
    packed = raw.read(SAMPLE_BYTES)
    while True:
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        while not stream.eof:
            if chunk := stream.decompress(packed, io.DEFAULT_BUFFER_SIZE):
                yield chunk
            packed = raw.read(SAMPLE_BYTES) if stream.needs_input else b""
            if stream.needs_input and not packed:
                raise EOFError("Compressed file ended before the end-of-stream marker was reached")
        packed = _behind_padding(stream.unused_data, raw)
        if not packed:
            return


def _behind_padding(packed: bytes, raw: BinaryIO) -> bytes:
    """Return the next bytes behind a stream and its padding, which is zeros, four at a time."""
    n_zeros, rest = 0, b""
    for chunk in chain([packed], iter(partial(raw.read, SAMPLE_BYTES), b"")):
        rest = chunk.lstrip(b"\0")
        n_zeros += len(chunk) - len(rest)
        if rest:
            break
    return bytes(n_zeros % 4) + rest


@contextmanager
def _unzip(raw: BinaryIO, path: Path) -> Iterator[BinaryIO]:
    with zipfile.ZipFile(raw) as archive:
        names = [name for name in archive.namelist() if _is_content(name)]
        if len(names) != 1:
            raise CaseError(
                path,
                expected="the .zip file must hold one file",
                got=quoted(names, 200) if names else "none",
                todo="Unpack it into a folder and name that.",
            )
        try:
            member = archive.open(names[0])
        except (RuntimeError, NotImplementedError) as error:  # a password, an unknown method
            raise CaseError(
                path, expected="the .zip file must open", got=str(error), todo="Unpack it yourself."
            ) from error
        with member as stream:
            yield cast(BinaryIO, stream)


def _is_content(member: str) -> bool:
    """Return False for folders, and for the metadata that macOS adds per file."""
    return not member.endswith("/") and not member.startswith("__MACOSX/")


DECOMPRESSORS: dict[str, Callable[[BinaryIO, Path], Any]] = {
    ".gz": lambda raw, path: gzip.open(raw),  # noqa: SIM115 - `open_binary` closes it
    ".xz": lambda raw, path: chunk_stream(_xz_chunks(raw)),
    ".zip": _unzip,
}
"""Context manager of the decompressed stream of a file, by the last suffix of its name."""
