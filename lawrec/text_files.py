"""Text files: from a path to the bytes, lines or text of its files.

A path may be a file, a folder or a pattern such as `data/*.json`. A file may be compressed with
gzip, xz or zip, and its text may be UTF-8 or GB18030. `content_digest` covers the decompressed
bytes of all files in their order: to compress cases changes no digest, to reorder them does.
"""

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
"""In both, a line feed is the byte 10, which is part of no other character: lines can be split
before they are decoded. GB18030 includes GBK and GB2312."""

SURROGATE = re.compile("[\ud800-\udfff]")
"""A byte that `decode_lines` could not decode: b"\\xff" becomes "\\udcff"."""

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")  # control characters that no text has
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")  # UTF-8, UTF-16 (two orders)
_SAMPLE_BYTES = 65_536
_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


def list_files(path: Path) -> list[Path]:
    """Return the files that a path names: a file, all of a folder, or the matches of a pattern.

    The files are sorted by name. In a folder, files whose names begin with "." or "_" are ignored,
    and so is the list of articles, law.txt. A path that neither exists nor is a pattern is returned
    as it is: an error follows when it is opened.

    Raises:
        CaseError: The folder is empty, the pattern has no match, or the path is "-" (stdin).

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
    if path.is_dir():
        files = [file for file in path.iterdir() if _may_be_cases(file.name)]
        expected = "the folder must hold files of cases"
    elif path.exists() or not glob.has_magic(str(path)):
        return [path]
    else:
        # Path.glob takes no absolute pattern.
        files = [Path(name) for name in glob.glob(str(path), recursive=True)]  # noqa: PTH207
        expected = "the pattern must match a file"
    existing = sorted(file for file in files if file.is_file())
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


def _may_be_cases(name: str) -> bool:
    return name != "law.txt" and not name.startswith((".", "_"))


@contextmanager
def open_binary(path: Path) -> Iterator[BinaryIO]:
    """Yield the bytes of a file, decompressed if its last suffix is in `DECOMPRESSORS`.

    Raises:
        CaseError: The file cannot be opened, or it turns out to be damaged inside the block.

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
        with path.open("rb") as raw:
            decompress = DECOMPRESSORS.get(path.suffix)
            if not decompress:
                yield raw
                return
            with decompress(raw, path) as stream:
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


def read_text(path: Path, content: str = "the file") -> str:
    """Return the text of a file in UTF-8 or GB18030, which may be compressed.

    Args:
        path: The file.
        content: What the file holds, such as "the list of articles", for the error.

    Raises:
        CaseError: The file cannot be read, or is in neither encoding.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "law.txt"
        ...     _ = path.write_bytes("盗窃".encode("gb18030"))
        ...     read_text(path)
        '盗窃'
    """
    with open_binary(path) as stream:
        text = "".join(decode_lines(stream))
    if SURROGATE.search(text):
        raise CaseError(
            path,
            expected=f"{content} must be UTF-8 or GB18030",
            got="other bytes",
            todo="Convert it to UTF-8.",
        )
    return text


def decode_lines(stream: Iterable[bytes], encoding: str | None = None) -> Iterator[str]:
    r"""Yield decoded lines; a byte that is invalid in the encoding becomes a surrogate.

    A byte order mark is removed at the start of every line, not only of the first: files that have
    one may have been joined.

    Args:
        stream: The lines with their line ends, such as a binary file.
        encoding: One of `ENCODINGS`; if None, it is detected from the first non-ASCII lines.

    Example:
        >>> list(decode_lines([b"264\n", "盗窃\n".encode("gb18030")]))
        ['264\n', '盗窃\n']
    """
    lines = iter(stream)
    sample: list[bytes] = []
    if not encoding:
        for line in lines:
            if not line.isascii():
                sample = list(_take(_SAMPLE_BYTES, chain([line], lines)))
                break
            yield line.decode("ascii")
        encoding = _encoding_of(b"".join(sample))
    for line in chain(sample, lines):
        yield line.decode(encoding, errors="surrogateescape").lstrip("\ufeff")


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
        lines = dropwhile(bytes.isascii, stream)
        return _encoding_of(b"".join(_take(_SAMPLE_BYTES, lines)))


def _take(size: int, lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines until they have `size` bytes or more in all."""
    while size > 0 and (line := next(lines, b"")):
        size -= len(line)
        yield line


def _encoding_of(sample: bytes) -> str:
    """Return "gb18030" if that explains the sample and UTF-8 does not; else return "utf-8".

    A few broken bytes do not make a UTF-8 file another: they become errors of their lines.

    - GB18030 text, read as UTF-8, has more broken bytes than East Asian characters.
    - UTF-8 text, read as GB18030, has few broken bytes: nearly every pair of bytes is a character
      there. So UTF-8 is tried first.
    - UTF-16 and binary data must not pass for GB18030 for the same reason. Their many control
      characters count as broken bytes. As UTF-8, each of their lines is then an error.
    """
    if sample.startswith(_BYTE_ORDER_MARKS):
        return "utf-8"
    sample = sample[:_SAMPLE_BYTES]  # a line may be longer
    characters, broken = _evidence(sample, "utf-8")
    if broken <= characters:
        return "utf-8"
    characters, broken = _evidence(sample, "gb18030")
    return "gb18030" if broken * 10 < characters else "utf-8"


def _evidence(sample: bytes, encoding: str) -> tuple[int, int]:
    """Return the numbers of East Asian characters and of broken bytes under an encoding.

    Characters below U+0800, such as é, do not count: they are two bytes in UTF-8, as most Chinese
    characters are in GB18030, so that a pair of bytes can be valid in both.
    """
    text = sample.decode(encoding, errors="surrogateescape")
    surrogates, controls = len(SURROGATE.findall(text)), len(_CONTROL.findall(text))
    return sum(character >= "\u0800" for character in text) - surrogates, surrogates + controls


def _digest(file: Path) -> str:
    with open_binary(file) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


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
        with _open_member(archive, names[0], path=path) as stream:
            yield stream


def _open_member(archive: zipfile.ZipFile, name: str, *, path: Path) -> BinaryIO:
    try:
        return cast(BinaryIO, archive.open(name))
    except (RuntimeError, NotImplementedError) as error:  # a password, an unknown method
        raise CaseError(
            path, expected="the .zip file must open", got=str(error), todo="Unpack it yourself."
        ) from error


def _is_content(member: str) -> bool:
    """Return False for folders, and for the metadata that macOS adds per file."""
    return not member.endswith("/") and not member.startswith("__MACOSX/")


DECOMPRESSORS: dict[str, Callable[[BinaryIO, Path], Any]] = {
    ".gz": lambda raw, path: gzip.open(raw),  # noqa: SIM115 - `open_binary` closes it
    ".xz": lambda raw, path: lzma.open(raw),  # noqa: SIM115
    ".zip": _unzip,
}
"""Context manager of the decompressed stream of a file, by the last suffix of its name."""
