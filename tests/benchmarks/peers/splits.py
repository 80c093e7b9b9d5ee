"""The cases as every peer gets them: the same tokens, the same articles, the same split."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from lawrec.config import CorpusConfig
from lawrec.corpus.bad_lines import usable_cases
from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.parallel_tokenization import tokenize_cases
from lawrec.corpus.records.dataset_spec import DatasetSpec
from lawrec.corpus.splits import SPLITS, find_splits
from lawrec.corpus.tokenization.tokenizers import Tokenizer, load_tokenizer
from lawrec.corpus.vocabulary import label_matrix
from lawrec.errors import CaseError
from lawrec.law.articles import statute_order
from lawrec.scoring_version import SCORING_VERSION
from lawrec.storage.file_lists import content_digest
from lawrec.storage.files import json_text, write_lines
from lawrec.types import BoolArray

Tokens = list[str]
_WHOLE_FACTS = CorpusConfig(max_tokens=100_000)
"""The default tokenizer of the project, but facts are not truncated."""


@dataclass(frozen=True)
class LabelledTokens:
    """What a peer learns from.

    Attributes:
        tokens: The tokens of each case.
        labels: bool (n_cases, n_trained), a column per article that some train case cites.
    """

    tokens: list[Tokens]
    labels: BoolArray


@dataclass(frozen=True)
class Splits:
    """The cases of a folder.

    Attributes:
        name: The name of the folder.
        articles: All articles that count: those of the list in the folder, else of train and test.
        trained: bool (n_articles,), True for the articles that some train case cites.
        train: Cases to learn from.
        valid: Cases to choose thresholds or the number of epochs on.
        test_tokens: The tokens of each test case.
        test_ids: The ids of the test cases.
        y_true: bool (n_test_cases, n_articles).
        known: bool (n_test_cases, n_articles), False where a case names an article as unknown.
    """

    name: str
    articles: tuple[str, ...]
    trained: BoolArray
    train: LabelledTokens
    valid: LabelledTokens
    test_tokens: list[Tokens]
    test_ids: tuple[str, ...]
    y_true: BoolArray
    known: BoolArray

    @property
    def sizes(self) -> tuple[int, int, int]:
        """The numbers of train, valid and test cases."""
        return len(self.train.tokens), len(self.valid.tokens), len(self.test_tokens)


def load_splits(data: Path, cache: Path) -> Splits:
    """Return the cases of a folder; their tokens are written to `cache` once and read from then on.

    Raises:
        CaseError: A split is missing, or a line cannot be used.
    """
    paths = find_splits(data)
    if missing := [f"{split}.json" for split in SPLITS if split not in paths]:
        raise CaseError(
            data,
            expected="the folder must hold train.json, valid.json and test.json",
            got=f"no {' and no '.join(missing)}",
            todo="Add it, or make it with lawrec split.",
        )
    dataset = DatasetSpec(data)
    cases = {split: list(usable_cases(read_cases(path))) for split, path in paths.items()}
    tokenizer = load_tokenizer(_WHOLE_FACTS, dataset.dictionaries)
    tokens = {
        split: _tokens(cases[split], paths[split], cache=cache, tokenizer=tokenizer)
        for split in SPLITS
    }
    cited = {split: _articles(cases[split]) for split in SPLITS}
    listed = dataset.read_article_list() or []
    articles = tuple(dict.fromkeys([*listed, *cited["train"], *cited["test"]]))
    trained = np.isin(articles, cited["train"])
    labels = {split: _matrix((c.articles for c in cases[split]), articles) for split in SPLITS}
    test = cases["test"]
    return Splits(
        name=data.resolve().name,
        articles=articles,
        trained=trained,
        train=LabelledTokens(tokens["train"], labels["train"][:, trained]),
        valid=LabelledTokens(tokens["valid"], labels["valid"][:, trained]),
        test_tokens=tokens["test"],
        test_ids=tuple(case.case_id for case in test),
        y_true=labels["test"],
        known=~_matrix((case.unknown_articles for case in test), articles),
    )


def with_articles(splits: Splits, articles: Iterable[str]) -> Splits:
    """Return the cases with columns for further articles, which lists hold and no case cites."""
    new = tuple(sorted(set(articles) - set(splits.articles), key=statute_order))
    extra = np.zeros((len(splits.y_true), len(new)), np.bool_)
    return replace(
        splits,
        articles=splits.articles + new,
        trained=np.append(splits.trained, extra[0]),
        y_true=np.hstack([splits.y_true, extra]),
        known=np.hstack([splits.known, ~extra]),
    )


def _articles(cases: Iterable[Case]) -> list[str]:
    cited = chain.from_iterable(case.articles for case in cases)
    return sorted(set(cited), key=statute_order)


def _matrix(lists: Iterable[Sequence[str]], articles: Sequence[str]) -> BoolArray:
    """Return which articles are in each list; articles without a column are left out."""
    columns = {article: column for column, article in enumerate(articles)}
    ids = [[columns[name] for name in names if name in columns] for names in lists]
    return label_matrix(ids, len(articles))


def _tokens(
    cases: Sequence[Case], path: Path, *, cache: Path, tokenizer: Tokenizer
) -> list[Tokens]:
    key = f"{content_digest(path)[:16]}-{tokenizer.fingerprint}-{SCORING_VERSION}"
    saved = cache / f"{key.replace(' ', '-').replace(',', '')}.jsonl"
    if not saved.exists():
        saved.parent.mkdir(parents=True, exist_ok=True)
        tokenized = tokenize_cases(
            cases, tokenizer, config=_WHOLE_FACTS, dictionaries=DatasetSpec().dictionaries
        )
        write_lines(saved, (json_text(tokens, None) for _, tokens in tokenized))
    with saved.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
