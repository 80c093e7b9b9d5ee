"""Cutting: the facts of many cases into tokens, on all cores where that pays."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from functools import cache, partial
from itertools import chain, islice
from pathlib import Path

from lawrec.config import CorpusConfig
from lawrec.corpus.cases import Case
from lawrec.corpus.tokenizers import Tokenizer, load_tokenizer
from lawrec.parallel import available_cores, parallel_map

_CHUNK = 128  # cases that a process is given at once
_FEW = 2_048  # cases that are cut before other processes would have started


def tokenize_cases(
    cases: Iterable[Case],
    tokenizer: Tokenizer,
    *,
    config: CorpusConfig,
    dictionaries: tuple[Path, ...],
) -> Generator[tuple[Case, list[str]], None, None]:
    """Give each case with its first `max_tokens` tokens, in order and in constant memory.

    Args:
        cases: Read only a bounded number ahead.
        tokenizer: What `load_tokenizer` gave for the settings and dictionaries, for this process.
        config: `workers` other processes cut, unless it is 1 or the cases are few; where it is 0,
            one a core if the tokenizer is not a quick one.
        dictionaries: The user dictionaries, for the other processes.
    """
    cases = iter(cases)
    few = list(islice(cases, _FEW))
    workers = config.workers or (1 if tokenizer.quick else available_cores())
    cases = chain(few, cases)
    if workers == 1 or len(few) < _FEW:
        yield from ((case, tokenizer.cut(case.fact)[: config.max_tokens]) for case in cases)
        return
    work = partial(_cut_chunk, config, dictionaries)
    with closing(parallel_map(work, _chunks(cases), workers=workers)) as done:
        for chunk, tokens in done:
            yield from zip(chunk, tokens, strict=True)


def _chunks(cases: Iterable[Case]) -> Iterator[list[Case]]:
    rest = iter(cases)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def _cut_chunk(
    config: CorpusConfig, dictionaries: tuple[Path, ...], cases: list[Case]
) -> list[list[str]]:
    tokenizer = _tokenizer_here(config, dictionaries)
    return [tokenizer.cut(case.fact)[: config.max_tokens] for case in cases]


@cache
def _tokenizer_here(config: CorpusConfig, dictionaries: tuple[Path, ...]) -> Tokenizer:
    """Load a process's tokenizer once."""
    return load_tokenizer(config, dictionaries)
