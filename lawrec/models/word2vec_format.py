"""Files of token vectors in the text format of word2vec: read line by line, and write.

The first line is "COUNT SIZE", each other line "TOKEN NUMBER NUMBER ...", all in UTF-8:

    2 3
    盗窃 0.5 -1 0.2
    抢劫 1 2 3
"""

import codecs
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lawrec.config import ModelConfig
from lawrec.corpus.vocabulary import Vocabulary
from lawrec.errors import ConfigError, quoted
from lawrec.progress import SILENT, Progress
from lawrec.storage.files import atomic_file
from lawrec.storage.packed_files import DECOMPRESSORS, open_binary
from lawrec.text import normalize
from lawrec.types import BoolArray, Float32Array

BUILT_IN = ("cooccurrence", "random")
"""The values of `model.embedding_init` that do not name a file."""
_REPORT_LINES = 10_000  # progress is reported once per this many lines


def check_embedding_init(config: ModelConfig) -> None:
    """Check that `model.embedding_init` is built in, or a file of vectors of the right size.

    Only the first line of a file is read.

    Raises:
        ConfigError: The setting is neither, or the first line is malformed or has another size.
        CaseError: The file cannot be read.

    Example:
        >>> check_embedding_init(ModelConfig(embedding_init="random"))
        >>> check_embedding_init(ModelConfig(embedding_init="no/such/file"))
        Traceback (most recent call last):
        lawrec.errors.ConfigError: model.embedding_init: ...
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
    with _opened(path, config.embedding_size):
        pass


def read_vectors(
    path: Path, tokens: Vocabulary, *, size: int, progress: Progress = SILENT
) -> tuple[Float32Array, BoolArray]:
    r"""Read the vectors of the tokens in a vocabulary; the whole file is never in memory.

    The tokens of the file are normalized as facts are. If several become equal, the first counts.

    Args:
        path: The file, compressed (`packed_files.DECOMPRESSORS`) or not.
        tokens: The vocabulary.
        size: Length of a vector.
        progress: Receives the number of lines read.

    Returns:
        The vectors, float32 (n_tokens, size), zeros for a token that the file lacks; and which
        tokens the file has, bool (n_tokens,).

    Raises:
        ConfigError: The first line, a vector or a token is malformed; a vector has another length
            or there are not as many as the first line says; or no token is in the vocabulary.
        CaseError: The file cannot be read.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "vectors.txt"
        ...     _ = path.write_text("1 2\n盗窃 0.5 -1\n", encoding="utf-8")
        ...     read_vectors(path, Vocabulary(("<pad>", "盗窃")), size=2)
        (array([[ 0. ,  0. ],
               [ 0.5, -1. ]], dtype=float32), array([False,  True]))
    """
    rows = np.zeros((len(tokens), size), np.float32)
    in_file = np.zeros(len(tokens), np.bool_)
    with _opened(path, size) as (count, stream):
        for number, (token, values) in enumerate(_parsed(stream, path, size=size, count=count), 1):
            token_id = tokens.ids.get(token)
            if token_id is not None and not in_file[token_id]:
                rows[token_id] = _numbers(values, f"{path}:{number + 1}")
                in_file[token_id] = True
            if number % _REPORT_LINES == 0:
                progress.update("vectors", number, count)
    if not in_file.any():
        raise ConfigError(
            path,
            expected="the file must have a vector of some token of the vocabulary",
            got="none",
            todo="Tokenize its texts with the same corpus.tokenizer, or name another file.",
        )
    return rows, in_file


def write_vectors(path: Path, tokens: Sequence[str], *, vectors: Float32Array) -> None:
    r"""Write vectors with six significant digits per number; the file is complete or not there.

    Args:
        path: The file, see `check_output`.
        tokens: n_tokens tokens without white space.
        vectors: float32 (n_tokens, size).

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "vectors.txt"
        ...     write_vectors(path, ["盗窃"], vectors=np.array([[0.5, -1]], np.float32))
        ...     path.read_text(encoding="utf-8")
        '1 2\n盗窃 0.5 -1\n'
    """
    with (
        atomic_file(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as file,
    ):
        file.write(f"{len(tokens)} {vectors.shape[1]}\n")
        for token, vector in zip(tokens, vectors, strict=True):
            file.write(f"{token} {' '.join(f'{value:.6g}' for value in vector.tolist())}\n")


def check_output(path: Path) -> None:
    """Check that a name for a file of vectors does not promise compression, which it never gets.

    Raises:
        ConfigError: The suffix is that of a compressed file.

    Example:
        >>> check_output(Path("vectors.txt"))
        >>> check_output(Path("vectors.txt.gz"))
        Traceback (most recent call last):
        lawrec.errors.ConfigError: vectors.txt.gz: ...
    """
    if path.suffix in DECOMPRESSORS:
        raise ConfigError(
            path,
            expected="the file must be plain text, without compression",
            got=path.suffix,
            todo="Name a .txt file, and compress it afterwards.",
        )


@contextmanager
def _opened(path: Path, size: int) -> Iterator[tuple[int, BinaryIO]]:
    """Yield the number of vectors in a file, and its stream after the first line."""
    with open_binary(path) as stream:
        head = stream.readline(1_000).removeprefix(codecs.BOM_UTF8)
        numbers = head.split()
        if len(numbers) != 2 or not all(number.isdigit() for number in numbers):
            raise ConfigError(
                f"{path}:1",
                expected="the first line must be the number of vectors and their size",
                got=quoted(head.decode("utf-8", "replace").strip()),
                todo="Save the vectors in word2vec's text format.",
            )
        if int(numbers[1]) != size:
            raise ConfigError(
                f"{path}:1",
                expected=f"the vectors must have model.embedding_size, {size}, numbers",
                got=int(numbers[1]),
                todo=f"Pass --set model.embedding_size={int(numbers[1])}, or name another file.",
            )
        yield int(numbers[0]), stream


def _parsed(
    stream: BinaryIO, path: Path, *, size: int, count: int
) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the token of each line, and its numbers as they are written."""
    number = 0
    for number, line in enumerate(stream, 1):
        # A token may contain spaces, so split at the last `size` ones: b". . . 4 5" with size 2
        # is the token b". . ." and the numbers b"4", b"5".
        token, *values = line.rstrip(b" \r\n").rsplit(b" ", size)
        if len(values) != size or number > count:
            raise ConfigError(
                f"{path}:{number + 1}",
                expected=f"there must be {count} lines of a token and {size} numbers",
                got=quoted(line[:40].decode("utf-8", "replace")),
                todo="Fix the file, or save it again.",
            )
        yield _decoded(token, f"{path}:{number + 1}"), values
    if number < count:
        raise ConfigError(
            path,
            expected=f"the file must have the {count} vectors that its first line says",
            got=number,
            todo="Copy or save it again.",
        )


def _decoded(token: bytes, where: str) -> str:
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
    """Return float32 (size,), all finite."""
    try:
        with np.errstate(over="ignore"):  # a number too large for float32 becomes infinite
            numbers = np.array([float(value) for value in values], np.float32)
    except ValueError:
        numbers = np.array(np.nan, np.float32)
    if not np.isfinite(numbers).all():
        raise ConfigError(
            where,
            expected="a vector must consist of finite numbers",
            got=quoted(b" ".join(values).decode("utf-8", "replace")),
            todo="Fix the line.",
        )
    return numbers
