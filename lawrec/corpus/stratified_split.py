"""Stratified split: cases into train, valid and test, so that near-duplicates stay together.

Near-duplicates form groups, and a group is never divided: otherwise the model would be tested on
what it has learnt. Groups are assigned by iterative stratification, so that each split has about
the same share of each article, and rare articles reach every split where they can.
"""

import random
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lawrec.corpus.case_lines import CaseLine, line_to_json, read_lines
from lawrec.corpus.cases import SKIPPED, BadLines, Case
from lawrec.corpus.duplicates.near_duplicates import NEAR_DUPLICATE_THRESHOLD, NearDuplicateIndex
from lawrec.corpus.label_check import (
    KnownLabels,
    check_labels,
    find_article_list,
    known_labels,
    label_error,
)
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.corpus.splits import SPLITS
from lawrec.errors import CaseError, ConfigError
from lawrec.files import atomic_folder, check_new_folder, temporary_file
from lawrec.law.articles import read_article_list
from lawrec.progress import SILENT, Progress

RATIOS = (0.8, 0.1, 0.1)
_TOLERANCE = 0.02
"""A split may exceed its share of the cases by this fraction of it, to hold a rare article."""


@dataclass(frozen=True)
class SplitSettings:
    """How to split.

    Args:
        ratios: The shares of train, valid and test: three positive numbers whose sum is 1.
        seed: The seed of the random order in which groups of equal size are assigned.
        threshold: The smallest Jaccard similarity of two facts that are near-duplicates.
    """

    ratios: Sequence[float] = RATIOS
    seed: int = 2018
    threshold: float = NEAR_DUPLICATE_THRESHOLD


@dataclass(frozen=True)
class Group:
    """Cases that must stay together, and how many of them each article has."""

    cases: tuple[int, ...]
    articles: Counter[str]


@dataclass(frozen=True)
class SplitReport:
    """What splitting did: numbers of groups, cases, articles and skipped lines."""

    folder: str
    groups: int
    cases: dict[str, int]  # by split
    articles: dict[str, int]  # by split: articles with a case in it
    total_articles: int
    articles_in_every_split: int
    skipped: int


def split_files(
    files: Sequence[Path],
    folder: Path,
    *,
    settings: SplitSettings = SplitSettings(),
    article_list: Path | None = None,
    case_format: CaseFormat = DEFAULT_FORMAT,
    skip_bad: bool = False,
    progress: Progress = SILENT,
) -> SplitReport:
    """Write the cases of files to train.json, valid.json and test.json of a new folder.

    What is written needs no options to be read: JSON lines in UTF-8 with the usual fields. A line
    that is such JSON is copied with all its fields (see `line_to_json`). Each split keeps the order
    of the input. The same files and settings give the same bytes.

    Args:
        files: Paths of labelled cases, as `list_files` takes them.
        folder: A folder that is new or empty.
        settings: Ratios, seed, and the threshold of near-duplicates.
        article_list: A list of the articles that the cases may have; by default `law.txt` beside
            the first file, else the catalog of the Criminal Law.
        case_format: How the cases are written.
        skip_bad: Whether to skip a line that cannot be used, and to log it in `skipped.jsonl`.
        progress: Where to report the number of cases read and written.

    Raises:
        CaseError: The folder is in use, a line cannot be used or a label is unknown and `skip_bad`
            is off, or a split would stay empty.
        ConfigError: The ratios are not three positive numbers with the sum 1.

    Example:
        >>> report = split_files([Path("mine.json")], Path("data/mine"))  # doctest: +SKIP
        >>> report.cases  # doctest: +SKIP
        {'train': 800, 'valid': 100, 'test': 100}
    """
    check_ratios(settings.ratios)
    check_new_folder(folder)
    article_list = article_list or find_article_list(files[0])
    listed = read_article_list(article_list) if article_list else None
    known = known_labels(listed, any_label=case_format.any_label)
    if not skip_bad:
        check_labels([(file, case_format) for file in files], known, progress=progress)
    bad_lines = BadLines(skip=skip_bad)
    with temporary_file() as spool:
        reading = _Reading(NearDuplicateIndex(spool, settings.threshold))
        lines = _usable_lines(files, case_format, known=known, bad_lines=bad_lines)
        for done, line in enumerate(lines, 1):
            reading.add(line)
            progress.update("read", done, None)
        groups = reading.groups()
    choice = assign_groups(groups, settings.ratios, rng=random.Random(settings.seed))
    if len(set(choice)) < len(SPLITS):
        raise CaseError(
            " ".join(map(str, files)),
            expected="there must be a group of cases for each split",
            got=f"{len(reading.texts)} cases in {len(groups)} groups of near-duplicates",
            todo="Add cases.",
        )
    splits = array("B", bytes(len(reading.texts)))
    for group, split in zip(groups, choice, strict=True):
        for case in group.cases:
            splits[case] = split
    with atomic_folder(folder, overwrite=False) as new:
        lines = _usable_lines(
            files, case_format, known=known, bad_lines=BadLines(skip=True, log=new / SKIPPED)
        )
        _write(lines, new, splits=splits, progress=progress)
    return _report(folder, groups, choice=choice, skipped=bad_lines.skipped)


def assign_groups(
    groups: Sequence[Group], ratios: Sequence[float], *, rng: random.Random
) -> list[int]:
    """Return the split of each group, from 0, such that each article is spread by the ratios.

    Iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011, On the Stratification of
    Multi-Label Data) over groups in place of cases: the article with the fewest unassigned groups
    comes first, and each of its groups goes to the split that needs most cases of it. Two things
    are beyond the paper. A split without any case of the article comes first, so that an article of
    three groups reaches three splits, unless a split is full: the ratios hold even where most
    articles are rare. An article with fewer unassigned groups than there are splits, which cannot
    reach all of them, comes after the others, and goes to train.

    Args:
        groups: The groups of cases.
        ratios: The share of each split.
        rng: Random numbers for the order of groups of equal size; larger groups come first.

    Example:
        >>> groups = [Group((case,), Counter(["264"])) for case in range(10)]
        >>> Counter(assign_groups(groups, (0.8, 0.1, 0.1), rng=random.Random(0)))
        Counter({0: 8, 2: 1, 1: 1})
    """
    stratifier = _Stratifier(groups, ratios)
    unassigned = _groups_by_article(groups)
    order = rng.sample(range(len(groups)), len(groups))
    order.sort(key=lambda number: -len(groups[number].cases))
    ranks = {number: rank for rank, number in enumerate(order)}
    while unassigned:
        sizes = {name: len(numbers) for name, numbers in unassigned.items()}
        article = min(sizes, key=lambda name: (sizes[name] < len(ratios), sizes[name], name))
        for number in sorted(unassigned[article], key=ranks.__getitem__):
            stratifier.assign(number, article)
            for name in groups[number].articles:
                unassigned[name].discard(number)
        unassigned = {name: numbers for name, numbers in unassigned.items() if numbers}
    for number in order:
        if number not in stratifier.splits:
            stratifier.assign(number, None)
    choice = [stratifier.splits[number] for number in range(len(groups))]
    _fill_empty_splits(choice, order, n_splits=len(ratios))
    return choice


def check_ratios(ratios: Sequence[float]) -> None:
    """Raise an error unless the ratios are three positive numbers with the sum 1.

    Raises:
        ConfigError: They are not.

    Example:
        >>> check_ratios((0.8, 0.1, 0.1))
    """
    # NaN fails every comparison.
    if not (len(ratios) == len(SPLITS) and min(ratios) > 0 and abs(sum(ratios) - 1) <= 1e-6):
        raise ConfigError(
            "--ratios",
            expected="the ratios of train, valid and test must be positive with the sum 1",
            got=",".join(map(str, ratios)),
            todo="Pass 0.8,0.1,0.1, for example.",
        )


class _Reading:
    """The cases read so far: the number of the text of each, and its articles."""

    def __init__(self, index: NearDuplicateIndex) -> None:
        self.texts = array("Q")
        self._index = index
        # Each set of articles is kept once, numbered; cases have its number.
        self._labels = array("Q")
        self._label_sets: dict[tuple[str, ...], int] = {}

    def add(self, line: CaseLine) -> None:
        assert isinstance(line.case, Case)
        self.texts.append(self._index.add(line.text))
        articles = line.case.articles
        self._labels.append(self._label_sets.setdefault(articles, len(self._label_sets)))

    def groups(self) -> list[Group]:
        """Return the groups of cases with the same or nearly the same text; single cases, too."""
        first_text = {text: texts[0] for texts in self._index.groups() for text in texts}
        members: dict[int, list[int]] = {}
        for case, text in enumerate(self.texts):
            members.setdefault(first_text.get(text, text), []).append(case)
        label_sets = list(self._label_sets)
        return [
            Group(
                tuple(cases),
                Counter(name for case in cases for name in label_sets[self._labels[case]]),
            )
            for cases in members.values()
        ]


class _Stratifier:
    """The split of each group assigned so far, and what each split still needs."""

    def __init__(self, groups: Sequence[Group], ratios: Sequence[float]) -> None:
        self.splits: dict[int, int] = {}
        self._groups = groups
        self._held: list[Counter[str]] = [Counter() for _ in ratios]
        total: Counter[str] = Counter()
        for group in groups:
            total.update(group.articles)
        by_article = _groups_by_article(groups)
        self._rare = {name for name, numbers in by_article.items() if len(numbers) < len(ratios)}
        cases = sum(len(group.cases) for group in groups)
        # Cases that each split still needs, of each article and in all; negative: it has too many.
        self._needed = [{name: ratio * total[name] for name in total} for ratio in ratios]
        self._room = [ratio * cases for ratio in ratios]
        self._excess = [0.5 + _TOLERANCE * room for room in self._room]

    def assign(self, number: int, article: str | None) -> None:
        """Assign a group to the split that needs it most for an article, or None: for its size."""
        group = self._groups[number]
        split = max(
            range(len(self._room)), key=lambda split: self._need(split, group, article=article)
        )
        self.splits[number] = split
        self._room[split] -= len(group.cases)
        self._held[split].update(group.articles)
        for name, count in group.articles.items():
            self._needed[split][name] -= count

    def _need(self, split: int, group: Group, *, article: str | None) -> tuple[float, ...]:
        """Return how much a split needs a group: the larger tuple, the more."""
        is_full = len(group.cases) > self._room[split] + self._excess[split]
        if article is None or is_full:
            return (not is_full, 0, 0, 0, 0, self._room[split])
        held = self._held[split]
        absent = [name for name in group.articles if name not in held]
        # An article too rare for all three splits goes to train.
        train_lacks_rare = split == 0 and not self._rare.isdisjoint(absent)
        return (
            True,
            article not in held,
            train_lacks_rare,
            len(absent),
            self._needed[split][article],
            self._room[split],
        )


def _fill_empty_splits(choice: list[int], order: Sequence[int], *, n_splits: int) -> None:
    """Move a group, of the split with most, to each empty split; `order` has the largest first."""
    for empty in sorted(set(range(n_splits)) - set(choice)):
        for split, n_groups in Counter(choice).most_common(1):
            if n_groups > 1:
                choice[next(number for number in reversed(order) if choice[number] == split)] = (
                    empty
                )


def _groups_by_article(groups: Sequence[Group]) -> dict[str, set[int]]:
    by_article: dict[str, set[int]] = {}
    for number, group in enumerate(groups):
        for name in group.articles:
            by_article.setdefault(name, set()).add(number)
    return by_article


def _usable_lines(
    files: Sequence[Path], case_format: CaseFormat, *, known: KnownLabels, bad_lines: BadLines
) -> Iterator[CaseLine]:
    for path in files:
        for line in read_lines(path, case_format):
            error = label_error(line.case, known) or line.case
            if isinstance(error, CaseError):
                bad_lines.handle(error)
            else:
                yield line


def _write(
    lines: Iterable[CaseLine], folder: Path, *, splits: Sequence[int], progress: Progress
) -> None:
    """Write each case to the file of its split, whose index `splits` has."""
    with ExitStack() as stack:
        outputs = [stack.enter_context((folder / f"{name}.json").open("wb")) for name in SPLITS]
        for done, (line, split) in enumerate(zip(lines, splits, strict=True), 1):
            outputs[split].write(line_to_json(line) + b"\n")
            progress.update("write", done, len(splits))


def _report(
    folder: Path, groups: Sequence[Group], *, choice: Sequence[int], skipped: int
) -> SplitReport:
    cases: Counter[str] = Counter()
    held: dict[str, set[str]] = {name: set() for name in SPLITS}
    for group, split in zip(groups, choice, strict=True):
        cases[SPLITS[split]] += len(group.cases)
        held[SPLITS[split]].update(group.articles)
    return SplitReport(
        folder=str(folder),
        groups=len(groups),
        cases={name: cases[name] for name in SPLITS},
        articles={name: len(names) for name, names in held.items()},
        total_articles=len(set().union(*held.values())),
        articles_in_every_split=len(set.intersection(*held.values())),
        skipped=skipped,
    )
