"""Inspect: what a run is made of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lawrec.config import preset_of
from lawrec.delivery.tuned import load_tuned
from lawrec.errors import RunError
from lawrec.network.checkpoint import Run, best_checkpoint, model_of
from lawrec.network.flops import flops


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


def inspect_run(run: Run) -> RunInfo:
    """Describe a run, trained or not, tuned or not."""
    model = model_of(run)
    preset, changed = preset_of(run.config)
    labels = (output.shape[-1] for output in model.output.values())
    return RunInfo(
        run=str(run.folder),
        checkpoint=_checkpoint(run),
        splits={split: str(file.path) for split, file in run.splits.items()},
        tokenizer=run.tokenizer,
        tokens=len(run.tokens),
        articles=len(run.articles),
        thresholds=_thresholds(run),
        parameters=model.count_params(),
        flops=flops(run.config.model, run.config.corpus.max_tokens, labels),
        layers=[
            Layer(layer.name, str(layer.output.shape[1:]), layer.count_params())
            for layer in model.layers
            if layer.count_params()
        ],
        preset=preset,
        changed=changed,
        config=run.config.to_dict(),
    )


def _checkpoint(run: Run) -> str | None:
    try:
        return str(Path(best_checkpoint(run)).relative_to(run.folder))
    except RunError:
        return None


def _thresholds(run: Run) -> str:
    try:
        cuts = load_tuned(run).cuts
    except RunError:
        return "none yet"
    return f"{int(np.isfinite(cuts.thresholds).sum())} of {len(cuts.thresholds)} articles"
