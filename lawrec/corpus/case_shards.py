"""Shards of cases: parts of the input of a long job, each of which can be read on its own.

A file of lines is split at line ends into parts of about the same size; any other file, such as a
table or a packed file, is one part. Small files are put together in a shard. The plan depends on
nothing but the bytes of the files and their order. A part knows the number of its first line and
the encoding of its file, so that all parts together yield the same cases, with the same ids, as the
files do when they are read as a whole.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

from lawrec.corpus.cases import Cases, id_prefixes, read_stream
from lawrec.corpus.readers import READERS, CaseFormat, choose_reader
from lawrec.errors import CaseError
from lawrec.progress import SILENT, Progress
from lawrec.storage.encodings import SAMPLE_BYTES
from lawrec.storage.file_lists import list_files
from lawrec.storage.files import sha256
from lawrec.storage.limits import MAX_LINE_BYTES
from lawrec.storage.packed_files import DECOMPRESSORS, open_binary
from lawrec.storage.text_files import detect_encoding
from lawrec.text import encodable


@dataclass(frozen=True)
class InputFile:
    """A file of cases as it was when the shards were planned.

    Attributes:
        where: Its path, for messages and, among several files, for ids.
        bytes: Its size.
        modified: When it was written, in nanoseconds since 1970.
        sha256: The SHA-256 of its bytes, packed as they may be.
        encoding: The encoding of a file that is split; None where the reader detects it.
    """

    where: str
    bytes: int
    modified: int
    sha256: str
    encoding: str | None


@dataclass(frozen=True)
class FilePart:
    """Bytes of the file with this index: from `start` to `end`, or to its end if that is None.

    They begin with the line `first_line` of the file.
    """

    file: int
    start: int = 0
    end: int | None = None
    first_line: int = 1


Shard = tuple[FilePart, ...]
"""Parts of files, in order."""


@dataclass(frozen=True)
class ShardPlan:
    """The files of a job, and their shards, in order."""

    files: tuple[InputFile, ...]
    shards: tuple[Shard, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON has it."""
        parts = [[list(vars(part).values()) for part in shard] for shard in self.shards]
        return {"files": [asdict(file) for file in self.files], "shards": parts}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the plan of what `to_dict` returned."""
        files = tuple(InputFile(**file) for file in values["files"])
        shards = tuple(tuple(FilePart(*part) for part in shard) for shard in values["shards"])
        return cls(files, shards)


def input_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files that paths name, all of which can be read again.

    Raises:
        CaseError: There is no such file, or it is a pipe or stdin.

    Example:
        >>> from lawrec.storage.resources import shipped_path
        >>> [file.name for file in input_files([shipped_path("data/sample/facts.txt")])]
        ['facts.txt']
    """
    files = [file for path in paths for file in list_files(path)]
    for file in files:
        if not file.is_file():
            raise CaseError(
                file,
                expected="the input of shards must be a file, which is read again",
                got="something else" if file.exists() else "no such file",
                todo="Save it to a file.",
            )
    return files


def plan_shards(
    files: Sequence[Path],
    case_format: CaseFormat,
    *,
    shard_bytes: int,
    progress: Progress = SILENT,
) -> ShardPlan:
    r"""Return the shards of files, which are read once.

    Args:
        files: The files, as `input_files` returns them.
        case_format: How the cases are written.
        shard_bytes: A shard is full when its parts have this many bytes.
        progress: Reports the files.

    Raises:
        CaseError: A file cannot be read, or its suffix is unknown.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "facts.txt")
        ...     _ = path.write_bytes(b"264\n266\n133\n")
        ...     plan = plan_shards([path], CaseFormat(), shard_bytes=6)
        >>> [(part.start, part.end, part.first_line) for [part] in plan.shards]
        [(0, 8, 1), (8, 12, 3)]
    """
    planned: list[InputFile] = []
    shards: list[Shard] = []
    parts: list[FilePart] = []
    n_bytes = 0
    for index, file in enumerate(files):
        described, file_parts = _plan_file(
            file, index, case_format=case_format, shard_bytes=shard_bytes
        )
        planned.append(described)
        for part in file_parts:
            parts.append(part)
            n_bytes += (described.bytes if part.end is None else part.end) - part.start
            if n_bytes >= shard_bytes:
                shards.append(tuple(parts))
                parts, n_bytes = [], 0
        progress.update("plan shards", index + 1, len(files))
    return ShardPlan(tuple(planned), (*shards, *([tuple(parts)] if parts else [])))


def read_shard(
    plan: ShardPlan, shard: Shard, *, files: Sequence[Path], case_format: CaseFormat
) -> Cases:
    """Yield the cases of a shard, as they would come in one pass over all files.

    Args:
        plan: The plan.
        shard: One of its shards.
        files: Where the files of the plan are.
        case_format: How the cases are written.

    Raises:
        CaseError: A file cannot be read, or it has changed since the shards were planned.

    Example:
        >>> from lawrec.storage.resources import shipped_path
        >>> files = [shipped_path("data/sample/facts.txt")]
        >>> plan = plan_shards(files, CaseFormat(), shard_bytes=2_000)
        >>> cases = read_shard(plan, plan.shards[1], files=files, case_format=CaseFormat())
        >>> [case.case_id for case in cases]
        ['7', '8', '9']
    """
    prefixes = id_prefixes([file.where for file in plan.files])
    for part in shard:
        path, described = files[part.file], plan.files[part.file]
        with open_binary(path) as stream:
            reader = case_format.reader or choose_reader(path, stream)
            encoding = case_format.encoding or described.encoding
            yield from read_stream(
                part_of(stream, part),
                described.where,
                labelled=False,
                case_format=replace(case_format, reader=reader, encoding=encoding),
                prefix=prefixes[part.file],
                first_line=part.first_line,
            )
        check_unchanged(described, path)


def check_unchanged(described: InputFile, path: Path) -> None:
    """Raise an error if a file is not the one that the shards were planned for.

    A file of the same size and time is not read; that of another time may be a copy.

    Raises:
        CaseError: It is another one.

    Example:
        >>> from lawrec.storage.resources import shipped_path
        >>> path = shipped_path("data/sample/facts.txt")
        >>> plan = plan_shards([path], CaseFormat(), shard_bytes=2_000)
        >>> check_unchanged(plan.files[0], path)
    """
    status = path.stat()
    if (status.st_size, status.st_mtime_ns) == (described.bytes, described.modified):
        return
    if status.st_size != described.bytes or sha256(path) != described.sha256:
        raise CaseError(
            path,
            expected="the file must be as it was when its shards were planned",
            got="other bytes",
            todo="Restore it, or name a new folder for the answers.",
        )


def part_of(stream: BinaryIO, part: FilePart) -> BinaryIO:
    r"""Return a stream of a part of an open file.

    Example:
        >>> import io
        >>> part_of(io.BytesIO(b"264\n266\n"), FilePart(0, 4, 8, 2)).readline(9)
        b'266\n'
    """
    if part.end is None:
        return stream
    stream.seek(part.start)
    return cast(BinaryIO, _Part(stream, part.end - part.start))


def _plan_file(
    path: Path, index: int, *, case_format: CaseFormat, shard_bytes: int
) -> tuple[InputFile, list[FilePart]]:
    """Return a file as it is now, and its parts; `index` is that of the file in the plan."""
    status = path.stat()  # taken first: what is written while the file is read will be noticed
    digest, encoding, parts = hashlib.sha256(), case_format.encoding, [FilePart(index)]
    with open_binary(path) as stream:
        reader = READERS[case_format.reader or choose_reader(path, stream)]
    is_packed = path.suffix.lower() in DECOMPRESSORS
    with path.open("rb") as raw:
        if reader.is_lines and not is_packed and not _has_other_line_ends(raw):
            parts = list(_line_parts(raw, index, shard_bytes=shard_bytes, digest=digest))
            encoding = encoding or detect_encoding(path)
        else:
            digest = hashlib.file_digest(raw, "sha256")
    size, modified = status.st_size, status.st_mtime_ns
    return InputFile(encodable(str(path)), size, modified, digest.hexdigest(), encoding), parts


def _line_parts(
    stream: BinaryIO, index: int, *, shard_bytes: int, digest: Any
) -> Iterator[FilePart]:
    """Yield parts of about this many bytes that end with a line; the digest gets all."""
    start, line = 0, 1
    while block := stream.read(shard_bytes):
        end, n_lines = start, 0
        while block:
            digest.update(block)
            end, n_lines = end + len(block), n_lines + block.count(b"\n")
            block = b"" if block.endswith(b"\n") else stream.readline(SAMPLE_BYTES)
        yield FilePart(index, start, end, line)
        start, line = end, line + n_lines


def _has_other_line_ends(stream: BinaryIO) -> bool:
    """Return whether the first line shows that the ends are carriage returns: see `bounded_lines`.

    Only a reader that starts at the first line knows it.
    """
    line = stream.readline(MAX_LINE_BYTES + 1)
    stream.seek(0)
    return b"\r" in line and not line.endswith(b"\n")


class _Part:
    """The next bytes of a stream, as many as asked for."""

    def __init__(self, stream: BinaryIO, n_bytes: int) -> None:
        self._stream = stream
        self._left = n_bytes

    def read(self, size: int) -> bytes:
        return self._rest(self._stream.read(min(size, self._left)))

    def readline(self, size: int) -> bytes:
        return self._rest(self._stream.readline(min(size, self._left)))

    def _rest(self, content: bytes) -> bytes:
        self._left -= len(content)
        return content
