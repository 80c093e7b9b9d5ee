"""Copies: what can be wrong with cases beside one another, in one split and across splits."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lawrec.corpus.audit.case_checks import ERROR, WARNING
from lawrec.corpus.case_lines import CaseLine
from lawrec.corpus.near_duplicates import NearDuplicates
from lawrec.law.articles import statute_order


@dataclass(frozen=True)
class Copies:
    """Which cases have the same fact: some numbers a case; the texts themselves are in `near`.

    Cases are numbered in the order in which they came, texts in that of their first cases. A later
    split is worth more: of the cases with one text, the first of the last split is its original.
    """

    files: Mapping[str, Path]
    near: NearDuplicates
    articles: dict[str, Counter[str]] = field(init=False, default_factory=dict)  # by split
    _splits: "array[int]" = field(init=False, default_factory=lambda: array("B"))
    _files: "array[int]" = field(init=False, default_factory=lambda: array("L"))
    _lines: "array[int]" = field(init=False, default_factory=lambda: array("Q"))
    _texts: "array[int]" = field(init=False, default_factory=lambda: array("Q"))
    _labels: "array[int]" = field(init=False, default_factory=lambda: array("L"))
    _names: dict[str, int] = field(init=False, default_factory=dict)  # of files, numbered
    _label_sets: dict[frozenset[str], int] = field(init=False, default_factory=dict)

    def add(self, split: str, line: CaseLine, *, articles: frozenset[str]) -> None:
        """Take in the next case and those of its articles that count."""
        self._splits.append(list(self.files).index(split))
        self._files.append(self._names.setdefault(line.file, len(self._names)))
        self._lines.append(line.number)
        self._texts.append(self.near.add(line.text))
        self._labels.append(self._label_sets.setdefault(articles, len(self._label_sets)))
        self.articles.setdefault(split, Counter()).update(articles)

    def where(self, case: int) -> str:
        """Return the file and line of a case."""
        return f"{list(self._names)[self._files[case]]}:{self._lines[case]}"

    def split(self, case: int) -> str:
        """Return the split of a case."""
        return list(self.files)[self._splits[case]]

    def labels(self, case: int) -> tuple[str, ...]:
        """Return the articles of a case, in the statute's order."""
        return tuple(sorted(list(self._label_sets)[self._labels[case]], key=statute_order))

    @cached_property
    def originals(self) -> list[int]:
        """The case that stands for each text."""
        found: dict[int, int] = {}
        for case, text in enumerate(self._texts):
            if text not in found or self._splits[case] > self._splits[found[text]]:
                found[text] = case
        return [found[text] for text in range(len(found))]

    def surplus(self) -> Iterator[tuple[int, int]]:
        """Give each case whose text another case stands for, and that case."""
        for case, text in enumerate(self._texts):
            if self.originals[text] != case:
                yield case, self.originals[text]

    @cached_property
    def groups(self) -> list[list[int]]:
        """The originals whose texts are nearly the same, in groups by split, the first first."""
        return [
            sorted(
                (self.originals[text] for text in texts),
                key=lambda case: (self._splits[case], case),
            )
            for texts in self.near.groups()
        ]


Hit = tuple[str, str]
"""The file and line of a case, and what is wrong with it."""


@dataclass(frozen=True)
class Comparison:
    """A way in which cases can be wrong beside one another."""

    severity: str
    meaning: str
    todo: str
    find: Callable[[Copies], Iterator[Hit]]


def _within(copies: Copies) -> Iterator[Hit]:
    for case, original in copies.surplus():
        if copies.split(case) == copies.split(original):
            yield copies.where(case), f"the fact of {copies.where(original)}"


def _across(copies: Copies) -> Iterator[Hit]:
    for case, original in copies.surplus():
        if copies.split(case) != copies.split(original):
            yield copies.where(case), f"the fact of {copies.where(original)}"


def _conflicts(copies: Copies) -> Iterator[Hit]:
    for case, original in copies.surplus():
        here, there = ", ".join(copies.labels(case)), ", ".join(copies.labels(original))
        if here != there:
            yield (
                copies.where(case),
                f"{here or 'nothing'} here, {there} in {copies.where(original)}",
            )


def _near_within(copies: Copies) -> Iterator[Hit]:
    for group in copies.groups:
        firsts: dict[str, int] = {}
        for case in group:
            first = firsts.setdefault(copies.split(case), case)
            if first != case:
                yield copies.where(case), f"much like {copies.where(first)}"


def _near_across(copies: Copies) -> Iterator[Hit]:
    for group in copies.groups:
        for case in group:
            if copies.split(case) != copies.split(group[0]):
                yield copies.where(case), f"much like {copies.where(group[0])}"


def _unseen(copies: Copies) -> Iterator[Hit]:
    first, *others = copies.files
    seen = copies.articles.get(first, Counter())
    for split in others:
        counts = copies.articles.get(split, Counter())
        for name in sorted(counts.keys() - seen, key=statute_order):
            yield str(copies.files[split]), f"{name}, in {counts[name]} of its cases"


_SPLIT = "`lawrec split` keeps such cases in one split."
COMPARISONS: dict[str, Comparison] = {
    "duplicate-across": Comparison(
        ERROR,
        "a fact stands in a later split too: the model would be tested on what it learnt",
        "`lawrec audit --fix` drops the copy in the earlier split.",
        _across,
    ),
    "conflict": Comparison(
        ERROR,
        "a fact stands elsewhere with other articles",
        "Look which is right; `lawrec audit --fix` keeps one of them.",
        _conflicts,
    ),
    "duplicate": Comparison(
        WARNING,
        "a fact stands in its split more than once",
        "`lawrec audit --fix` drops the later copies.",
        _within,
    ),
    "near-duplicate-across": Comparison(
        WARNING, "a fact is nearly the same as one in an earlier split", _SPLIT, _near_across
    ),
    "near-duplicate": Comparison(
        WARNING, "a fact is nearly the same as another of its split", _SPLIT, _near_within
    ),
    "unseen-article": Comparison(
        WARNING,
        "an article of another split is never in train",
        "`lawrec split` spreads each article over the splits where it can.",
        _unseen,
    ),
}
