"""Parallel tokenization: the facts of many cases into tokens, on all cores where that pays.

A new process takes most of a second to start, so that few cases are tokenized in this one; so are
all cases where the tokenizer is quick (`rjieba`, `char`), because it finishes a fact sooner than
the fact is sent to another process. Processes are started afresh, not forked (see
`lawrec.parallel`), and never import TensorFlow. A script that tokenizes in parallel needs
`if __name__ == "__main__":`, as with all of Python's processes.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from functools import cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias, cast

from lawrec.config import CorpusConfig
from lawrec.corpus.cases import Case
from lawrec.corpus.tokenizers import Tokenizer, load_tokenizer
from lawrec.files import write_text
from lawrec.iterables import batched
from lawrec.parallel import available_cores, parallel_map
from lawrec.seal import json_digest

CASES_PER_TASK = 128
"""Cases that are sent to a process at once."""
MIN_PARALLEL_CASES = 2_048
"""Fewer cases are tokenized before other processes would have started."""

_Batch: TypeAlias = list[Case]
_Tokens: TypeAlias = list[list[str]]
MapBatches: TypeAlias = Callable[
    [Callable[[_Batch], _Tokens], Iterable[_Batch]], Generator[tuple[_Batch, _Tokens], None, None]
]
"""What `parallel_map` does, with processes of its own: it yields each batch with its tokens."""


def tokenize_cases(
    cases: Iterable[Case],
    tokenizer: Tokenizer,
    *,
    config: CorpusConfig,
    dictionaries: tuple[Path, ...],
    map_batches: MapBatches | None = None,
    kept: Path | None = None,
) -> Generator[tuple[Case, list[str]], None, None]:
    """Yield each case with its first `max_tokens` tokens, in order and in constant memory.

    Args:
        cases: They are read a bounded number ahead.
        tokenizer: What `load_tokenizer` returned for `config` and `dictionaries`; this process
            uses it, other processes load their own.
        config: `workers` is the number of processes; 1: only this one; 0: one per core, or only
            this one where the tokenizer is quick.
        dictionaries: The user dictionaries, for the other processes.
        map_batches: Has the processes of a cluster tokenize; None: those of this machine.
        kept: Folder in which other processes keep the tokens of each batch, to read them from there
            if all is done again with this tokenizer. The caller deletes it.

    Example:
        >>> config = CorpusConfig(tokenizer="char", max_tokens=2)
        >>> cases = [Case("facts.txt:1", "1", fact="盗窃罪")]
        >>> tokenized = tokenize_cases(
        ...     cases, load_tokenizer(config), config=config, dictionaries=()
        ... )
        >>> [tokens for case, tokens in tokenized]
        [['盗', '窃']]
    """
    cases = iter(cases)
    first = list(islice(cases, MIN_PARALLEL_CASES))
    workers = config.workers or (1 if tokenizer.is_quick else available_cores())
    cases = chain(first, cases)
    is_alone = workers == 1 and map_batches is None
    if is_alone or len(first) < MIN_PARALLEL_CASES:
        yield from ((case, tokenizer.tokenize(case.fact)[: config.max_tokens]) for case in cases)
        return
    work = partial(_tokenize_batch, config, dictionaries)
    work = partial(_tokenize_or_read, work, kept) if kept else work
    map_batches = map_batches or partial(parallel_map, workers=workers)
    with closing(map_batches(work, batched(cases, CASES_PER_TASK))) as done:
        for batch, tokens in done:
            yield from zip(batch, tokens, strict=True)


def _tokenize_batch(
    config: CorpusConfig, dictionaries: tuple[Path, ...], cases: list[Case]
) -> list[list[str]]:
    tokenizer = _tokenizer_of_process(config, dictionaries)
    return [tokenizer.tokenize(case.fact)[: config.max_tokens] for case in cases]


def _tokenize_or_read(
    work: Callable[[_Batch], _Tokens], folder: Path, cases: list[Case]
) -> list[list[str]]:
    """Return the tokens of a batch, from their file if a process that was killed has written it."""
    name = json_digest([case.fact for case in cases])
    path = folder / name[:2] / f"{name}.json"  # a folder of all files would be slow to list
    with suppress(OSError, ValueError):
        digest, text = path.read_text(encoding="utf-8").splitlines()
        if digest == _digest(text):
            return cast(_Tokens, json.loads(text))
    tokens = work(cases)
    text = json.dumps(tokens)
    with suppress(FileNotFoundError):  # another process has finished, and deleted the folder
        write_text(path, f"{_digest(text)}\n{text}\n")
    return tokens


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _tokenizer_of_process(config: CorpusConfig, dictionaries: tuple[Path, ...]) -> Tokenizer:
    """Load the tokenizer of another process, once."""
    return load_tokenizer(config, dictionaries)
