"""Results of commands, which reports show: answers, scored cases, tuned thresholds.

They are here, apart from the code that computes them, so that `lawrec.reporting` can show them
without importing TensorFlow.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lawrec.corpus.cases import Case
from lawrec.corpus.records.manifest import Records
from lawrec.decision.cross_fitting import StrategyResult
from lawrec.decision.decision_rule import DecisionRule
from lawrec.decision.explanation import SimilarCase
from lawrec.decision.recommend import Decision
from lawrec.errors import CaseError
from lawrec.evaluation.report import EvaluationReport, RunPredictions
from lawrec.runs.labelled_cases import LabelledCases
from lawrec.runs.run import Run
from lawrec.types import BoolArray, Float32Array, Int64Array


@dataclass(frozen=True)
class GuaranteeCost:
    """What a guarantee costs, on the cases that it was chosen on.

    Attributes:
        coverage: Share of new cases whose list will have all their articles, on average.
        score: An article with at least this score is listed for it.
        articles_per_case: Mean number of articles with at least this score.
        abstained: Share of cases with more of them than a list may have, left to a person.
    """

    coverage: float
    score: float
    articles_per_case: float
    abstained: float


@dataclass(frozen=True)
class FeedbackEffect:
    """What feedback was used to tune, and how the lists of its cases have changed.

    Attributes:
        path: The file of the feedback.
        sha256: Its digest.
        cases: The number of its cases.
        before: The metrics of the earlier thresholds on these cases; None if there were none.
        after: Those of the new thresholds, which were tuned on these cases, too.
    """

    path: Path
    sha256: str
    cases: int
    before: dict[str, float] | None
    after: dict[str, float]


@dataclass(frozen=True)
class TuningResult:
    """What `tune_run` chose, on which cases, and how well it does on just these cases.

    Attributes:
        strategy: A key of `STRATEGIES`.
        objective: A key of `OBJECTIVES`, which was maximized.
        path: The cases.
        sha256: Their digest.
        cases: Their number.
        drawn_from: The number of cases that they were drawn from.
        rule: The chosen rule.
        support: True cases of each article, int64 (n_articles,).
        intervals: The interval of each article's own best threshold, float32 (n_articles, 2).
        metrics: The metrics of the rule's lists, by name.
        compared: All strategies by cross-validation, the best first; empty where one was named.
        guarantee: The cost of the guarantee; None without one.
        feedback: What was used of feedback; None without any.
        out_of_fold: Whether the cases are train cases, scored by models that have not seen them.
        skipped: The number of lines that were left out.
        trained: The number of these cases that the run was trained on, unless out of fold.
    """

    strategy: str
    objective: str
    path: Path
    sha256: str
    cases: int
    drawn_from: int
    rule: DecisionRule
    support: Int64Array
    intervals: Float32Array
    metrics: dict[str, float]
    compared: tuple[StrategyResult, ...]
    guarantee: GuaranteeCost | None
    feedback: FeedbackEffect | None = None
    out_of_fold: bool = False
    skipped: int = 0
    trained: int = 0


@dataclass(frozen=True)
class TrainingEvaluation:
    """What the training loop reports after each evaluation.

    Attributes:
        step: The global step.
        epoch: The epoch, from 1.
        loss: Mean loss since the last evaluation.
        valid: Metrics on the valid split, by name.
        best: Whether this is the best checkpoint so far.
    """

    step: int
    epoch: int
    loss: float
    valid: dict[str, float]
    best: bool


@dataclass(frozen=True)
class DryRunReport:
    """The sizes of a training, and the results of its first two steps.

    Attributes:
        records: The records.
        parameters: Number of trainable and other weights.
        weight_bytes: Bytes of the model's weights.
        optimizer_bytes: Bytes of the optimizer's variables.
        shapes: dtype and shape of each array of a batch, by name.
        loss: The loss of the first step.
        first_seconds: Seconds of the first step, which compiles.
        speed: The throughput of the second step, by unit.
    """

    records: Records
    parameters: int
    weight_bytes: int
    optimizer_bytes: int
    shapes: dict[str, str]
    loss: float
    first_seconds: float
    speed: dict[str, float]


@dataclass(frozen=True)
class ShownCase:
    """One row of a batch as the model gets it, turned back into text; the case id is not in it."""

    text: str
    articles: tuple[str, ...]
    charges: tuple[str, ...]
    weight: float


@dataclass(frozen=True)
class FirstBatch:
    """The first batch of a training.

    Attributes:
        shapes: dtype and shape of each array, by name.
        cases: Its rows.
        checks: For each check, the rows or arrays that fail it. The loss and the gradients are
            checked only where nothing else failed.
    """

    shapes: dict[str, str]
    cases: tuple[ShownCase, ...]
    checks: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Answer:
    """The answer to one line of input: its decision, or why there is none.

    Attributes:
        case_id: The id of the case, by default the number of its line.
        fact: Its text.
        decision: The recommended articles.
        truncated: Whether the end of the fact was not considered.
        error: What is wrong with the line; None where it was answered.
        similar_cases: The train cases that are most like the fact; None where nobody asked for
            them, or where the run keeps none.
    """

    case_id: str
    fact: str = field(repr=False, default="")
    decision: Decision = field(default_factory=Decision)
    truncated: bool = False
    error: CaseError | None = None
    similar_cases: tuple[SimilarCase, ...] | None = None


@dataclass(frozen=True)
class ScoredCases:
    """Labelled cases with their scores.

    The columns are the run's articles, then those that the cases cite and the run does not know.
    The latter score 0, so that each of their citations counts as a miss.

    Attributes:
        articles: The article of each column.
        y_true: bool (n_cases, n_articles).
        y_score: float32 (n_cases, n_articles), 0 to 1.
        known: bool (n_cases, n_articles), False where it is not known whether the article applies.
        skipped: Number of lines that could not be used.
        positions: The position of each case among the usable ones of its file, int64 (n_cases,).
        drawn_from: The number of usable cases that count, of which these are all or a sample.
        trained: The number of these cases that the run was trained on.
        superseded: The number of other usable cases, which later ones on the same facts replace.
    """

    articles: tuple[str, ...]
    y_true: BoolArray
    y_score: Float32Array
    known: BoolArray
    skipped: int
    positions: Int64Array
    drawn_from: int
    trained: int = 0
    superseded: int = 0

    def __len__(self) -> int:
        return len(self.y_true)


@dataclass(frozen=True)
class EvaluationResult:
    """An evaluated run.

    Attributes:
        run: The run.
        name: What it was evaluated on, for the names of files: a split, or "data-" and a name.
        cases: The cases.
        scored: Their scores.
        predictions: The lists that the run's thresholds make of them.
        report: The metrics.
    """

    run: Run
    name: str
    cases: LabelledCases
    scored: ScoredCases
    predictions: RunPredictions
    report: EvaluationReport

    def read_rows(self, rows: Iterable[int]) -> dict[int, Case]:
        """Return the cases of some rows of the scores, read again from their file."""
        positions = {int(self.scored.positions[row]): row for row in rows}
        return {positions[at]: case for at, case in self.cases.read_at(positions).items()}
