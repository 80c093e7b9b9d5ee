"""Judge: count answers as the judge of CAIL2018 counts them in its articles task.

An article is an id there: its line in law.txt, from 1.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lawrec.errors import CaseError
from lawrec.evaluation.metrics import RATIOS, Counts
from lawrec.types import Float64Array

LINES = 183
"""Lines of the law.txt of CAIL2018."""
EXAMPLES = 5


@dataclass(frozen=True)
class JudgeResult:
    """The judge's figures; the arrays are (labels,), with id 1 at place 0.

    `ignored` counts the mentions of ids that are no line of law.txt, `ignored_examples` names a
    few of them.
    """

    score: float
    micro_f1: float
    macro_f1: float
    counts: Counts
    precision: Float64Array
    recall: Float64Array
    f1: Float64Array
    ignored: int
    ignored_examples: tuple[int, ...]


def judge(
    truth: Sequence[Iterable[int]], answers: Sequence[Iterable[int]], *, labels: int = LINES
) -> JudgeResult:
    """Return (micro-F1 + macro-F1) / 2 over all lines of law.txt, and what it is made of.

    Precision, recall and F1, of an id as of all together, are 1 where TP = FP = FN = 0, else 0
    where TP = 0. An id that a case names twice counts once. Ids outside of 1 to `labels` are
    ignored. The judge prints the score times 100.

    Source: Xiao et al., "CAIL2018: A Large-Scale Legal Dataset for Judgment Prediction", 2018,
    and https://github.com/dice-group/gerbil/wiki/Precision,-Recall-and-F1-measure, which its
    judge names for 0/0.

    Args:
        truth: The ids of each case.
        answers: The ids that are answered, in the same order of cases.
        labels: Lines of law.txt.

    Raises:
        CaseError: There is not one answer a case.
    """
    if len(truth) != len(answers):
        raise CaseError(
            "the answers",
            expected=f"there must be one for each of the {len(truth):,} cases",
            got=f"{len(answers):,}",
            todo="Answer every case, with an empty list where no article applies.",
        )
    known = frozenset(range(1, labels + 1))
    counts = _count(truth, answers, labels=labels, known=known)
    precision, recall, f1 = _ratios(counts)
    micro, macro = float(_ratios(counts.pooled)[2][0]), float(f1.mean())
    ignored = [one for lists in (truth, answers) for ids in lists for one in {*ids} - known]
    return JudgeResult(
        score=(micro + macro) / 2,
        micro_f1=micro,
        macro_f1=macro,
        counts=counts,
        precision=precision,
        recall=recall,
        f1=f1,
        ignored=len(ignored),
        ignored_examples=tuple(sorted({*ignored})[:EXAMPLES]),
    )


def _count(
    truth: Sequence[Iterable[int]],
    answers: Iterable[Iterable[int]],
    *,
    labels: int,
    known: frozenset[int],
) -> Counts:
    tp, fp, fn = Counter[int](), Counter[int](), Counter[int]()
    for true, given in zip(truth, answers, strict=True):
        expected, answered = known & {*true}, known & {*given}
        tp.update(expected & answered)
        fp.update(answered - expected)
        fn.update(expected - answered)
    ids = range(1, labels + 1)
    met = np.array([[part[one] for one in ids] for part in (tp, fp, fn)], np.int64)
    return Counts(met[0], met[1], met[2], len(truth) - met.sum(axis=0))


def _ratios(counts: Counts) -> tuple[Float64Array, ...]:
    """Return precision, recall and F1."""
    nowhere = counts.tp + counts.fp + counts.fn == 0
    return tuple(np.where(nowhere, 1.0, ratio(counts)) for ratio in RATIOS.values())


_SHOWN = 8


@dataclass(frozen=True)
class CailReport:
    """What the judge says of the answers in a file, whose truth stands beside it.

    `unmapped_articles` are the articles that law.txt lacks: their citations and recommendations, counted in
    `cited_left_out` and `recommended_left_out`, are in neither file and not judged.
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

    def text(self) -> str:
        """Return the verdict for people."""
        text = (
            f"CAIL2018's judge, {self.lines:,} lines: score {self.score:.4f}, "
            f"micro-F1 {self.micro_f1:.4f}, macro-F1 {self.macro_f1:.4f}\n"
            f"Answers: {self.answers}, truth: {self.truth}"
        )
        if not self.unmapped_articles:
            return text
        return (
            f"{text}\nLeft out, since the list lacks {some(self.unmapped_articles)}: "
            f"{self.cited_left_out:,} cited, {self.recommended_left_out:,} recommended"
        )


def some(articles: Sequence[str]) -> str:
    """Return the first few articles of a list and the number of the others, for people."""
    others = len(articles) - _SHOWN
    shown = ", ".join(articles[:_SHOWN])
    return f"{shown} and {others:,} more" if others > 0 else shown
