"""Stratified split: cases into train, valid and test, so that near-duplicates stay together.

Near-duplicates form groups, and a group is never divided: otherwise the model would be tested on
what it has learned. Groups are assigned by iterative stratification, so that each split has about
the same share of each article, and rare articles reach every split where they can.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lawrec.corpus.bad_lines import SKIPPED, BadLines
from lawrec.corpus.case_lines import CaseLine, line_to_json, read_lines
from lawrec.corpus.cases import Case
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
from lawrec.corpus.splitting.stratification import GroupKind, assign_groups
from lawrec.errors import CaseError, ConfigError
from lawrec.iterables import MapItems, map_here
from lawrec.law.articles import read_article_list
from lawrec.progress import SILENT, Progress
from lawrec.storage.disk_array import DiskArray
from lawrec.storage.files import atomic_folder, check_new_folder, temporary_file
from lawrec.storage.unchanged_files import change_check

RATIOS = (0.8, 0.1, 0.1)


@dataclass(frozen=True)
class SplitSettings:
    """How to split.

    Args:
        ratios: The shares of train, valid and test: three positive numbers whose sum is 1.
        seed: The seed of the random order in which groups of equal size are assigned.
        threshold: The smallest Jaccard similarity of two facts that are near-duplicates.
        map_items: Compares the facts, in this process or in others.
    """

    ratios: Sequence[float] = RATIOS
    seed: int = 2018
    threshold: float = NEAR_DUPLICATE_THRESHOLD
    map_items: MapItems = map_here


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
            is off, a file changes meanwhile, or a split would stay empty.
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
    known = known_labels(listed, article_list, any_label=case_format.any_label)
    if not skip_bad:
        check_labels([(file, case_format) for file in files], known, progress=progress)
    bad_lines, check_unchanged = BadLines(skip=skip_bad), change_check(files)
    with ExitStack() as temporary:
        reading = _Reading(temporary, settings)
        lines = _usable_lines(files, case_format, known=known, bad_lines=bad_lines)
        for done, line in enumerate(lines, 1):
            reading.add(line)
            progress.update("read", done, None)
        rng = np.random.default_rng(settings.seed)
        assigned = assign_groups(reading.count_kinds(), settings.ratios, rng=rng)
        if not assigned or not all(np.sum(list(assigned.values()), axis=0)):
            raise CaseError(
                " ".join(map(str, files)),
                expected="there must be a group of cases for each split",
                got=f"{len(reading)} cases in {reading.n_groups} groups of near-duplicates",
                todo="Add cases.",
            )
        splits = reading.choose_splits(assigned, rng)
        with atomic_folder(folder, overwrite=False) as new:
            lines = _usable_lines(
                files, case_format, known=known, bad_lines=BadLines(skip=True, log=new / SKIPPED)
            )
            _write(lines, new, splits=splits, progress=progress)
            check_unchanged()
    return _report(folder, assigned, skipped=bad_lines.skipped)


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
    """The cases read so far: in temporary files, the text of each, and the number of its articles.

    Memory holds the different sets of articles, and the different kinds of groups.
    """

    def __init__(self, temporary: ExitStack, settings: SplitSettings) -> None:
        self._texts = NearDuplicateIndex(
            temporary, settings.threshold, map_items=settings.map_items
        )
        self._labels, self._kinds = (
            DiskArray(temporary.enter_context(temporary_file()), np.uint32) for _ in range(2)
        )
        self._label_numbers: dict[tuple[str, ...], int] = {}
        self._kind_numbers: dict[GroupKind, int] = {}
        self.n_groups = 0

    def __len__(self) -> int:
        return len(self._labels)

    def add(self, line: CaseLine) -> None:
        assert isinstance(line.case, Case)
        self._texts.add(line.text)
        articles = line.case.articles
        self._labels.append(self._label_numbers.setdefault(articles, len(self._label_numbers)))
        self._kinds.append(0)

    def count_kinds(self) -> dict[GroupKind, int]:
        """Return how many groups of the same or nearly the same text there are of each kind."""
        label_sets = list(self._label_numbers)
        counts: Counter[GroupKind] = Counter()
        for cases in self._texts.groups(at_least=1):
            articles = Counter(name for case in cases for name in label_sets[self._labels[case]])
            kind = GroupKind(len(cases), frozenset(articles.items()))
            counts[kind] += 1
            # The first case of a group keeps the kind of the group.
            self._kinds[cases[0]] = self._kind_numbers.setdefault(kind, len(self._kind_numbers))
        self.n_groups = counts.total()
        return counts

    def choose_splits(
        self, assigned: Mapping[GroupKind, Sequence[int]], rng: np.random.Generator
    ) -> DiskArray:
        """Return the split of each case: it gets random groups of each kind, as many as assigned.

        It replaces the kinds, which are needed no longer.
        """
        kinds = list(self._kind_numbers)
        left = [list(assigned[kind]) for kind in kinds]
        for case, first in enumerate(self._texts.first_of_group.items()):
            if case == first:
                counts = left[self._kinds[case]]
                number = int(rng.integers(sum(counts)))
                split = next(i for i in range(len(counts)) if number < sum(counts[: i + 1]))
                counts[split] -= 1
                self._kinds[case] = split
            else:
                self._kinds[case] = self._kinds[first]
        return self._kinds


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
    lines: Iterable[CaseLine], folder: Path, *, splits: DiskArray, progress: Progress
) -> None:
    """Write each case to the file of its split, whose index `splits` has."""
    with ExitStack() as stack:
        outputs = [stack.enter_context((folder / f"{name}.json").open("wb")) for name in SPLITS]
        for done, (line, split) in enumerate(zip(lines, splits.items(), strict=False), 1):
            outputs[split].write(line_to_json(line) + b"\n")
            progress.update("write", done, len(splits))


def _report(
    folder: Path, assigned: Mapping[GroupKind, Sequence[int]], *, skipped: int
) -> SplitReport:
    cases: Counter[str] = Counter()
    held: dict[str, set[str]] = {name: set() for name in SPLITS}
    for kind, counts in assigned.items():
        for split, count in zip(SPLITS, counts, strict=True):
            cases[split] += kind.cases * count
            held[split].update(name for name, _ in kind.articles if count)
    return SplitReport(
        folder=str(folder),
        groups=sum(map(sum, assigned.values())),
        cases={name: cases[name] for name in SPLITS},
        articles={name: len(names) for name, names in held.items()},
        total_articles=len(set().union(*held.values())),
        articles_in_every_split=len(set.intersection(*held.values())),
        skipped=skipped,
    )
