"""The judge of CAIL2018's articles task: its score of lists of article ids.

The id of an article is its line in law.txt, from 1. The judge is written apart from
`metrics.cail_score`: on lists of ids instead of matrices and with its own rule for 0/0, so that
each can be checked against the other.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lawrec.errors import CaseError
from lawrec.types import Float64Array, Int64Array


@dataclass(frozen=True)
class JudgeResult:
    """The judge's score from 0 to 1, the mean of micro-F1 and macro-F1."""

    score: float
    micro_f1: float
    macro_f1: float


@dataclass(frozen=True)
class CailReport:
    """The judge's result for a file of answers, whose true articles are in a second file.

    Attributes:
        answers: Path of the file of answers.
        truth: Path of the file of true articles.
        lines: Number of lines in law.txt.
        score: (micro-F1 + macro-F1) / 2.
        micro_f1: F1 of the counts pooled over all ids.
        macro_f1: Mean F1 over all ids.
        unmapped_articles: Articles of these cases that law.txt lacks. They are in neither file.
        cited_left_out: How often cases cite such an article.
        recommended_left_out: How often such an article is recommended.
    """

    answers: str
    truth: str
    lines: int
    score: float
    micro_f1: float
    macro_f1: float
    unmapped_articles: tuple[str, ...]
    cited_left_out: int
    recommended_left_out: int


def judge(
    truth: Sequence[Iterable[int]], answers: Sequence[Iterable[int]], *, n_labels: int
) -> JudgeResult:
    """Return (micro-F1 + macro-F1) / 2 over all lines of law.txt.

    F1 is 1 where TP = FP = FN = 0, for an id and for the pooled counts. An id that a case names
    twice counts once. Ids outside of 1 to `n_labels` are ignored. The original judge prints the
    score times 100.

    Source: Xiao et al., "CAIL2018: A Large-Scale Legal Dataset for Judgment Prediction", 2018,
    and https://github.com/dice-group/gerbil/wiki/Precision,-Recall-and-F1-measure, which its
    judge names for 0/0.

    Args:
        truth: The true ids of each case.
        answers: The predicted ids of each case, in the same order.
        n_labels: Number of lines in law.txt.

    Raises:
        CaseError: The number of answers is not the number of cases.

    Example:
        >>> judge([[1], [2]], [[1], [1]], n_labels=2)  # F1 is 2/3 for id 1, and 0 for id 2
        JudgeResult(score=0.41666666666666663, micro_f1=0.5, macro_f1=0.3333333333333333)
    """
    if len(truth) != len(answers):
        raise CaseError(
            "the answers",
            expected=f"there must be one for each of the {len(truth):,} cases",
            got=f"{len(answers):,}",
            todo="Answer every case, with an empty list where no article applies.",
        )
    counts = _count_ids(truth, answers, n_labels=n_labels)
    macro = float(_f1_or_one(counts).mean())
    micro = float(_f1_or_one(counts.sum(axis=1)))
    return JudgeResult((micro + macro) / 2, micro, macro)


def _count_ids(
    truth: Sequence[Iterable[int]], answers: Sequence[Iterable[int]], *, n_labels: int
) -> Int64Array:
    """Return TP, FP and FN of each id, int64 (3, n_labels)."""
    ids = range(1, n_labels + 1)
    tp, fp, fn = Counter[int](), Counter[int](), Counter[int]()
    for true, predicted in zip(map(set, truth), map(set, answers), strict=True):
        tp.update(true & predicted)
        fp.update(predicted - true)
        fn.update(true - predicted)
    return np.array([[counter[label] for label in ids] for counter in (tp, fp, fn)], np.int64)


def _f1_or_one(counts: Int64Array) -> Float64Array:
    """Return 2 TP / (2 TP + FP + FN), and 1 where all three counts are 0."""
    tp, fp, fn = counts
    denominator = 2 * tp + fp + fn
    return np.where(denominator == 0, 1.0, 2 * tp / np.maximum(denominator, 1))
