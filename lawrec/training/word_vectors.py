"""Embed: word vectors from any facts, labelled or not."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lawrec.config import Config
from lawrec.corpus.cases import BadLines, no_case_error, read_files, usable_cases
from lawrec.corpus.parallel_tokenization import tokenize_cases
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.corpus.tokenizers import listed_words, load_tokenizer
from lawrec.corpus.vocabulary import PAD_ID, build_vocabulary, encode
from lawrec.iterables import JsonSpool
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
    bad_lines = BadLines(skip=skip_bad)
    cases = read_files(
        [file for path in paths for file in list_files(path)], False, case_format=case_format
    )
    tokenizer = load_tokenizer(config.corpus, dictionaries)
    cut = tokenize_cases(
        usable_cases(cases, bad_lines),
        tokenizer,
        config=config.corpus,
        dictionaries=tuple(dictionaries),
    )
    # The tokens wait in a temporary file, so that memory holds counts and not texts.
    counts: Counter[str] = Counter()
    with JsonSpool() as spool, closing(cut):
        for _, fact_tokens in cut:
            counts.update(fact_tokens)
            spool.append(fact_tokens)
            progress.update("tokenize", len(spool), None)
        if not counts:
            raise no_case_error(paths[0])
        tokens = build_vocabulary(
            counts,
            min_count=config.corpus.min_count,
            max_size=config.corpus.max_vocabulary,
            always=listed_words(config.corpus.user_tokens),
        )
        token_ids = (
            encode(fact_tokens, tokens, max_tokens=config.corpus.max_tokens)
            for fact_tokens in spool
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
    return Embedding(tokens.names[first:], vectors[first:], len(spool), bad_lines.skipped)
