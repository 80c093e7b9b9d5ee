"""Dataset specs: which cases to prepare and how, and the key of their records.

Records have a key, not a name: `vocab/<key>/` and `data/records/<key>/` are named by a digest of
all that they depend on. Outdated records cannot be used by mistake, and nothing has to be
invalidated. Computing a key needs no TensorFlow.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from lawrec.config import CorpusConfig, LossConfig
from lawrec.corpus.cases import no_case_error, read_cases
from lawrec.corpus.label_check import KnownLabels, find_article_list, known_labels
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.corpus.splits import find_splits
from lawrec.corpus.tokenizers import Tokenizer, listed_words, load_tokenizer
from lawrec.errors import CaseError, ConfigError
from lawrec.law.articles import read_article_list
from lawrec.resources import shipped_path
from lawrec.text_files import content_digest

RECORDS_VERSION = 5
"""Increased when the records of the same cases and settings change: part of their key."""
CHARGE_ONLY = "charge_only"
"""The name of the charge-only cases where the splits are listed by name."""
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
        charge_only_data: More train cases, of which only the charges are known. All articles are
            masked in them: they train the output of the charges and the layers below both outputs.
        dictionaries: User dictionaries of the tokenizer.
        case_format: How the cases are written; part of the key where it differs from the defaults.
        skip_bad: Whether to skip lines that cannot be used; they are logged in `skipped.jsonl`.
        records_root: The folder in which the folder of the records is made.
        vocab_root: The folder in which the folder of the vocabularies is made.
    """

    data: Path = field(default_factory=lambda: shipped_path("data/sample"))
    article_list: Path | None = None
    charge_only_data: Path | None = None
    dictionaries: tuple[Path, ...] = field(
        default_factory=lambda: (shipped_path("vocab/legal_terms.txt"),)
    )
    case_format: CaseFormat = DEFAULT_FORMAT
    skip_bad: bool = False
    records_root: Path = Path("data/records")
    vocab_root: Path = Path("vocab")

    def read_article_list(self) -> list[str] | None:
        """Return the articles of the list in its order, or None if there is no list.

        Raises:
            CaseError: The list cannot be read.
        """
        path = self.article_list or find_article_list(self.data, in_parent=False)
        return read_article_list(path) if path else None


@dataclass(frozen=True)
class DatasetInputs:
    """What the files of a spec hold, looked up once for a preparation.

    Args:
        splits: The path of each split.
        digests: The digest of the cases of each split, and of the charge-only cases if any.
        articles: The list of articles, None if there is none.
        known_labels: The labels that cases may have.
        tokenizer: The tokenizer, which holds the words of the dictionaries.
        key: The name of the records and vocabularies.
    """

    splits: Mapping[str, Path]
    digests: Mapping[str, str]
    articles: list[str] | None
    known_labels: KnownLabels
    tokenizer: Tokenizer
    key: str


def check_dataset_spec(spec: DatasetSpec, loss: LossConfig) -> None:
    """Check that a training with this loss can use the cases, before they are prepared.

    Charge-only cases without a weight of the charges are refused. A default weight would silently
    change the model, because charges are a second output.

    Raises:
        CaseError: There is no train or no valid split.
        ConfigError: There are charge-only cases, and the loss ignores charges.

    Example:
        >>> check_dataset_spec(DatasetSpec(), LossConfig())
    """
    splits = find_splits(spec.data)
    if "valid" not in splits:
        raise CaseError(
            spec.data,
            expected="a training must have a valid split",
            got=f"only {', '.join(splits)}",
            todo="Put a valid.json into the folder.",
        )
    if spec.charge_only_data and not loss.charge_weight:
        raise ConfigError(
            "--charge-only-data",
            expected="loss.charge_weight must be above 0 to learn from charge-only cases",
            got=loss.charge_weight,
            todo="Add --set loss.charge_weight=0.5, or leave out --charge-only-data.",
        )


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
    charge_only = {CHARGE_ONLY: spec.charge_only_data} if spec.charge_only_data else {}
    digests = _distinct_digests({**splits, **charge_only}, spec.case_format)
    tokenizer = load_tokenizer(config, spec.dictionaries)
    articles = spec.read_article_list()
    parts: dict[str, Any] = {
        "version": RECORDS_VERSION,
        "config": {
            name: value for name, value in asdict(config).items() if name not in _NOT_IN_KEY
        },
        "cases": digests,
        "tokenizer": tokenizer.fingerprint,
        "articles": articles,
        "skip_bad": spec.skip_bad,
        "format": spec.case_format.non_defaults(),
        "user_tokens": listed_words(config.user_tokens),
    }
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    # TensorFlow takes no path that is not UTF-8, and no name should steer a terminal.
    name = "".join(
        character if character.isprintable() else "_" for character in spec.data.resolve().name
    )
    known = known_labels(articles, any_label=spec.case_format.any_label)
    return DatasetInputs(splits, digests, articles, known, tokenizer, f"{name}-{digest[:8]}")


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


def _distinct_digests(paths: Mapping[str, Path], case_format: CaseFormat) -> dict[str, str]:
    """Return the digest of the cases at each path.

    Raises:
        CaseError: Two paths hold the same cases. Metrics on a split that was trained on, even on
            its charges alone, would be too good.
    """
    digests = {name: content_digest(path) for name, path in paths.items()}
    for first, second in combinations(paths, 2):
        if digests[first] == digests[second]:
            if not any(True for _ in read_cases(paths[first], case_format=case_format)):
                raise no_case_error(paths[first])
            raise CaseError(
                paths[second],
                expected=f"{second} and {first} must be different cases",
                got=f"the same bytes as {paths[first]}",
                todo="Split the cases again: a model must be tested on cases that are new to it.",
            )
    return digests
