"""Parallel tokenization: the facts of many cases into tokens, on all cores where that pays.

New processes take time to start, so that few cases are tokenized in this one; so are all cases
where the tokenizer is quick (`rjieba`, `char`), because it finishes a fact sooner than the fact is
sent to another process. Processes are started afresh, not forked (see `lawrec.parallel`), and never
import TensorFlow. A script that tokenizes in parallel needs `if __name__ == "__main__":`, as with
all of Python's processes.

Commands that prepare the same cases share the work through a folder: each batch has a file of its
tokens and of their counts, and whoever claims it first writes it. All read all files, in the same
order, and add up the counts, of which the vocabulary is made.
"""

import hashlib
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from functools import cache, partial
from itertools import chain, compress
from pathlib import Path
from typing import TypeAlias

from lawrec.config import CorpusConfig
from lawrec.corpus.case_counts import TokenCounts, count_tokens
from lawrec.corpus.cases import Case, n_characters, task_batches
from lawrec.corpus.tokenization.tokenizers import Tokenizer, load_tokenizer
from lawrec.iterables import MapItems, batched, map_here
from lawrec.parallel import parallel_map
from lawrec.storage.claims import Claims
from lawrec.storage.files import write_text
from lawrec.storage.seal import json_digest
from lawrec.threads import available_cores

MIN_PARALLEL_CASES = 2_048
"""Fewer cases are tokenized before other processes would have started."""

MOST_WAITING = 64
"""Batches after one that another process has: more are not tokenized before it is."""
_WAIT_SECONDS = 0.1
"""Seconds until a process looks again whether another one has tokenized a batch."""

_Batch: TypeAlias = list[Case]
_Tokens: TypeAlias = tuple[list[list[str]], TokenCounts]
"""The tokens of each case of a batch, and their counts in those that count."""
_Work: TypeAlias = Callable[[_Batch], _Tokens]
_SharedWork: TypeAlias = Callable[[_Batch], _Tokens | None]


def tokenize_cases(
    cases: Iterable[Case],
    tokenizer: Tokenizer,
    *,
    config: CorpusConfig,
    dictionaries: tuple[Path, ...],
    map_batches: MapItems | None = None,
    kept: Path | None = None,
    counts: TokenCounts | None = None,
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
        kept: Folder of the tokens of each batch, for all processes that tokenize the same cases
            with this tokenizer, at the same time or later: each batch is tokenized by one of them.
            The caller deletes it.
        counts: The counts of the yielded tokens are added to it, but for cases of weight 0; each
            batch is counted where it is tokenized.

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
    first = next(batched(cases, MIN_PARALLEL_CASES, weigh=n_characters), [])
    following = next(cases, None)
    workers = config.workers or (1 if tokenizer.is_quick else available_cores())
    few = following is None and len(first) < MIN_PARALLEL_CASES
    cases = chain(first, cases if following is None else chain([following], cases))
    is_alone = few or (workers == 1 and map_batches is None)
    if few or (is_alone and tokenizer.is_quick):
        kept = None  # to read them would take as long
    here = partial(_tokenize_with, tokenizer, config.max_tokens)
    work = here if is_alone else partial(_tokenize_batch, config, dictionaries)
    shared, retry = (
        partial(_tokenize_or_read, each, kept) if kept else each for each in (work, here)
    )
    if is_alone or not map_batches:
        map_batches = map_here if is_alone else partial(parallel_map, workers=workers)
    with closing(map_batches(shared, task_batches(cases))) as done:
        for batch, (tokens, batch_counts) in _awaited(done, retry):
            if counts is not None:
                counts.add(batch_counts)
            yield from zip(batch, tokens, strict=True)


def _tokenize_with(tokenizer: Tokenizer, max_tokens: int, cases: list[Case]) -> _Tokens:
    tokens = [tokenizer.tokenize(case.fact)[:max_tokens] for case in cases]
    return tokens, count_tokens(compress(tokens, _is_counted(cases)))


def _tokenize_batch(
    config: CorpusConfig, dictionaries: tuple[Path, ...], cases: list[Case]
) -> _Tokens:
    return _tokenize_with(_tokenizer_of_process(config, dictionaries), config.max_tokens, cases)


def _is_counted(cases: list[Case]) -> list[bool]:
    """Return for each case whether its tokens are counted: one of weight 0 teaches nothing."""
    return [case.weight > 0 for case in cases]


def _awaited(
    done: Iterable[tuple[_Batch, _Tokens | None]], work: _SharedWork
) -> Iterator[tuple[_Batch, _Tokens]]:
    """Yield each batch with its tokens, in order, and wait for those that others tokenize."""
    waiting: deque[tuple[_Batch, _Tokens | None]] = deque()
    for item in done:
        waiting.append(item)
        yield from _first_done(waiting, work, most_left=MOST_WAITING)
    yield from _first_done(waiting, work, most_left=0)


def _first_done(
    waiting: deque[tuple[_Batch, _Tokens | None]], work: _SharedWork, *, most_left: int
) -> Iterator[tuple[_Batch, _Tokens]]:
    while waiting:
        batch, tokens = waiting[0]
        tokens = tokens or work(batch)
        if tokens:
            yield batch, tokens
            waiting.popleft()
        elif len(waiting) > most_left:
            time.sleep(_WAIT_SECONDS)
        else:
            return


def _tokenize_or_read(work: _Work, folder: Path, cases: list[Case]) -> _Tokens | None:
    """Return the tokens of a batch, from its file if there is one; None: another process has it."""
    name = json_digest([[case.fact for case in cases], _is_counted(cases)])
    path = folder / name[:2] / f"{name}.json"  # a folder of all files would be slow to list
    if tokens := _read_tokens(path):
        return tokens
    folder.mkdir(parents=True, exist_ok=True)
    with _claims(folder).held(name) as is_mine:
        if not is_mine:
            return None
        tokens = _read_tokens(path) or work(cases)
        text = json.dumps([tokens[0], vars(tokens[1])])
        with suppress(FileNotFoundError):  # another process has finished, and deleted the folder
            write_text(path, f"{_digest(text)}\n{text}\n")
    return tokens


def _read_tokens(path: Path) -> _Tokens | None:
    with suppress(OSError, ValueError):
        digest, text = path.read_text(encoding="utf-8").splitlines()
        if digest == _digest(text):
            tokens, counts = json.loads(text)
            return tokens, TokenCounts(**{name: Counter(counts[name]) for name in counts})
    return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _claims(folder: Path) -> Claims:
    """Return the claims of a process, which remember since when others have theirs."""
    return Claims(folder)


@cache
def _tokenizer_of_process(config: CorpusConfig, dictionaries: tuple[Path, ...]) -> Tokenizer:
    """Load the tokenizer of another process, once."""
    return load_tokenizer(config, dictionaries)
