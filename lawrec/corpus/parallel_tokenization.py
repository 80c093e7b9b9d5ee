"""Parallel tokenization: the facts of many cases into tokens, on all cores where that pays.

A new process takes most of a second to start, so that few cases are tokenized in this one; so are
all cases where the tokenizer is quick (`rjieba`, `char`), because it finishes a fact sooner than
the fact is sent to another process. Processes are started afresh, not forked (see
`lawrec.parallel`), and never import TensorFlow. A script that tokenizes in parallel needs
`if __name__ == "__main__":`, as with all of Python's processes.
"""

from collections.abc import Generator, Iterable
from contextlib import closing
from functools import cache, partial
from itertools import chain, islice
from pathlib import Path

from lawrec.config import CorpusConfig
from lawrec.corpus.cases import Case
from lawrec.corpus.tokenizers import Tokenizer, load_tokenizer
from lawrec.iterables import batched
from lawrec.parallel import available_cores, parallel_map

CASES_PER_TASK = 128
"""Cases that are sent to a process at once."""
MIN_PARALLEL_CASES = 2_048
"""Fewer cases are tokenized before other processes would have started."""


def tokenize_cases(
    cases: Iterable[Case],
    tokenizer: Tokenizer,
    *,
    config: CorpusConfig,
    dictionaries: tuple[Path, ...],
) -> Generator[tuple[Case, list[str]], None, None]:
    """Yield each case with its first `max_tokens` tokens, in order and in constant memory.

    Args:
        cases: They are read a bounded number ahead.
        tokenizer: What `load_tokenizer` returned for `config` and `dictionaries`; this process
            uses it, other processes load their own.
        config: `workers` is the number of processes; 1: only this one; 0: one per core, or only
            this one where the tokenizer is quick.
        dictionaries: The user dictionaries, for the other processes.

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
    if workers == 1 or len(first) < MIN_PARALLEL_CASES:
        yield from ((case, tokenizer.tokenize(case.fact)[: config.max_tokens]) for case in cases)
        return
    work = partial(_tokenize_batch, config, dictionaries)
    with closing(parallel_map(work, batched(cases, CASES_PER_TASK), workers=workers)) as done:
        for batch, tokens in done:
            yield from zip(batch, tokens, strict=True)


def _tokenize_batch(
    config: CorpusConfig, dictionaries: tuple[Path, ...], cases: list[Case]
) -> list[list[str]]:
    tokenizer = _tokenizer_of_process(config, dictionaries)
    return [tokenizer.tokenize(case.fact)[: config.max_tokens] for case in cases]


@cache
def _tokenizer_of_process(config: CorpusConfig, dictionaries: tuple[Path, ...]) -> Tokenizer:
    """Load the tokenizer of another process, once."""
    return load_tokenizer(config, dictionaries)
