"""Vector files: the text format of word2vec, read line by line and written.

The first line is "COUNT SIZE", every other one "TOKEN NUMBER NUMBER ...", all in UTF-8.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lawrec.config import ModelConfig
from lawrec.corpus.vocabulary import Vocabulary
from lawrec.errors import ConfigError, quoted
from lawrec.files import atomic_file
from lawrec.progress import SILENT, Progress
from lawrec.text import normalize
from lawrec.text_files import DECOMPRESSORS, open_binary
from lawrec.types import BoolArray, Float32Array

BUILT_IN = ("cooccurrence", "random")
"""The values of `model.embedding_init` that name no file."""
_TOLD_EVERY = 10_000  # lines


def check_embedding_init(config: ModelConfig) -> None:
    """Check that `model.embedding_init` is built in, or a file that begins with vectors of our size.

    Raises:
        ConfigError: It is neither.
        CaseError: The file cannot be read.
    """
    if config.embedding_init in BUILT_IN:
        return
    path = Path(config.embedding_init)
    if not path.is_file():
        raise ConfigError(
            "model.embedding_init",
            expected=f"it must be {' or '.join(map(quoted, BUILT_IN))}, or a file of vectors",
            got=quoted(config.embedding_init),
            todo="Check the path, or make the file with `lawrec embed`.",
        )
    with _vectors(path, config.embedding_size):
        pass


def read_vectors(
    path: Path, tokens: Vocabulary, *, size: int, progress: Progress = SILENT
) -> tuple[Float32Array, BoolArray]:
    """Read the vectors of the tokens that a vocabulary has; the file is never in memory as a whole.

    A token of the file is normalized as facts are; of several that become the same, the first
    counts.

    Args:
        path: The file, packed (`text_files.DECOMPRESSORS`) or not.
        tokens: The vocabulary.
        size: Length of a vector.
        progress: Told of the lines.

    Returns:
        float32 (n_tokens, size), and bool (n_tokens,): which of the rows the file has.

    Raises:
        ConfigError: The first line, a vector or a token is malformed, vectors have another length
            or another number than the first line says, or none is of a token of the vocabulary.
        CaseError: The file cannot be read.
    """
    rows = np.zeros((len(tokens), size), np.float32)
    found = np.zeros(len(tokens), np.bool_)
    with _vectors(path, size) as (count, stream):
        for number, (token, values) in enumerate(_parsed(stream, path, size=size, count=count), 1):
            token_id = tokens.ids.get(token)
            if token_id is not None and not found[token_id]:
                rows[token_id] = _numbers(values, f"{path}:{number + 1}")
                found[token_id] = True
            if number % _TOLD_EVERY == 0:
                progress.update("vectors", number, count)
    if not found.any():
        raise ConfigError(
            path,
            expected="the file must have a vector of some token of the vocabulary",
            got="none",
            todo="Cut its texts with the same corpus.tokenizer, or name another file.",
        )
    return rows, found


def write_vectors(path: Path, tokens: Sequence[str], *, vectors: Float32Array) -> None:
    """Write vectors, six digits a number, whole or not at all.

    Args:
        path: The file, not packed.
        tokens: n_tokens tokens without white space.
        vectors: float32 (n_tokens, size).
    """
    with (
        atomic_file(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as file,
    ):
        file.write(f"{len(tokens)} {vectors.shape[1]}\n")
        for token, vector in zip(tokens, vectors, strict=True):
            file.write(f"{token} {' '.join(f'{value:.6g}' for value in vector.tolist())}\n")


def check_output(path: Path) -> None:
    """Refuse a name that says that the vectors are packed: they are written as they are.

    Raises:
        ConfigError: It does.
    """
    if path.suffix in DECOMPRESSORS:
        raise ConfigError(
            path,
            expected="vectors are written as plain text",
            got=path.suffix,
            todo="Name a .txt file; pack it then.",
        )


@contextmanager
def _vectors(path: Path, size: int) -> Iterator[tuple[int, BinaryIO]]:
    """Open a file, and give its number of vectors and the stream behind the first line."""
    with open_binary(path) as stream:
        head = stream.readline(1_000)
        parts = head.split()
        if len(parts) != 2 or not all(part.isdigit() for part in parts):
            raise ConfigError(
                f"{path}:1",
                expected="the first line must be the number of vectors and their size, as word2vec writes",
                got=quoted(head.decode("utf-8", "replace").strip()),
                todo="Save the vectors in word2vec's text format.",
            )
        if int(parts[1]) != size:
            raise ConfigError(
                f"{path}:1",
                expected=f"the vectors must have model.embedding_size, {size}, numbers",
                got=int(parts[1]),
                todo=f"Pass --set model.embedding_size={int(parts[1])}, or name another file.",
            )
        yield int(parts[0]), stream


def _parsed(
    stream: BinaryIO, path: Path, *, size: int, count: int
) -> Iterator[tuple[str, list[bytes]]]:
    """Give the token of each line, which may hold spaces, and what stands for its numbers."""
    number = 0
    for number, line in enumerate(stream, 1):
        token, *values = line.rstrip(b" \r\n").rsplit(b" ", size)
        if len(values) != size or number > count:
            raise ConfigError(
                f"{path}:{number + 1}",
                expected=f"there must be {count} lines of a token and {size} numbers",
                got=quoted(line[:40].decode("utf-8", "replace")),
                todo="Mend the file, or save it again.",
            )
        yield _text(token, f"{path}:{number + 1}"), values
    if number < count:
        raise ConfigError(
            path,
            expected=f"the file must hold the {count} vectors that its first line says",
            got=number,
            todo="Copy or save it again.",
        )


def _text(token: bytes, where: str) -> str:
    try:
        return normalize(token.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(
            where,
            expected="the token must be UTF-8",
            got="other bytes",
            todo="Convert the file to UTF-8.",
        ) from error


def _numbers(values: list[bytes], where: str) -> Float32Array:
    try:
        with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite
            numbers = np.array([float(value) for value in values], np.float32)
    except ValueError:
        numbers = np.array(np.nan, np.float32)
    if not np.isfinite(numbers).all():
        raise ConfigError(
            where,
            expected="a vector must be finite numbers",
            got=quoted(b" ".join(values).decode("utf-8", "replace")),
            todo="Mend the line.",
        )
    return numbers
