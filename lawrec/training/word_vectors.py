"""Embed: word vectors from any facts, labelled or not."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lawrec.config import Config
from lawrec.corpus.cases import Case, Cases, no_case_error, raise_bad_case, read_files
from lawrec.corpus.parallel_tokenization import tokenize_cases
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.corpus.tokenizers import listed_words, load_tokenizer
from lawrec.corpus.vocabulary import PAD_ID, build_vocabulary, encode
from lawrec.models.embedding_init import token_vectors
from lawrec.progress import SILENT, Progress
from lawrec.text_files import list_files
from lawrec.types import Float32Array


@dataclass(frozen=True)
class Embedding:
    """Tokens, `<unk>` among them, and the vector of each: float32 (n_tokens, embedding_size)."""

    tokens: tuple[str, ...]
    vectors: Float32Array
    facts: int
    skipped: int


def embed(
    paths: Sequence[Path],
    config: Config,
    dictionaries: Sequence[Path] = (),
    case_format: CaseFormat = DEFAULT_FORMAT,
    skip_bad: bool = False,
    progress: Progress = SILENT,
) -> Embedding:
    """Train word vectors on facts: near each other where words are used alike.

    Args:
        paths: Cases, each as `list_files` takes it; what else than a fact they hold is not read.
        config: [corpus] cuts the facts and chooses the tokens, `model.embedding_size`,
            `model.embedding_stddev` and `training.seed` decide on the vectors.
        dictionaries: The user dictionaries of the tokenizer.
        case_format: How the cases are written.
        skip_bad: Leave out lines that cannot be used.
        progress: Told of every fact.

    Raises:
        CaseError: A file or a list of words cannot be read, a line cannot be used, or there is no
            fact at all.
        ConfigError: The tokenizer cannot be loaded.
    """
    reading = _Reading(skip_bad)
    cases = read_files(
        [file for path in paths for file in list_files(path)], False, case_format=case_format
    )
    tokenizer = load_tokenizer(config.corpus, dictionaries)
    cut = tokenize_cases(
        reading.usable(cases), tokenizer, config=config.corpus, dictionaries=tuple(dictionaries)
    )
    # The tokens wait in a temporary file, so that memory holds counts and not texts.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool, closing(cut):
        counts = _spooled((tokens for _, tokens in cut), spool, progress=progress)
        if not counts:
            raise no_case_error(paths[0])
        tokens = build_vocabulary(
            counts,
            min_count=config.corpus.min_count,
            max_size=config.corpus.max_vocabulary,
            always=listed_words(config.corpus.user_tokens),
        )
        spool.seek(0)
        token_ids = (
            encode(json.loads(line), tokens, max_tokens=config.corpus.max_tokens) for line in spool
        )
        progress.message("Counting which tokens stand together.")
        vectors = token_vectors(
            token_ids,
            len(tokens),
            size=config.model.embedding_size,
            stddev=config.model.embedding_stddev,
            seed=config.training.seed,
        )
    first = PAD_ID + 1  # a padding is no token of a text
    return Embedding(tokens.names[first:], vectors[first:], reading.facts, reading.skipped)


@dataclass
class _Reading:
    """Counts what is read."""

    skip_bad: bool
    facts: int = 0
    skipped: int = 0

    def usable(self, cases: Cases) -> Iterator[Case]:
        for case in raise_bad_case(cases) if not self.skip_bad else cases:
            if isinstance(case, Case):
                self.facts += 1
                yield case
            else:
                self.skipped += 1


def _spooled(facts: Iterable[list[str]], spool: IO[str], *, progress: Progress) -> Counter[str]:
    """Write the tokens of each fact to a line, and count them."""
    counts: Counter[str] = Counter()
    for done, tokens in enumerate(facts, 1):
        counts.update(tokens)
        spool.write(json.dumps(tokens) + "\n")
        progress.update("tokenize", done, None)
    return counts
