"""Labelled cases to tune or to evaluate on: where they are, and which of them are used.

Tuning and evaluation hold a score of each article for each case, so that memory would grow with
the cases. Of more cases than `MAX_SCORED_CASES` and `MAX_SCORES` allow, a random sample is used; it
depends on their number alone, so that several runs are compared on the same one.
"""

import random
from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lawrec.corpus.bad_lines import BadLines, usable_cases
from lawrec.corpus.cases import Case, Cases, read_cases
from lawrec.corpus.label_check import (
    KnownLabels,
    labels_known_to_run,
    refuse_each_unknown_label,
    refuse_unknown_labels_at_end,
)
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.progress import SILENT, Progress
from lawrec.runs.run import Run
from lawrec.storage.file_lists import content_digest
from lawrec.storage.limits import MAX_SCORED_CASES, MAX_SCORES
from lawrec.storage.unchanged_files import change_error
from lawrec.text import normalize
from lawrec.types import Int64Array

SEED = 0
"""Of the sample: the same for all runs."""


class Sample(NamedTuple):
    """Which of the usable cases of a file are used.

    Attributes:
        positions: The position of each among the usable cases, int64 (n,), rising.
        drawn_from: The number of cases that they were drawn from.
        superseded: The number of cases that a later one on the same fact replaces.
    """

    positions: Int64Array
    drawn_from: int
    superseded: int = 0


@dataclass(frozen=True)
class LabelledCases:
    """Where labelled cases are, how to read them, and how many of them to use.

    Attributes:
        path: A path as `list_files` takes it.
        sha256: The digest of the cases.
        case_format: How they are written.
        labels: The labels that they may have; a case with another one is an error.
        max_cases: If there are more cases, this many are drawn.
        skip_bad: Whether lines that cannot be used are left out.
        last_of_fact: Whether of several cases with the same fact the last one alone counts.
    """

    path: Path
    sha256: str
    case_format: CaseFormat
    labels: KnownLabels
    max_cases: int
    skip_bad: bool = False
    last_of_fact: bool = False

    def read(self) -> Cases:
        """Yield all cases, and an error for each line that cannot be used."""
        cases = read_cases(self.path, case_format=self.case_format)
        return refuse_each_unknown_label(cases, self.labels)

    def draw(self, progress: Progress = SILENT) -> Sample:
        """Choose the cases to use.

        Args:
            progress: Receives the number of cases that are counted.

        Raises:
            CaseError: A line cannot be used and is not to be left out; one error names all unknown
                labels.
        """
        n_cases, digests = 0, array("q")
        cases = read_cases(self.path, case_format=self.case_format)
        check = refuse_each_unknown_label if self.skip_bad else refuse_unknown_labels_at_end
        usable = usable_cases(check(cases, self.labels), BadLines(skip=self.skip_bad))
        for n_cases, case in enumerate(usable, 1):
            if self.last_of_fact:
                digests.append(_digest(case.fact))
            progress.update(f"count the cases of {self.path.name}", n_cases, None)
        counted = _last_positions(digests) if self.last_of_fact else range(n_cases)
        chosen: Sequence[int] = counted
        if len(counted) > self.max_cases:
            chosen = sorted(random.Random(SEED).sample(counted, self.max_cases))
        return Sample(np.array(chosen, np.int64), len(counted), n_cases - len(counted))

    def read_at(self, positions: Collection[int]) -> dict[int, Case]:
        """Return some of the usable cases by their position, read again from their file.

        Raises:
            CaseError: The cases have changed.
        """
        wanted = set(positions)
        cases = usable_cases(self.read(), BadLines(skip=self.skip_bad))
        chosen = {position: case for position, case in enumerate(cases) if position in wanted}
        self.check_unchanged()
        return chosen

    def check_unchanged(self) -> None:
        """Raise a CaseError if the cases are not those of the digest: a position may be another."""
        if content_digest(self.path) != self.sha256:
            raise change_error(self.path)


def _digest(fact: str) -> int:
    digest = blake2b(normalize(fact).encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def _last_positions(digests: "array[int]") -> list[int]:
    """Return the position of the last of all equal digests, for each of them, rising."""
    _, from_end = np.unique(np.array(digests, np.int64)[::-1], return_index=True)
    return sorted((len(digests) - 1 - from_end).tolist())


def max_scored_cases(n_articles: int) -> int:
    """Return how many cases are scored at most, each for so many articles.

    Example:
        >>> max_scored_cases(40), max_scored_cases(5_000)
        (50000, 10000)
    """
    return min(MAX_SCORED_CASES, MAX_SCORES // n_articles)


def labelled_cases(
    runs: Sequence[Run],
    path: Path,
    *,
    case_format: CaseFormat = DEFAULT_FORMAT,
    skip_bad: bool = False,
    last_of_fact: bool = False,
) -> LabelledCases:
    """Return labelled cases for some runs: each gets the same ones.

    Args:
        runs: The runs to be scored with; what one of them knows is not an unknown label.
        path: A file, a folder or a pattern, as `list_files` takes it.
        case_format: How the cases are written.
        skip_bad: Leave out lines that are not valid cases, and count them.
        last_of_fact: Of several cases with the same fact, use the last one alone, as of feedback.

    Raises:
        CaseError: A file cannot be read.

    Example:
        >>> labelled_cases([run], Path("data/valid.json")).max_cases  # doctest: +SKIP
        50000
    """
    names = {name for run in runs for name in run.articles.names}
    return LabelledCases(
        path,
        content_digest(path),
        case_format,
        labels=labels_known_to_run(names, any_label=case_format.any_label),
        max_cases=max_scored_cases(len(names)),
        skip_bad=skip_bad,
        last_of_fact=last_of_fact,
    )
