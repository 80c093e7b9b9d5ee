"""Results: what commands return, without TensorFlow, so that reports need not import it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lawrec.corpus.cases import Case, read_cases
from lawrec.corpus.readers import CaseFormat
from lawrec.decision.cross_fitting import StrategyResult
from lawrec.decision.decision_rule import DecisionRule
from lawrec.decision.recommend import Decision
from lawrec.errors import CaseError
from lawrec.evaluation.report import EvaluationReport, RunPredictions
from lawrec.runs.run import Run
from lawrec.types import BoolArray, Float32Array, Int64Array


@dataclass(frozen=True)
class GuaranteeCost:
    """What a guarantee costs on the cases that it was made with."""

    level: float
    score: float  # from which on articles are listed
    articles: float  # of a list, on average
    abstained: float  # share of cases


@dataclass(frozen=True)
class TuningResult:
    """What was tuned, on what, and how well it does on just those cases.

    `compared` has the strategies by cross-validation, the best first, if one was to be found.
    `support` counts the true cases of each article there, `bounds` (n_articles, 2) says between
    which cuts the article's own best one lies.
    """

    strategy: str
    objective: str
    path: Path
    sha256: str
    cases: int
    rule: DecisionRule
    support: Int64Array
    bounds: Float32Array
    figures: dict[str, float]
    compared: tuple[StrategyResult, ...]
    promise: GuaranteeCost | None


@dataclass(frozen=True)
class TrainingEvaluation:
    """What the loop reports now and then: the mean loss since the last, and figures on valid."""

    step: int
    epoch: int
    loss: float
    valid: dict[str, float]
    best: bool


@dataclass(frozen=True)
class DryRunReport:
    """The sizes of a training; `speed` is that of the second step, and the first one compiles."""

    records: Path
    cases: dict[str, int]
    tokens: int
    articles: int
    parameters: int
    weight_bytes: int
    optimizer_bytes: int
    shapes: dict[str, str]
    loss: float
    first_seconds: float
    speed: dict[str, float]


@dataclass(frozen=True)
class ShownCase:
    """A row of a batch as the model is told it; its id is not among that."""

    text: str
    articles: tuple[str, ...]
    charges: tuple[str, ...]
    weight: float


@dataclass(frozen=True)
class FirstBatch:
    """The first batch of a training, and for each check what fails it, if anything does.

    The loss and the gradients are checked where nothing else failed.
    """

    shapes: dict[str, str]
    cases: tuple[ShownCase, ...]
    checks: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Answer:
    """What lawrec says of one case: its decision, or the error that kept it from answering."""

    case_id: str
    fact: str = field(repr=False, default="")
    decision: Decision = field(default_factory=Decision)
    truncated: bool = False
    error: CaseError | None = None


@dataclass(frozen=True)
class Layer:
    """One layer of the model; `output` is its shape without the batch."""

    name: str
    output: str
    parameters: int


@dataclass(frozen=True)
class RunInfo:
    """A run's description.

    `flops` is the floating-point operations for a case of the greatest length; `changed` the
    settings, by name, that differ from those of `preset`.
    """

    run: str
    checkpoint: str | None
    splits: dict[str, str]
    tokenizer: str
    tokens: int
    articles: int
    thresholds: str
    parameters: int
    flops: int
    layers: list[Layer]
    preset: str
    changed: dict[str, Any]
    config: dict[str, Any]


@dataclass(frozen=True)
class MachineReport:
    """What a machine has, without a judgment; sizes in bytes.

    Attributes:
        gpus: The names of the GPUs that TensorFlow sees.
        built_for: "cuda_version" and "cudnn_version" of TensorFlow; empty for a build without CUDA.
        hidden: CUDA_VISIBLE_DEVICES, or None where it is not set.
        nodes: The device files of NVIDIA's driver.
        driver: What the driver says of its version, or "".
        smi: What nvidia-smi says: a line a GPU, its error, or "" where there is no such program.
        broken: From each library that cannot be loaded, the driver's among them, to why.
        packages: From each package of `LIBRARIES` that is installed to its version.
    """

    gpus: tuple[str, ...]
    built_for: dict[str, str]
    hidden: str | None
    nodes: tuple[str, ...]
    driver: str
    smi: str
    broken: dict[str, str]
    packages: dict[str, str]


@dataclass(frozen=True)
class DoctorReport:
    """What the doctor says; `difference` is the largest between scores of the CPU and the GPU."""

    lawrec: str
    tensorflow: str
    keras: str
    cores: int
    findings: MachineReport
    why_no_gpu: list[str]
    difference: float | None
    batch_tokens: int


@dataclass(frozen=True)
class ScoredCases:
    """Labelled cases with their scores: y_true bool, y_score float32, (n_cases, n_articles).

    `known` is False where a case does not know whether the article applies to it.
    The columns are the run's articles, then those that the cases cite and the run does not know:
    they score 0, so that each of their citations counts as a miss.
    """

    case_ids: tuple[str, ...]
    articles: tuple[str, ...]
    y_true: BoolArray
    y_score: Float32Array
    known: BoolArray
    skipped: int


@dataclass(frozen=True)
class LabelledCases:
    """Labelled cases: where they are, how they are written, whether bad lines may be left out."""

    path: Path
    sha256: str
    case_format: CaseFormat
    skip_bad: bool

    def read_rows(self, rows: Iterable[int]) -> dict[int, Case]:
        """Return the cases of some rows of the scores, read again from their file."""
        wanted = set(rows)
        read = (
            case
            for case in read_cases(self.path, case_format=self.case_format)
            if isinstance(case, Case)
        )
        return {row: case for row, case in enumerate(read) if row in wanted}


@dataclass(frozen=True)
class EvaluationResult:
    """An evaluated run.

    Attributes:
        run: The run.
        name: What was evaluated on, for the names of files: a split, or a file's name.
        cases: The cases.
        scored: Their scores.
        predictions: The lists that the run's thresholds make of them.
        report: The figures.
    """

    run: Run
    name: str
    cases: LabelledCases
    scored: ScoredCases
    predictions: RunPredictions
    report: EvaluationReport
