"""Sources: what to prepare, and the key of its records; asking for it needs no TensorFlow."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from lawrec.config import CorpusConfig, LossConfig
from lawrec.corpus.cases import no_case_error, read_cases
from lawrec.corpus.manifest import SCHEMA
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.corpus.splits import find_splits
from lawrec.corpus.tokenizers import Tokenizer, listed_words, load_tokenizer
from lawrec.errors import CaseError, ConfigError
from lawrec.law.articles import read_article_list
from lawrec.resources import shipped_path
from lawrec.text_files import content_digest

# The fingerprint holds the classes and the stop words, the key holds the user's tokens themselves.
_NOT_IN_KEY = ("workers", "entity_types", "stop_words", "user_tokens")


@dataclass(frozen=True)
class DatasetSpec:
    """What to prepare, and where to put it."""

    data: Path = field(default_factory=lambda: shipped_path("data/sample"))
    articles: Path | None = None  # a list of labels; by default DATA/law.txt, if it is there
    charged: Path | None = None  # more train cases, of which only the charges are known
    dictionaries: tuple[Path, ...] = field(
        default_factory=lambda: (shipped_path("vocab/legal_terms.txt"),)
    )
    case_format: CaseFormat = DEFAULT_FORMAT  # how the cases are written
    skip_bad: bool = False  # leave out lines that cannot be used, and keep them in skipped.jsonl
    records_root: Path = Path("data/records")
    vocab_root: Path = Path("vocab")

    def listed(self) -> list[str] | None:
        """Return the list of labels, if there is one."""
        own = self.data / "law.txt"
        path = self.articles or (own if own.is_file() else None)
        return read_article_list(path) if path else None


def check_dataset_spec(source: DatasetSpec, loss: LossConfig) -> None:
    """Refuse cases that no training with this loss could use, before they are prepared.

    Raises:
        CaseError: There is no train or no valid split.
        ConfigError: There are cases with nothing but charges, which are not to be learnt.
    """
    splits = find_splits(source.data)
    if "valid" not in splits:
        raise CaseError(
            source.data,
            expected="a training must have a valid split",
            got=f"only {', '.join(splits)}",
            todo="Put a valid.json into the folder.",
        )
    if source.charged and not loss.charge_weight:
        raise ConfigError(
            "--charge-only-data",
            expected="loss.charge_weight must be above 0 to learn from cases with nothing but charges",
            got=loss.charge_weight,
            todo="Add --set loss.charge_weight=0.5, or leave out --charge-only-data.",
        )


def folder_for(source: DatasetSpec, config: CorpusConfig) -> Path:
    """Return the folder where the records of the cases are, or would be.

    Raises:
        CaseError: As `digests_of` says, or a list of words cannot be read.
    """
    tokenizer = load_tokenizer(config, source.dictionaries)
    return source.records_root / key_of(
        source, config, digests=digests_of(source), tokenizer=tokenizer
    )


def digests_of(source: DatasetSpec) -> dict[str, str]:
    """Return the digest of each split's cases, and of those "charged" if there are any.

    Raises:
        CaseError: A file is missing, or two of them hold the same bytes, or both nothing.
    """
    files = find_splits(source.data)
    if source.charged:
        files["charged"] = source.charged
    digests = {split: content_digest(path) for split, path in files.items()}
    for one, other in combinations(files, 2):
        if digests[one] == digests[other]:
            if not any(True for _ in read_cases(files[one], case_format=source.case_format)):
                raise no_case_error(files[one])
            raise CaseError(
                files[other],
                expected=f"{other} and {one} must be different cases",
                got=f"the same bytes as {files[one]}",
                todo="Split the cases anew: a model must be tested on cases that it never saw.",
            )
    return digests


def key_of(
    source: DatasetSpec, config: CorpusConfig, *, digests: Mapping[str, str], tokenizer: Tokenizer
) -> str:
    """Return the name of the records: a digest of all that they depend on."""
    settings = asdict(config)
    for name in _NOT_IN_KEY:
        del settings[name]
    parts: dict[str, Any] = {
        "schema": SCHEMA,
        "config": settings,
        "cases": dict(digests),
        "tokenizer": tokenizer.fingerprint,
        "articles": source.listed(),
        "skip_bad": source.skip_bad,
    }
    # A setting at its default leaves older records valid.
    if chosen := source.case_format.chosen():
        parts["format"] = chosen
    if always := listed_words(config.user_tokens):
        parts["user_tokens"] = always
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return f"{source.data.resolve().name}-{digest[:8]}"
