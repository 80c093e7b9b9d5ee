"""Weights of 8 bits: the exported network at a quarter of its size, if it recommends as well.

The token vectors and the weights of the LSTM are rounded once. ONNX Runtime also rounds the numbers
that these weights are multiplied with, as it computes.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lawrec.decision.decision_rule import DecisionRule, decide
from lawrec.decision.threshold_strategies import best_global_rule
from lawrec.decision.tuning_cases import TuningCases
from lawrec.devices.onnxruntime_start import import_onnxruntime
from lawrec.errors import RunError
from lawrec.evaluation.metrics import evaluate
from lawrec.inference.engines import EngineChoice
from lawrec.inference.score_cases import score_cases, score_labelled_cases
from lawrec.models.onnx_graph import onnx_model
from lawrec.progress import SILENT, Progress
from lawrec.ranking.run_scorer import RunScorer
from lawrec.runs.labelled_cases import Sample, labelled_cases
from lawrec.runs.leakage import split_path
from lawrec.runs.onnx_file import INT8_MODEL, MODEL, ONNX, onnx_logits, onnx_path, save_onnx
from lawrec.runs.ranker_file import load_ranker
from lawrec.runs.results import ScoredCases
from lawrec.runs.run import Run
from lawrec.runs.thresholds_file import extend_rule, load_thresholds
from lawrec.training.checkpoints import open_checkpoint
from lawrec.translation import translate
from lawrec.types import Float32Array

MAX_LOSS = 0.005
"""The most that a metric on valid may lose."""
METRICS = ("micro_f1", "cail_score")
"""The metrics that are compared."""


@dataclass(frozen=True)
class Int8Model:
    """A model with weights of 8 bits that was written.

    Attributes:
        path: Its file.
        size: Its size in bytes.
        before: The metrics of the exact model on valid, by the names of `METRICS`.
        after: Those with weights of 8 bits.
    """

    path: Path
    size: int
    before: dict[str, float]
    after: dict[str, float]

    def text(self) -> str:
        """Return the summary that `lawrec export onnx --int8` prints."""
        changes = (
            f"{name} {before:.4f} -> {self.after[name]:.4f}" for name, before in self.before.items()
        )
        size = self.size / 1e6
        return translate(f"{self.path}: {size:,.1f} MB; on valid, {', '.join(changes)}")


def export_int8(run: Run, checkpoint: str, *, progress: Progress = SILENT) -> Int8Model:
    """Add a model with weights of 8 bits to the exported form of a checkpoint.

    Both models recommend articles for the valid split by the run's thresholds, or by the best
    single one if it is not tuned.

    Args:
        run: The run.
        checkpoint: The path prefix of the checkpoint, which is exported.
        progress: Gets the number of cases that are scored.

    Raises:
        RunError: The checkpoint is not exported, or a metric loses more than `MAX_LOSS`. Nothing is
            written then.
        CaseError: The valid split cannot be read.

    Example:
        >>> export_int8(run, best_checkpoint(run)).after["micro_f1"]  # doctest: +SKIP
        0.853
    """
    exact = onnx_path(run, checkpoint).read_bytes()
    saved = open_checkpoint(checkpoint)
    weights = {name: saved.read(name) for name in saved.weights}
    content = quantized(onnx_model(run.config.model, weights, int8_embedding=True))
    logits = onnx_logits(content, n_articles=len(run.articles), alone=True)
    scorer = RunScorer(logits, load_ranker(run), run.config.model.lstm_tokens)
    valid = labelled_cases(
        [run],
        split_path(run, "valid"),
        case_format=run.dataset.case_format,
        skip_bad=run.dataset.skip_bad,
    )
    engine = EngineChoice("onnx")
    scored = score_labelled_cases(
        run, valid, checkpoint=checkpoint, engine=engine, progress=progress
    )
    sample = Sample(scored.positions, scored.drawn_from)
    again = score_cases(scorer, run, cases=valid, sample=sample, progress=progress)
    rule = _rule(run, checkpoint, scored=scored)
    before, after = (_metrics(scored, each.y_score, rule=rule) for each in (scored, again))
    _check_loss(run, before, after=after)
    save_onnx(run, checkpoint, models={MODEL: exact, INT8_MODEL: content})
    return Int8Model(run.folder / ONNX / INT8_MODEL, len(content), before, after)


def quantized(model: bytes) -> bytes:
    """Return an exported model whose LSTM has weights of 8 bits.

    Example:
        >>> len(quantized(onnx_model(config, weights, int8_embedding=True)))  # doctest: +SKIP
        5444803
    """
    import_onnxruntime()
    from onnx import load_model_from_string
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with TemporaryDirectory(prefix="lawrec-") as folder, _without_log():
        path = Path(folder) / INT8_MODEL
        quantize_dynamic(
            load_model_from_string(model),
            path,
            op_types_to_quantize=["LSTM"],
            per_channel=True,
            weight_type=QuantType.QInt8,
        )
        return path.read_bytes()


@contextmanager
def _without_log() -> Iterator[None]:
    """Silence the advice that the quantization logs, which is for images."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _rule(run: Run, checkpoint: str, *, scored: ScoredCases) -> DecisionRule:
    """Return the thresholds of the run, or the best single one if it has none."""
    try:
        return extend_rule(load_thresholds(run, checkpoint).rule, len(scored.articles))
    except RunError:
        cases = TuningCases.from_scores(scored.y_true, scored.y_score, scored.known)
        return best_global_rule(cases)


def _metrics(scored: ScoredCases, y_score: Float32Array, *, rule: DecisionRule) -> dict[str, float]:
    metrics = evaluate(scored.y_true, decide(y_score, rule), scored.known)
    return {name: metrics[name] for name in METRICS}


def _check_loss(run: Run, before: dict[str, float], *, after: dict[str, float]) -> None:
    losses = {name: before[name] - after[name] for name in METRICS}
    if np.max([*losses.values()]) <= MAX_LOSS:
        return
    raise RunError(
        run.folder,
        expected=f"with weights of 8 bits, no metric may lose more than {100 * MAX_LOSS:g} points",
        got=", ".join(f"{name} {-100 * loss:+.1f}" for name, loss in losses.items()),
        todo="Use the exact model: leave out --int8.",
    )
