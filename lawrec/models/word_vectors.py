"""Word vectors: trained on any facts, labelled or not, to initialize the embedding of a model."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lawrec.config import Config
from lawrec.corpus.bad_lines import BadLines, usable_cases
from lawrec.corpus.cases import no_case_error, read_cases
from lawrec.corpus.parallel_tokenization import tokenize_cases
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.corpus.tokenization.tokenizers import listed_words, load_tokenizer
from lawrec.corpus.vocabulary import PAD_ID, build_vocabulary, encode_tokens
from lawrec.iterables import JsonSpool
from lawrec.models.embedding_init import token_vectors
from lawrec.progress import SILENT, Progress
from lawrec.types import Float32Array


@dataclass(frozen=True)
class WordVectors:
    """Trained word vectors.

    Attributes:
        tokens: The tokens, `<unk>` among them but not `<pad>`.
        vectors: The vector of each, float32 (n_tokens, embedding_size).
        facts: The number of facts that they were trained on.
        skipped: The number of lines that were skipped.
    """

    tokens: tuple[str, ...]
    vectors: Float32Array
    facts: int
    skipped: int


def train_word_vectors(
    paths: Sequence[Path],
    config: Config,
    *,
    dictionaries: Sequence[Path] = (),
    case_format: CaseFormat = DEFAULT_FORMAT,
    skip_bad: bool = False,
    progress: Progress = SILENT,
) -> WordVectors:
    r"""Train word vectors on facts: tokens that are used alike get similar vectors.

    Args:
        paths: Files, folders or patterns, as `list_files` takes them. Only the facts are read.
        config: The settings: [corpus] for the tokens, `model.embedding_size`,
            `model.embedding_stddev` and `training.seed` for the vectors.
        dictionaries: User dictionaries of the tokenizer.
        case_format: How the cases are written.
        skip_bad: Whether to skip lines that cannot be used, instead of raising an error.
        progress: Gets the number of facts done.

    Raises:
        CaseError: A file or a list of words cannot be read, a line cannot be used, or there is no
            fact at all.
        ConfigError: The tokenizer cannot be loaded.

    Example:
        >>> import tempfile
        >>> from lawrec.config_sources import load
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "facts.txt"
        ...     _ = path.write_text("窃得车辆\n窃得船辆\n住在京市\n", encoding="utf-8")
        ...     config = load(None, ["corpus.tokenizer=char", "model.embedding_size=4"])
        ...     train_word_vectors([path], config).vectors.shape
        (4, 4)
    """
    bad_lines = BadLines(skip=skip_bad)
    read = read_cases(*paths, labelled=False, case_format=case_format)
    cases = usable_cases(read, bad_lines)
    tokenizer = load_tokenizer(config.corpus, dictionaries)
    tokenized = tokenize_cases(
        cases, tokenizer, config=config.corpus, dictionaries=tuple(dictionaries)
    )
    # The tokens wait in a temporary file, so that memory holds their counts and not the texts.
    counts: Counter[str] = Counter()
    with JsonSpool() as spool, closing(tokenized):
        for _, fact_tokens in tokenized:
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
            list(encode_tokens(fact_tokens, tokens, max_tokens=config.corpus.max_tokens).token_ids)
            for fact_tokens in spool
        )
        progress.message("Counting which tokens occur near each other.")
        vectors = token_vectors(
            token_ids,
            len(tokens),
            size=config.model.embedding_size,
            stddev=config.model.embedding_stddev,
            seed=config.training.seed,
        )
    first = PAD_ID + 1  # padding is not a token of a text
    return WordVectors(tokens.names[first:], vectors[first:], len(spool), bad_lines.skipped)
