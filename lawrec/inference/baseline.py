"""Baseline: linear SVMs on the words alone, trained and tuned on the cases of other runs.

A run is worth its cost if it is better than this one, which takes a minute. The baseline is a run
like any other, but it never becomes the newest one, which commands use when none is named.
"""

from lawrec.config import Config, from_dict
from lawrec.config_sources import PRESETS
from lawrec.inference.tune import tune_run
from lawrec.runs.results import TuningResult
from lawrec.training.loop import train
from lawrec.training.setup import TrainingSetup


def baseline_config(config: Config) -> Config:
    """Return settings with the model of the baseline: those of the preset "linear" replace others.

    How cases are prepared ([corpus]) and thresholds are tuned ([decision]) stays.

    Example:
        >>> baseline_config(from_dict({"ranking": {"svm_c": 3}}, "mine")).ranking.svm_c
        1.0
    """
    return from_dict(PRESETS["linear"], "linear", base=config)


def train_and_tune(setup: TrainingSetup) -> TuningResult:
    """Train a run, tune its thresholds on the valid split, and leave the newest run as it is.

    Args:
        setup: A new run with the settings that `baseline_config` returns, and its records.

    Raises:
        RecordsError: As `train` raises it.
        CaseError: As `tune_run` raises it.

    Example:
        >>> train_and_tune(setup).metrics["micro_f1"]  # doctest: +SKIP
        0.809
    """
    for _ in train(setup, latest=False):
        pass
    return tune_run(setup.run, progress=setup.progress)
