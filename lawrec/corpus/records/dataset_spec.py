"""Dataset specs: which cases to prepare and how, and the key of their records.

Records have a key, not a name: `vocab/<key>/` and `data/records/<key>/` are named by a digest of
all that they depend on. Outdated records cannot be used by mistake, and nothing has to be
invalidated. Computing a key needs no TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from lawrec.config import Config, CorpusConfig, RankingConfig
from lawrec.corpus.cases import no_case_error, read_cases
from lawrec.corpus.label_check import KnownLabels, find_article_list, known_labels
from lawrec.corpus.readers import DEFAULT_FORMAT, OR_CHARGES, SOME_ARTICLES, CaseFormat
from lawrec.corpus.splits import find_splits
from lawrec.corpus.tokenization.tokenizers import Tokenizer, listed_words, load_tokenizer
from lawrec.errors import CaseError
from lawrec.law.articles import read_article_list
from lawrec.scoring_version import SCORING_VERSION
from lawrec.storage.file_lists import content_digest
from lawrec.storage.resources import SHIPPED_EXTRA_CASES, shipped_path
from lawrec.storage.seal import json_digest

RECORDS_VERSION = 8
"""Increased when the records of the same cases and settings change in another way than by the ids
of the tokens, which `SCORING_VERSION` covers: both are part of their key."""
EXTRA, STATUTE = "extra", "statute"
"""The splits that only some records have: more train cases, and the articles of the statute."""
# These settings change no record, or the key holds what they name: the tokenizer's fingerprint
# depends on the entities and the stop words, and the user's tokens are in the key themselves.
_NOT_IN_KEY = ("workers", "entity_types", "stop_words", "user_tokens")


@dataclass(frozen=True)
class DatasetSpec:
    """Which cases to prepare and how, and where to write the result.

    Args:
        data: A folder of splits, as `find_splits` takes it.
        article_list: A file with one article per line, whose order is that of the label ids; by
            default `law.txt` in `data` if it is there, else the articles that the cases cite. In
            that case they may cite only articles of the catalog, unless `case_format` lets any
            label pass.
        extra: Files of more train cases, each with all its articles or with its charges alone.
        extra_partial: Files of more train cases whose other articles are unknown.
        learn_charges: Whether the charges are learned, too; else extra cases of which no article is
            known are left out.
        statute: A version of the statute, as `save_version` writes it, whose articles are learned
            from their texts.
        dictionaries: User dictionaries of the tokenizer.
        case_format: How the cases are written, except the shipped extra cases; part of the key
            where it differs from the defaults.
        skip_bad: Whether to skip lines that cannot be used; they are logged in `skipped.jsonl`.
        records_root: The folder in which the folder of the records is made.
        vocab_root: The folder in which the folder of the vocabularies is made.
    """

    data: Path = field(default_factory=lambda: shipped_path("data/sample"))
    article_list: Path | None = None
    extra: tuple[Path, ...] = ()
    extra_partial: tuple[Path, ...] = ()
    learn_charges: bool = False
    statute: Path | None = None
    dictionaries: tuple[Path, ...] = field(
        default_factory=lambda: (shipped_path("vocab/legal_terms.txt"),)
    )
    case_format: CaseFormat = DEFAULT_FORMAT
    skip_bad: bool = False
    records_root: Path = Path("data/records")
    vocab_root: Path = Path("vocab")

    @property
    def extra_files(self) -> dict[str, tuple[Path, CaseFormat]]:
        """The files of extra cases and how they are written, by names for lists of all files."""
        return {
            f"{name}-{number}": (path, replace(self._extra_format(path), labels=labels))
            for name, paths, labels in (
                (EXTRA, self.extra, OR_CHARGES),
                (f"{EXTRA}-partial", self.extra_partial, SOME_ARTICLES),
            )
            for number, path in enumerate(paths, 1)
        }

    def _extra_format(self, path: Path) -> CaseFormat:
        """Return how extra cases are written: as all others, unless they are the shipped ones."""
        is_shipped = path.resolve() == shipped_path(SHIPPED_EXTRA_CASES).resolve()
        return DEFAULT_FORMAT if is_shipped else self.case_format

    @property
    def list_path(self) -> Path | None:
        """The file of the list of articles, None if there is no list."""
        return self.article_list or find_article_list(self.data, in_parent=False)

    def read_article_list(self) -> list[str] | None:
        """Return the articles of the list in its order, or None if there is no list.

        Raises:
            CaseError: The list cannot be read.
        """
        path = self.list_path
        return read_article_list(path) if path else None


@dataclass(frozen=True)
class RunSpec:
    """What a new run is created from.

    Attributes:
        config: All settings.
        dataset: The cases.
        start_from: The name or path of another run to warm-start the weights from, if any.
    """

    config: Config
    dataset: DatasetSpec
    start_from: str | None = None


@dataclass(frozen=True)
class DatasetInputs:
    """What records depend on: the spec, the settings, and what the files of the spec hold.

    Args:
        spec: Which cases to prepare.
        config: The tokenizer, the limits of the vocabulary, and the size of the shards.
        splits: The path of each split.
        digests: The digest of the cases of each split, of each extra file, and of the statute.
        articles: The list of articles, None if there is none.
        known_labels: The labels that cases may have.
        tokenizer: The tokenizer, which holds the words of the dictionaries.
        key: The name of the records and vocabularies.
    """

    spec: DatasetSpec
    config: CorpusConfig
    splits: Mapping[str, Path]
    digests: Mapping[str, str]
    articles: list[str] | None
    known_labels: KnownLabels
    tokenizer: Tokenizer
    key: str


def check_dataset_spec(spec: DatasetSpec, ranking: RankingConfig | None = None) -> None:
    """Check that a training can use the cases, before they are prepared.

    Args:
        spec: Where they are.
        ranking: The settings of [ranking], with which thresholds may be tuned on train cases that
            are scored out of fold; None: a search, which needs a valid split.

    Raises:
        CaseError: There is no train split, or no valid split where it is needed.

    Example:
        >>> check_dataset_spec(DatasetSpec())
    """
    splits = find_splits(spec.data)
    if "valid" not in splits and not (ranking and ranking.scores_out_of_fold):
        raise _no_valid(spec.data, ranking, got=f"only {', '.join(splits)}")


def _no_valid(data: Path, ranking: RankingConfig | None, *, got: str) -> CaseError:
    """Return the error of cases without the valid split that some settings or a search need."""
    expected = "for a search there must be a valid split, to compare its runs on"
    todo = "Add a valid.json: `lawrec split` makes one."
    if ranking:
        setting = "lstm_feature" if ranking.second_stage else "second_stage"
        expected = (
            f"with ranking.{setting}=false there must be a valid split, to tune thresholds on"
        )
        todo = (
            f"Add a valid.json: `lawrec split` makes one. Or train with ranking.{setting}=true, "
            "which scores train cases out of fold."
        )
    return CaseError(data, expected=expected, got=got, todo=todo)


def read_inputs(spec: DatasetSpec, config: CorpusConfig) -> DatasetInputs:
    """Look up the files of a spec: the cases, the list of articles and the lists of words.

    Raises:
        CaseError: A file is missing or cannot be read, two splits hold the same bytes, or a split
            is empty.
        ConfigError: The tokenizer cannot be loaded.

    Example:
        >>> inputs = read_inputs(DatasetSpec(), CorpusConfig(tokenizer="char"))
        >>> list(inputs.splits), inputs.articles, inputs.key.partition("-")[0]
        (['train', 'valid', 'test'], None, 'sample')
    """
    splits = find_splits(spec.data)
    extra = spec.extra_files
    files = {name: (path, spec.case_format) for name, path in splits.items()} | extra
    digests = _distinct_digests(files)
    if spec.statute:
        digests[STATUTE] = content_digest(spec.statute)
    tokenizer = load_tokenizer(config, spec.dictionaries)
    articles = spec.read_article_list()
    parts: dict[str, Any] = {
        "version": [RECORDS_VERSION, SCORING_VERSION],
        "config": {
            name: value for name, value in asdict(config).items() if name not in _NOT_IN_KEY
        },
        "cases": digests,
        "tokenizer": tokenizer.fingerprint,
        "articles": articles,
        "skip_bad": spec.skip_bad,
        "format": spec.case_format.non_defaults(),
        "user_tokens": listed_words(config.user_tokens),
        **({"learn_charges": spec.learn_charges} if extra else {}),
    }
    # TensorFlow takes no path that is not UTF-8, and no name should steer a terminal.
    name = "".join(
        character if character.isprintable() else "_" for character in spec.data.resolve().name
    )
    return DatasetInputs(
        spec=spec,
        config=config,
        splits=splits,
        digests=digests,
        articles=articles,
        known_labels=known_labels(articles, spec.list_path, any_label=spec.case_format.any_label),
        tokenizer=tokenizer,
        key=f"{name}-{json_digest(parts)[:8]}",
    )


def folder_for(spec: DatasetSpec, config: CorpusConfig) -> Path:
    """Return the folder where the records of the cases are, or would be.

    Raises:
        CaseError: See `read_inputs`.
        ConfigError: See `read_inputs`.

    Example:
        >>> folder_for(DatasetSpec(), CorpusConfig(tokenizer="char")).parent.as_posix()
        'data/records'
    """
    return spec.records_root / read_inputs(spec, config).key


def _distinct_digests(files: Mapping[str, tuple[Path, CaseFormat]]) -> dict[str, str]:
    """Return the digest of the cases at each path.

    Raises:
        CaseError: Two paths hold the same cases. Metrics on a split that was trained on, even on
            its charges alone, would be too good.
    """
    digests = {name: content_digest(path) for name, (path, _) in files.items()}
    for first, second in combinations(files, 2):
        if digests[first] == digests[second]:
            path, case_format = files[first]
            if not any(True for _ in read_cases(path, case_format=case_format)):
                raise no_case_error(path)
            raise CaseError(
                files[second][0],
                expected=f"{second} and {first} must be different cases",
                got=f"the same bytes as {path}",
                todo="Split the cases again: a model must be tested on cases that are new to it.",
            )
    return digests
