"""Encode cases: from a stream of facts to their token ids, beside the process that scores them.

jieba takes twice as long as the linear SVMs and the second stage take to score a case. So other
processes tokenize the facts ahead while this one scores. Processes take time to start: few facts
are tokenized here, and so are all facts where the tokenizer is quick.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain, islice

import numpy as np

from lawrec.corpus.cases import CASES_PER_TASK, Case, task_batches
from lawrec.corpus.tokenization.tokenizers import TokenizerRecipe, make_tokenizer
from lawrec.corpus.vocabulary import EncodedFact, Encoder, Vocabulary
from lawrec.errors import CaseError
from lawrec.iterables import CHUNK_CASES
from lawrec.threads import available_cores

ENCODED_HERE = 1_024
"""The first cases are encoded in this process, and with them all of a short input."""
EncodedCase = tuple[Case, EncodedFact] | tuple[CaseError, None]


def encode_cases(
    cases: Iterable[Case | CaseError], encoder: Encoder, *, jobs: int | None = None
) -> Generator[EncodedCase, None, None]:
    """Yield each case with its encoded fact, and each error with None, in order.

    Args:
        cases: They are read a bounded number ahead.
        encoder: It encodes here; other processes make their own from its recipe.
        jobs: How many other processes encode from the case after `ENCODED_HERE` on; 0: none; None:
            one fewer than cores, and none where the tokenizer is quick.

    Example:
        >>> tokenizer = make_tokenizer(TokenizerRecipe("char"))
        >>> encoder = Encoder(tokenizer, Vocabulary(("<pad>", "<unk>", "盗")), max_tokens=9)
        >>> [(case, encoded)] = encode_cases([Case("", "1", "盗窃")], encoder)
        >>> encoded.token_ids
        [2, 1]
    """
    cases, recipe = iter(cases), encoder.tokenizer.recipe
    if jobs == 0 or recipe is None or (jobs is None and encoder.tokenizer.is_quick):
        yield from _encode(cases, encoder)
        return
    yield from _encode(islice(cases, ENCODED_HERE), encoder)
    following = next(cases, None)
    if following is not None:
        yield from _encode_on(chain([following], cases), encoder, recipe=recipe, jobs=jobs)


def _encode_on(
    cases: Iterable[Case | CaseError],
    encoder: Encoder,
    *,
    recipe: TokenizerRecipe,
    jobs: int | None,
) -> Iterator[EncodedCase]:
    from lawrec.parallel import parallel_map  # multiprocessing is slow to import

    workers = available_cores() - 1 if jobs is None else jobs
    if not workers:
        yield from _encode(cases, encoder)
        return
    tokens = "\n".join(encoder.tokens.names)
    work = partial(_encode_elsewhere, _EncoderRecipe(recipe, tokens, encoder.max_tokens))
    batches: deque[list[Case | CaseError]] = deque()
    facts = _facts(cases, batches)
    ahead = CHUNK_CASES // CASES_PER_TASK
    with closing(parallel_map(work, facts, workers=workers, ahead=ahead)) as done:
        for _, encoded in done:
            yield from _zipped(batches.popleft(), encoded)


def _encode(cases: Iterable[Case | CaseError], encoder: Encoder) -> Iterator[EncodedCase]:
    for case in cases:
        if isinstance(case, CaseError):
            yield case, None
        else:
            yield case, encoder.encode(case.fact)


def _facts(
    cases: Iterable[Case | CaseError], batches: deque[list[Case | CaseError]]
) -> Iterator[list[str]]:
    """Yield the facts of batches of cases, and append the batches: only facts are sent."""
    for batch in task_batches(cases):
        batches.append(batch)
        yield [case.fact for case in batch if isinstance(case, Case)]


def _zipped(
    batch: Sequence[Case | CaseError], encoded: Sequence[EncodedFact]
) -> Iterator[EncodedCase]:
    results = iter(encoded)
    for case in batch:
        if isinstance(case, CaseError):
            yield case, None
        else:
            yield case, next(results)


@dataclass(frozen=True)
class _EncoderRecipe:
    """What another process makes its encoder from, in texts, which are quick to send."""

    tokenizer: TokenizerRecipe
    tokens: str
    max_tokens: int


def _encode_elsewhere(recipe: _EncoderRecipe, facts: Sequence[str]) -> list[EncodedFact]:
    encoded = map(_encoder_of_process(recipe).encode, facts)
    # Arrays take a tenth of the memory of lists, of which many wait to be scored.
    return [EncodedFact(np.array(ids, np.int32), truncated) for ids, truncated in encoded]


@cache
def _encoder_of_process(recipe: _EncoderRecipe) -> Encoder:
    """Make the encoder of another process, once."""
    tokens = Vocabulary(tuple(recipe.tokens.split("\n")))
    return Encoder(make_tokenizer(recipe.tokenizer), tokens, recipe.max_tokens)
