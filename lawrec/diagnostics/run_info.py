"""Describe a run: data, model sizes, settings, and how far it is trained and tuned."""

from pathlib import Path

import numpy as np

from lawrec.config import nearest_preset
from lawrec.errors import RunError
from lawrec.models.flops import flops
from lawrec.runs.results import Layer, RunInfo
from lawrec.runs.run import Run
from lawrec.runs.thresholds_file import load_thresholds
from lawrec.training.checkpoints import best_checkpoint, build_run_model


def inspect_run(run: Run) -> RunInfo:
    """Return the description of a run, trained or not, tuned or not.

    Example:
        >>> run = find_run(Path("checkpoints"), None)  # doctest: +SKIP
        >>> inspect_run(run).parameters  # doctest: +SKIP
        16351470
    """
    model = build_run_model(run)
    preset, changed = nearest_preset(run.config)
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
        flops=flops(run.config.model, run.config.corpus.max_tokens, labels=labels),
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
    """Return the best checkpoint's path within the run's folder, None if there is none."""
    try:
        return str(Path(best_checkpoint(run)).relative_to(run.folder))
    except RunError:
        return None


def _thresholds(run: Run) -> str:
    """Return how many articles have a finite threshold, so that they can be recommended."""
    try:
        rule = load_thresholds(run).rule
    except RunError:
        return "none yet"
    return f"{int(np.isfinite(rule.thresholds).sum())} of {len(rule.thresholds)} articles"
