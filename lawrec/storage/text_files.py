"""Text files: from a path to the bytes, lines or text of its files.

A path may be a file, a folder or a pattern such as `data/*.json`. A file may be compressed with
gzip, xz or zip, and its text may be UTF-8 or GB18030. `content_digest` covers the decompressed
bytes of all files in their order: to compress cases changes no digest, to reorder them does.
"""

import glob
import gzip
import hashlib
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import chain, dropwhile
from pathlib import Path
from typing import Any, BinaryIO, cast

from lawrec.errors import CaseError, quoted
from lawrec.storage.encodings import SAMPLE_BYTES, SURROGATE, guess_encoding
from lawrec.storage.limits import MAX_LINE_BYTES, MAX_TEXT_BYTES, PIPE_SECONDS
from lawrec.storage.remote_files import resolve_uri
from lawrec.translation import marked

TOO_LONG = "\ud800"
"""What `decode_lines` yields, with a line feed, for a line of more than `MAX_LINE_BYTES`: a
surrogate that stands for no byte, so that no other line has it."""

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


def list_files(path: Path) -> list[Path]:
    """Return the files that a path names: a file, all of a folder, or the matches of a pattern.

    The files are sorted by name. In a folder, names that begin with "." or "_" are ignored, and so
    is the list of articles, law.txt. A path that neither exists nor is a pattern is returned
    as it is: an error follows when it is opened. A path may be the URI of a file or a folder.

    Raises:
        CaseError: The folder is empty or has a folder with files, the pattern has no match, the URI
            cannot be reached, or the path is "-" (stdin).

    Example:
        >>> [file.name for file in list_files(Path("cases.json"))]
        ['cases.json']
    """
    if path == Path("-"):
        raise CaseError(
            "-",
            expected="the cases must be in files",
            got="stdin",
            todo="Save them to a file: it is read again.",
        )
    path = resolve_uri(path)
    if path.is_dir():
        files = _cases_in(path)
        expected = "the folder must hold files of cases"
    elif path.exists() or not glob.has_magic(str(path)):
        return [path]
    else:
        # Path.glob takes no absolute pattern.
        files = [Path(name) for name in glob.glob(str(path), recursive=True)]  # noqa: PTH207
        expected = "the pattern must match a file"
    existing = sorted(file for file in files if file.is_file())
    if len(existing) < len(files) and path.is_dir():
        _check_no_folder(path, files)
    if not existing:
        raise CaseError(path, expected=expected, got="none", todo="Check the path.")
    return existing


def content_digest(path: Path) -> str:
    """Return the SHA-256 digest of a file's decompressed bytes, in hexadecimal.

    The digest of several files is that of their digests, joined in the order of `list_files`.

    Raises:
        CaseError: A file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name, pack in {"a.json": bytes, "b.json.gz": gzip.compress}.items():
        ...         _ = (Path(folder) / name).write_bytes(pack(b"{}"))
        ...     len({content_digest(file) for file in list_files(Path(folder))})
        1
    """
    digests = [_digest(file) for file in list_files(path)]
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


def _cases_in(folder: Path) -> list[Path]:
    """Return what is in a folder and may be cases, or a folder of them."""
    return [path for path in folder.iterdir() if _may_be_cases(path.name)]


def _check_no_folder(folder: Path, entries: Iterable[Path]) -> None:
    """Raise an error of folders in a folder: their cases would be left out."""
    names = [path.name for path in entries if path.is_dir() and _may_hold_cases(path)]
    if names:
        raise CaseError(
            folder,
            expected="the folder must hold files of cases, and no folder with files",
            got=quoted(sorted(names), 200),
            todo="Move the files into it, name them with a pattern such as **/*.json, or begin the "
            "name of a folder to leave out with _.",
        )


def _may_hold_cases(folder: Path) -> bool:
    try:
        return bool(_cases_in(folder))
    except PermissionError:  # such as lost+found
        return False


def _may_be_cases(name: str) -> bool:
    return name != "law.txt" and not name.startswith((".", "_"))


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


def read_text(path: Path, name: str = marked("the file")) -> str:
    """Return the text of a file in UTF-8 or GB18030, which may be compressed.

    Args:
        path: The file.
        name: What the file holds, such as "the list of articles", for the error.

    Raises:
        CaseError: The file cannot be read, is too large, or is in neither encoding.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "law.txt"
        ...     _ = path.write_bytes("盗窃".encode("gb18030"))
        ...     read_text(path)
        '盗窃'
    """
    with open_binary(path) as stream:
        content = stream.read(MAX_TEXT_BYTES + 1)
    if len(content) > MAX_TEXT_BYTES:
        raise CaseError(
            path,
            expected=f"{name} must have at most {MAX_TEXT_BYTES:,} bytes",
            got="more",
            todo="Name another file.",
        )
    text = "".join(decode_lines(io.BytesIO(content)))
    if SURROGATE.search(text):
        raise CaseError(
            path,
            expected=f"{name} must be UTF-8 or GB18030",
            got="other bytes",
            todo="Convert it to UTF-8.",
        )
    return text


def bounded_lines(stream: BinaryIO, *, any_line_end: bool = True) -> Iterator[bytes]:
    r"""Yield the lines of a stream; one of more than `MAX_LINE_BYTES` is b"".

    The end of a line is a line feed, as in Python's binary files. In a stream that has none, as old
    programs for the Mac write them, it is a carriage return.

    Args:
        stream: A binary file.
        any_line_end: Whether the first line may show that the ends are carriage returns.

    Example:
        >>> list(bounded_lines(io.BytesIO(b"264\r\n266")))
        [b'264\r\n', b'266']
        >>> list(bounded_lines(io.BytesIO(b"264\r266\r")))
        [b'264\n', b'266\n']
    """
    line = stream.readline(MAX_LINE_BYTES + 1)
    if any_line_end and b"\r" in line and not line.endswith(b"\n"):
        chunks = chain([line], iter(partial(stream.read, SAMPLE_BYTES), b""))
        stream = io.BufferedReader(_Chunks(chunk.replace(b"\r", b"\n") for chunk in chunks))
        line = stream.readline(MAX_LINE_BYTES + 1)
    while line:
        if len(line) <= MAX_LINE_BYTES:
            yield line
        else:
            while line and not line.endswith(b"\n"):
                line = stream.readline(SAMPLE_BYTES)
            yield b""
        line = stream.readline(MAX_LINE_BYTES + 1)


def put_back(first: bytes, stream: io.BufferedReader) -> io.BufferedReader:
    """Return a stream with bytes that were taken from another one, and then the rest of that.

    It waits for no more bytes than it needs, so that each line that somebody types can be answered
    at once.

    Example:
        >>> stream = io.BufferedReader(io.BytesIO(b"264"))
        >>> put_back(stream.read(1), stream).read()
        b'264'
    """
    rest = iter(partial(stream.read1, SAMPLE_BYTES), b"")
    return io.BufferedReader(_Chunks(chain([first], rest)))


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


def decode_lines(stream: Iterable[bytes], encoding: str | None = None) -> Iterator[str]:
    r"""Yield decoded lines; a byte that is invalid in the encoding becomes a surrogate.

    A byte order mark is removed at the start of every line, not only of the first: files that have
    one may have been joined.

    Args:
        stream: The lines with their line ends, as `bounded_lines` yields them.
        encoding: One of `lawrec.storage.encodings.ENCODINGS`; if None, it is detected from the
            first non-ASCII lines.

    Example:
        >>> list(decode_lines([b"264\n", "盗窃\n".encode("gb18030")]))
        ['264\n', '盗窃\n']
    """
    lines = iter(stream)
    sample: list[bytes] = []
    if not encoding:
        for line in lines:
            if not line.isascii():
                sample = list(_take(SAMPLE_BYTES, chain([line], lines)))
                break
            yield line.decode("ascii") or f"{TOO_LONG}\n"
        encoding = guess_encoding(b"".join(sample))
    for line in chain(sample, lines):
        text = line.decode(encoding, errors="surrogateescape").lstrip("\ufeff")
        yield text if line else f"{TOO_LONG}\n"


def detect_encoding(file: Path) -> str:
    """Return the encoding that `decode_lines` detects in a file.

    Raises:
        CaseError: The file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "law.txt"
        ...     _ = path.write_bytes("盗窃".encode("gbk"))
        ...     detect_encoding(path)
        'gb18030'
    """
    with open_binary(file) as stream:
        lines = dropwhile(bytes.isascii, bounded_lines(stream))
        return guess_encoding(b"".join(_take(SAMPLE_BYTES, lines)))


def _take(size: int, lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines until they have `size` bytes or more in all."""
    for line in lines:
        yield line
        size -= len(line)
        if size <= 0:
            return


def _digest(file: Path) -> str:
    with open_binary(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


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
    ".xz": lambda raw, path: io.BufferedReader(_Chunks(_xz_chunks(raw))),
    ".zip": _unzip,
}
"""Context manager of the decompressed stream of a file, by the last suffix of its name."""
