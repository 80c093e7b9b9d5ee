"""Text files: from bytes to lines and text, which may be UTF-8 or GB18030."""

import io
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, dropwhile
from pathlib import Path
from typing import BinaryIO

from lawrec.errors import CaseError
from lawrec.storage.encodings import SAMPLE_BYTES, SURROGATE, guess_encoding
from lawrec.storage.limits import MAX_LINE_BYTES, MAX_TEXT_BYTES
from lawrec.storage.packed_files import chunk_stream, open_binary
from lawrec.translation import marked

TOO_LONG = "\ud800"
"""What `decode_lines` yields, with a line feed, for a line of more than `MAX_LINE_BYTES`: a
surrogate that stands for no byte, so that no other line has it."""


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
        stream = chunk_stream(chunk.replace(b"\r", b"\n") for chunk in chunks)
        line = stream.readline(MAX_LINE_BYTES + 1)
    while line:
        if len(line) <= MAX_LINE_BYTES:
            yield line
        else:
            while line and not line.endswith(b"\n"):
                line = stream.readline(SAMPLE_BYTES)
            yield b""
        line = stream.readline(MAX_LINE_BYTES + 1)


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
