"""Split: deal cases out to train, valid and test so that near-duplicates stay together."""

import random
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lawrec.corpus.case_lines import CaseLine, copied, json_line, read_lines
from lawrec.corpus.cases import Case
from lawrec.corpus.near_duplicates import ALIKE, NearDuplicates
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.corpus.splits import SPLITS
from lawrec.errors import CaseError, ConfigError
from lawrec.files import atomic_folder, check_new_folder
from lawrec.progress import SILENT, Progress

SHARES = (0.8, 0.1, 0.1)


@dataclass(frozen=True)
class Group:
    """Cases that must stay together, and how many of them each article has."""

    cases: tuple[int, ...]
    articles: Counter[str]


@dataclass(frozen=True)
class SplitReport:
    """What splitting did."""

    folder: str
    groups: int
    cases: dict[str, int]  # by split
    articles: dict[str, int]  # by split: those that it holds
    total: int  # articles
    everywhere: int  # articles that every split holds
    skipped: int


def split_files(
    files: Sequence[Path],
    folder: Path,
    *,
    shares: Sequence[float] = SHARES,
    seed: int = 2018,
    threshold: float = ALIKE,
    case_format: CaseFormat = DEFAULT_FORMAT,
    skip_bad: bool = False,
    progress: Progress = SILENT,
) -> SplitReport:
    """Write the cases of files to train.json, valid.json and test.json of a new folder.

    Lines are written as `copied` says; each split keeps the order of the input. The same files,
    shares and seed give the same bytes.

    Raises:
        CaseError: The folder is in use, a line cannot be used and `skip_bad` is off, or a split
            would stay empty.
        ConfigError: The shares are not three positive numbers with the sum 1.
    """
    check_shares(shares)
    check_new_folder(folder)
    with tempfile.TemporaryFile() as spool:
        reading = _Reading(NearDuplicates(spool, threshold))
        for line in _usable(files, case_format, skip_bad=skip_bad, progress=progress):
            reading.add(line)
        groups = reading.groups()
    choice = deal(groups, shares, numbers=random.Random(seed))
    if len(set(choice)) < len(SPLITS):
        raise CaseError(
            " ".join(map(str, files)),
            expected="there must be a group of cases for each split",
            got=f"{len(groups)} groups of near-duplicates",
            todo="Add cases.",
        )
    splits = array("B", bytes(len(reading.texts)))
    for group, split in zip(groups, choice, strict=True):
        for case in group.cases:
            splits[case] = split
    skipped = _write(files, case_format, folder=folder, splits=splits, progress=progress)
    return _report(folder, groups, choice=choice, skipped=skipped)


def deal(groups: Sequence[Group], shares: Sequence[float], *, numbers: random.Random) -> list[int]:
    """Return the split of each group, from 0: every article spread as the shares are.

    Iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011, On the Stratification of
    Multi-Label Data) over groups in place of cases: the article with the fewest groups left is
    dealt out first, each group to the split that still wants most of it. Beyond the paper, a split
    without any of the article goes first, so that an article of three groups reaches three splits.
    """
    dealing = _Dealing(groups, shares)
    left = _groups_by_article(groups)
    order = numbers.sample(range(len(groups)), len(groups))
    order.sort(key=lambda number: -len(groups[number].cases))
    ranks = {number: rank for rank, number in enumerate(order)}
    while left:
        article = min(left, key=lambda name: (len(left[name]) < len(shares), len(left[name]), name))
        for number in sorted(left[article], key=ranks.__getitem__):
            dealing.give(number, article)
            for name in groups[number].articles:
                left[name].discard(number)
        left = {name: rest for name, rest in left.items() if rest}
    for number in order:
        if number not in dealing.splits:
            dealing.give(number, None)
    return [dealing.splits[number] for number in range(len(groups))]


def check_shares(shares: Sequence[float]) -> None:
    """Refuse shares that are not three positive numbers with the sum 1.

    Raises:
        ConfigError: They are not.
    """
    if len(shares) != len(SPLITS) or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
        raise ConfigError(
            "--ratios",
            expected="the shares of train, valid and test must be positive with the sum 1",
            got=",".join(map(str, shares)),
            todo="Write 0.8,0.1,0.1, say.",
        )


class _Reading:
    """The cases read so far: the text of each, and the articles of each."""

    def __init__(self, near: NearDuplicates) -> None:
        self.texts = array("Q")
        self._near = near
        self._labels = array("Q")
        self._label_sets: dict[tuple[str, ...], int] = {}

    def add(self, line: CaseLine) -> None:
        assert isinstance(line.case, Case)
        self.texts.append(self._near.add(line.text))
        articles = line.case.articles
        self._labels.append(self._label_sets.setdefault(articles, len(self._label_sets)))

    def groups(self) -> list[Group]:
        roots = {text: texts[0] for texts in self._near.groups() for text in texts}
        members: dict[int, list[int]] = {}
        for case, text in enumerate(self.texts):
            members.setdefault(roots.get(text, text), []).append(case)
        sets = list(self._label_sets)
        return [
            Group(
                tuple(cases), Counter(name for case in cases for name in sets[self._labels[case]])
            )
            for cases in members.values()
        ]


class _Dealing:
    """What each split holds already, and what it still wants."""

    def __init__(self, groups: Sequence[Group], shares: Sequence[float]) -> None:
        self.splits: dict[int, int] = {}
        self._groups = groups
        self._held: list[Counter[str]] = [Counter() for _ in shares]
        total: Counter[str] = Counter()
        for group in groups:
            total.update(group.articles)
        sizes = {name: len(numbers) for name, numbers in _groups_by_article(groups).items()}
        self._few = {name for name, size in sizes.items() if size < len(shares)}
        cases = sum(len(group.cases) for group in groups)
        self._wanted = [{name: share * total[name] for name in total} for share in shares]
        self._room = [share * cases for share in shares]

    def give(self, number: int, article: str | None) -> None:
        """Give a group to the split that lacks, else wants, most of an article."""
        group = self._groups[number]
        split = max(
            range(len(self._room)), key=lambda split: self._need(split, group, article=article)
        )
        self.splits[number] = split
        self._room[split] -= len(group.cases)
        self._held[split].update(group.articles)
        for name, count in group.articles.items():
            self._wanted[split][name] -= count

    def _need(self, split: int, group: Group, *, article: str | None) -> tuple[float, ...]:
        if article is None:
            return (0, 0, 0, self._room[split])
        held, wanted = self._held[split], self._wanted[split]
        lacking = [name for name in group.articles if name not in held]
        # What is too rare for every split is to be learnt at least.
        learnt = split == 0 and not self._few.isdisjoint(lacking)
        return (article not in held, learnt, len(lacking), wanted[article], self._room[split])


def _groups_by_article(groups: Sequence[Group]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for number, group in enumerate(groups):
        for name in group.articles:
            found.setdefault(name, set()).add(number)
    return found


def _usable(
    files: Sequence[Path], case_format: CaseFormat, *, skip_bad: bool, progress: Progress
) -> Iterator[CaseLine]:
    done = 0
    for path in files:
        for line in read_lines(path, case_format):
            if isinstance(line.case, CaseError):
                if not skip_bad:
                    raise line.case
                continue
            done += 1
            progress.update("read", done, None)
            yield line


def _write(
    files: Sequence[Path],
    case_format: CaseFormat,
    *,
    folder: Path,
    splits: Sequence[int],
    progress: Progress,
) -> int:
    """Write each case to its split and each unusable line to skipped.jsonl; count the latter."""
    skipped, done = 0, 0
    with atomic_folder(folder) as new, ExitStack() as stack:
        outs = [stack.enter_context((new / f"{name}.json").open("wb")) for name in SPLITS]
        for path in files:
            for line in read_lines(path, case_format):
                if isinstance(line.case, CaseError):
                    skipped += 1
                    _keep(line.case, new)
                else:
                    outs[splits[done]].write(copied(line) + b"\n")
                    done += 1
                    progress.update("write", done, len(splits))
    return skipped


def _keep(error: CaseError, folder: Path) -> None:
    line = {"where": error.where, "error": str(error)}
    with (folder / "skipped.jsonl").open("ab") as skipped:
        skipped.write(json_line(line) + b"\n")


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
        total=len(set().union(*held.values())),
        everywhere=len(set.intersection(*held.values())),
        skipped=skipped,
    )
