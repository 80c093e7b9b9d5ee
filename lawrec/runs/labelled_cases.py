"""Labelled cases to tune or to evaluate on: where they are, and which of them are used.

Tuning and evaluation hold a score of each article for each case, so that memory would grow with
the cases. Of more cases than `MAX_SCORED_CASES` and `MAX_SCORES` allow, a random sample is used; it
depends on their number alone, so that several runs are compared on the same one.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lawrec.corpus.bad_lines import BadLines, usable_cases
from lawrec.corpus.cases import Case, Cases, read_cases
from lawrec.corpus.label_check import (
    KnownLabels,
    labels_known_to_run,
    refuse_unknown_labels,
    with_known_labels,
)
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.progress import SILENT, Progress
from lawrec.runs.run import Run
from lawrec.storage.limits import MAX_SCORED_CASES, MAX_SCORES
from lawrec.storage.text_files import content_digest
from lawrec.storage.unchanged_files import change_error
from lawrec.types import Int64Array

SEED = 0
"""Of the sample: the same for all runs."""


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
    """

    path: Path
    sha256: str
    case_format: CaseFormat
    labels: KnownLabels
    max_cases: int
    skip_bad: bool = False

    def read(self) -> Cases:
        """Yield all cases, and an error for each line that cannot be used."""
        cases = read_cases(self.path, case_format=self.case_format)
        return refuse_unknown_labels(cases, self.labels)

    def draw(self, progress: Progress = SILENT) -> tuple[Int64Array, int]:
        """Choose the cases to use.

        Args:
            progress: Receives the number of cases that are counted.

        Returns:
            The position of each among the usable cases, int64 (n,), rising; and the number of
            usable cases.

        Raises:
            CaseError: A line cannot be used and is not to be left out; one error names all unknown
                labels.
        """
        n_cases, cases = 0, read_cases(self.path, case_format=self.case_format)
        check = refuse_unknown_labels if self.skip_bad else with_known_labels
        usable = usable_cases(check(cases, self.labels), BadLines(skip=self.skip_bad))
        for n_cases, _ in enumerate(usable, 1):
            progress.update(f"count the cases of {self.path.name}", n_cases, None)
        if n_cases <= self.max_cases:
            return np.arange(n_cases), n_cases
        return np.array(sorted(random.Random(SEED).sample(range(n_cases), self.max_cases))), n_cases

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


def labelled_cases(
    runs: Sequence[Run],
    path: Path,
    *,
    case_format: CaseFormat = DEFAULT_FORMAT,
    skip_bad: bool = False,
) -> LabelledCases:
    """Return labelled cases for some runs: each gets the same ones.

    Args:
        runs: The runs to be scored with; what one of them knows is no unknown label.
        path: A file, a folder or a pattern, as `list_files` takes it.
        case_format: How the cases are written.
        skip_bad: Leave out lines that are not valid cases, and count them.

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
        max_cases=min(MAX_SCORED_CASES, MAX_SCORES // len(names)),
        skip_bad=skip_bad,
    )
