"""Streams: from a path to the bytes and lines of its files, packed or not, UTF-8 or GB18030."""

import glob
import gzip
import hashlib
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, dropwhile
from pathlib import Path
from typing import Any, BinaryIO, cast

from lawrec.errors import CaseError, quoted

ENCODINGS = ("utf-8", "gb18030")
"""Both write a line feed as one byte and nothing else with it. GB18030 includes GBK and GB2312."""

SURROGATE = re.compile("[\ud800-\udfff]")
"""What `decode_lines` makes of a byte that is no sign of the encoding."""

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # of UTF-8 and of UTF-16
_SAMPLE_BYTES = 65_536
_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


def list_files(path: Path) -> list[Path]:
    """Return the files that a path names: a file, all of a folder, or those that fit a pattern.

    They stand in the order of their names. In a folder, names that begin with "." or "_" are
    no cases, nor is the list of articles, law.txt. A path that is neither there nor a pattern is
    returned as it is: opening it fails.

    Raises:
        CaseError: The folder is empty, nothing fits the pattern, or the path is "-", stdin.
    """
    if path == Path("-"):
        raise CaseError(
            "-",
            expected="the cases must be in files",
            got="stdin",
            todo="Save them to a file: it is read again.",
        )
    if path.is_dir():
        files = [file for file in path.iterdir() if _may_be_cases(file.name)]
        expected = "the folder must hold files of cases"
    elif path.exists() or not glob.has_magic(str(path)):
        return [path]
    else:
        # Path.glob takes no absolute pattern.
        files = [Path(name) for name in glob.glob(str(path), recursive=True)]  # noqa: PTH207
        expected = "the pattern must fit a file"
    sound = sorted(file for file in files if file.is_file())
    if not sound:
        raise CaseError(path, expected=expected, got="none", todo="Check the path.")
    return sound


def content_digest(path: Path) -> str:
    """Return the SHA-256 of a file's unpacked bytes; of several files, one over theirs in order.

    Raises:
        CaseError: A file cannot be read.
    """
    digests = [_digest(file) for file in list_files(path)]
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


def _may_be_cases(name: str) -> bool:
    return name != "law.txt" and not name.startswith((".", "_"))


@contextmanager
def open_binary(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, through its packing if its last suffix is a key of `PACKINGS`.

    Raises:
        CaseError: The file cannot be read, now or inside the block, or is damaged.
    """
    try:
        with path.open("rb") as raw:
            unpack = PACKINGS.get(path.suffix)
            if not unpack:
                yield raw
                return
            with unpack(raw, path) as stream:
                yield stream
    except _DAMAGE as error:
        raise CaseError(
            path,
            expected=f"the {path.suffix} file must be whole",
            got=str(error) or "damaged bytes",
            todo="Pack or copy it again.",
        ) from error
    except OSError as error:
        raise CaseError(
            path,
            expected="the file must be readable",
            got=error.strerror or error,
            todo="Check the path.",
        ) from error


def decode_lines(stream: Iterable[bytes], encoding: str | None = None) -> Iterator[str]:
    """Decode lines one by one; bytes that do not fit become surrogates.

    A byte order mark is dropped before any line: files with one may have been joined to one file.

    Args:
        stream: The lines, as a binary file gives them.
        encoding: One of `ENCODINGS`; if None, it is found from the first lines beyond ASCII.
    """
    lines = iter(stream)
    sample: list[bytes] = []
    if not encoding:
        for line in lines:
            if not line.isascii():
                sample = list(_up_to(_SAMPLE_BYTES, chain([line], lines)))
                break
            yield line.decode("ascii")
        encoding = _encoding_of(b"".join(sample))
    for line in chain(sample, lines):
        yield line.decode(encoding, errors="surrogateescape").lstrip("\ufeff")


def detect_encoding(file: Path) -> str:
    """Return the encoding that `decode_lines` finds in a file.

    Raises:
        CaseError: The file cannot be read.
    """
    with open_binary(file) as stream:
        lines = dropwhile(bytes.isascii, stream)
        return _encoding_of(b"".join(_up_to(_SAMPLE_BYTES, lines)))


def _up_to(size: int, lines: Iterator[bytes]) -> Iterator[bytes]:
    """Give lines until they are `size` bytes or more together."""
    while size > 0 and (line := next(lines, b"")):
        size -= len(line)
        yield line


def _encoding_of(sample: bytes) -> str:
    """Tell UTF-8 with a few broken bytes from GB18030.

    Read as UTF-8, a text in GB18030 has more broken bytes than signs; the reverse does not hold,
    because nearly every pair of bytes is a sign of GB18030. For the same reason UTF-16 and what is
    no text at all must not pass for it: many of their bytes are control signs, and as UTF-8 each
    line is an error.
    """
    if sample.startswith(_MARKS):
        return "utf-8"
    sample = sample[:_SAMPLE_BYTES]  # a line may be longer
    signs, broken = _evidence(sample, "utf-8")
    if broken <= signs:
        return "utf-8"
    signs, broken = _evidence(sample, "gb18030")
    return "gb18030" if broken * 10 < signs else "utf-8"


def _evidence(sample: bytes, encoding: str) -> tuple[int, int]:
    """Return how many signs of East Asia an encoding finds in bytes, and how many broken bytes.

    A control sign that no text has is broken too.
    Letters below U+0800 are none: in UTF-8 they are two bytes, as are many signs of GB18030.
    """
    text = sample.decode(encoding, errors="surrogateescape")
    surrogates, controls = len(SURROGATE.findall(text)), len(_CONTROL.findall(text))
    return sum(sign >= "\u0800" for sign in text) - surrogates, surrogates + controls


def _digest(file: Path) -> str:
    with open_binary(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


@contextmanager
def _unzipped(raw: BinaryIO, path: Path) -> Iterator[BinaryIO]:
    with zipfile.ZipFile(raw) as archive:
        names = [name for name in archive.namelist() if not _is_beside_the_point(name)]
        if len(names) != 1:
            raise CaseError(
                path,
                expected="the .zip file must hold one file",
                got=quoted(names, 200) if names else "none",
                todo="Unpack it into a folder and name that.",
            )
        with _member(archive, names[0], path=path) as stream:
            yield stream


def _member(archive: zipfile.ZipFile, name: str, *, path: Path) -> BinaryIO:
    try:
        return cast(BinaryIO, archive.open(name))
    except (RuntimeError, NotImplementedError) as error:  # a password, an unknown method
        raise CaseError(
            path, expected="the .zip file must open", got=str(error), todo="Unpack it yourself."
        ) from error


def _is_beside_the_point(member: str) -> bool:
    """Whether a member of a .zip file is a folder, or what a Mac puts beside each file."""
    return member.endswith("/") or member.startswith("__MACOSX/")


PACKINGS: dict[str, Callable[[BinaryIO, Path], Any]] = {
    ".gz": lambda raw, path: gzip.open(raw),  # noqa: SIM115 - `open_binary` closes it
    ".xz": lambda raw, path: lzma.open(raw),  # noqa: SIM115
    ".zip": _unzipped,
}
