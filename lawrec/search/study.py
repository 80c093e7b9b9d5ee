"""Study: its sampler, its pruner, and its trials, in a journal file from which it continues.

Optuna is imported only here and in `journal.py`.

A trial is sampled with a seed of its own, made from the search's seed and the number of trials. So
a search that was stopped and continued samples as if it had never been stopped.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lawrec.config import TrainingConfig
from lawrec.errors import ConfigError, RunError
from lawrec.registry import lookup
from lawrec.search.journal import JOURNAL, open_journal
from lawrec.search.space import Searched, SearchSpace
from lawrec.search.trial_process import Start, start_trial
from lawrec.setting_range import SearchChoices
from lawrec.storage.files import check_new_folder

STUDY_NAME = "lawrec"
"""The name of the study in its journal; Hyperband chooses a trial's bracket by it."""
PURPOSE = "search"
"""The attribute of a study that has what must stay the same when it is continued."""
ERROR = "error"
"""The attribute of a failed trial that says why it failed."""
RESTARTS = "restarts"
"""The attribute of a trial that restarts a stopped one: the number of the stopped trial."""
Study = Any
"""An `optuna.Study`; Optuna is an optional package."""


@dataclass(frozen=True)
class SearchPlan:
    """How to search.

    Attributes:
        trials: The number of trials, those of the study's earlier searches included.
        jobs: The number of trials that train at the same time.
        minutes: When to stop; 0: no limit.
        seed: The seed of the sampler.
        sampler: A key of `SAMPLERS`.
        pruner: A key of `PRUNERS`.
        keep_runs: Whether to keep the run of each trial, not only that of the best one.
        start: Starts a trial, by default in a process of its own.
    """

    trials: int = 30
    jobs: int = 1
    minutes: float = 0.0
    seed: int = 2018
    sampler: str = "tpe"
    pruner: str = "hyperband"
    keep_runs: bool = False
    start: Start = start_trial


def require_optuna() -> None:
    """Raise RunError where Optuna is not installed.

    Example:
        >>> require_optuna()  # doctest: +SKIP
    """
    if not find_spec("optuna"):
        raise RunError(
            "optuna",
            expected="Optuna must be installed to search hyperparameters",
            got="no such package",
            todo="Run pip install 'lawrec[search]'.",
        )


def open_study(folder: Path, space: SearchSpace, *, plan: SearchPlan, records: str) -> Study:
    """Open the study in a folder, or create it with the settings to start from as its first trial.

    Args:
        folder: The folder of the study.
        space: What to search.
        plan: How to search.
        records: The name of the prepared records.

    Raises:
        ConfigError: The study in the folder searches in another way, or on other cases.
        CaseError: The folder has files, but no study.
        RunError: Its journal is damaged.

    Example:
        >>> study = open_study(folder, space, plan=SearchPlan(), records="")  # doctest: +SKIP
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if not (folder / JOURNAL).exists():
        check_new_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=open_journal(folder),
        study_name=STUDY_NAME,
        pruner=lookup(PRUNERS, plan.pruner, where="--pruner")(space.start.training),
        direction="maximize",
        load_if_exists=True,
    )
    purpose = _purpose(space, plan, records=records)
    if PURPOSE not in study.user_attrs:
        study.set_user_attr(PURPOSE, purpose)
    _check_purpose(study.user_attrs[PURPOSE], purpose, folder=folder)
    if not study.get_trials(deepcopy=False):
        study.enqueue_trial(space.start_values)
    _restart_stopped(study)
    return study


def ask(study: Study, space: SearchSpace, *, plan: SearchPlan) -> Any:
    """Return a new trial of the study, an `optuna.Trial`.

    Args:
        study: The study.
        space: What to search.
        plan: How to search.

    Example:
        >>> ask(study, space, plan=SearchPlan()).params  # doctest: +SKIP
        {'model.embedding_size': 128, 'model.lstm_layers': 2, ...}
    """
    number = len(study.get_trials(deepcopy=False))
    import numpy as np

    seed = int(np.random.SeedSequence([plan.seed, number]).generate_state(1)[0])
    study.sampler = lookup(SAMPLERS, plan.sampler, where="--sampler")(seed)
    return study.ask(fixed_distributions=_distributions(space))


def complete(study: Study, trial: Any, *, value: float) -> None:
    """Complete a trial.

    Args:
        study: The study.
        trial: The trial.
        value: Its value; the search maximizes it.

    Example:
        >>> complete(study, trial, value=0.84)  # doctest: +SKIP
    """
    study.tell(trial, value)


def prune(study: Study, trial: Any) -> None:
    """End a trial that lags behind.

    Example:
        >>> prune(study, trial)  # doctest: +SKIP
    """
    from optuna.trial import TrialState

    study.tell(trial, state=TrialState.PRUNED)


def fail(study: Study, trial: Any, *, error: str) -> None:
    """End a trial that has failed.

    Args:
        study: The study.
        trial: The trial.
        error: Why it failed.

    Example:
        >>> fail(study, trial, error="the process was killed")  # doctest: +SKIP
    """
    from optuna.trial import TrialState

    trial.set_user_attr(ERROR, error)
    study.tell(trial, state=TrialState.FAIL)


def set_aside(study: Study, trial: Any) -> None:
    """End a trial that was stopped, and queue another one with its values.

    Example:
        >>> set_aside(study, trial)  # doctest: +SKIP
    """
    from optuna.trial import TrialState

    study.tell(trial.number, state=TrialState.FAIL)
    study.enqueue_trial(trial.params, user_attrs={RESTARTS: trial.number})


def finished_trials(study: Study) -> list[Any]:
    """Return the trials that are complete, pruned or failed, without those that were stopped.

    Example:
        >>> [trial.number for trial in finished_trials(study)]  # doctest: +SKIP
        [0, 1, 2]
    """
    trials = study.get_trials(deepcopy=False)
    restarted = {trial.user_attrs.get(RESTARTS) for trial in trials}
    return [
        trial for trial in trials if trial.state.is_finished() and trial.number not in restarted
    ]


def best_trial(study: Study) -> Any:
    """Return the complete trial with the largest value, the first of several; None without one.

    Example:
        >>> best_trial(study).value  # doctest: +SKIP
        0.84
    """
    trials = [trial for trial in finished_trials(study) if trial.state.name == "COMPLETE"]
    return max(trials, key=lambda trial: (trial.value, -trial.number), default=None)


def importances(study: Study) -> dict[str, float]:
    """Return the share of each setting in the variance of the values, by Optuna's fANOVA.

    It is empty where there are too few complete trials, or all have the same value.

    Example:
        >>> importances(study)  # doctest: +SKIP
        {'model.dropout': 0.81, 'model.lstm_units': 0.19}
    """
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    complete = [trial.value for trial in finished_trials(study) if trial.state.name == "COMPLETE"]
    if len(set(complete)) < 2:
        return {}
    try:
        shares = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    except RuntimeError:  # no tree of the forest has split the trials
        return {}
    return {name: float(share) for name, share in shares.items()}


def _restart_stopped(study: Study) -> None:
    """Queue again what a search that was killed has left running."""
    for trial in study.get_trials(deepcopy=False):
        if trial.state.name == "RUNNING":
            set_aside(study, trial)


def _purpose(space: SearchSpace, plan: SearchPlan, *, records: str) -> dict[str, Any]:
    """Return what must stay the same in a study, as JSON has it."""
    purpose = {
        "settings": space.start.to_dict(),
        "ranges": {name: str(searched) for name, searched in space.ranges.items()},
        "records": records,
        "seed": plan.seed,
        "sampler": plan.sampler,
        "pruner": plan.pruner,
    }
    parsed: dict[str, Any] = json.loads(json.dumps(purpose))
    return parsed


def _check_purpose(before: Mapping[str, Any], now: Mapping[str, Any], *, folder: Path) -> None:
    changed = [name for name in now if before.get(name) != now[name]]
    if changed:
        raise ConfigError(
            folder,
            expected="a search must be continued as it began",
            got=f"other {', '.join(changed)}",
            todo="Pass the same options again, or name another folder.",
        )


def _distributions(space: SearchSpace) -> dict[str, Any]:
    start = space.start_values
    return {
        name: _distribution(searched, is_whole=isinstance(start[name], int))
        for name, searched in space.ranges.items()
    }


def _distribution(searched: Searched, *, is_whole: bool) -> Any:
    """Return a range as a distribution of Optuna."""
    from optuna import distributions

    if isinstance(searched, SearchChoices):
        return distributions.CategoricalDistribution(searched.values)
    if is_whole:
        low, high = int(searched.low), int(searched.high)
        return distributions.IntDistribution(low, high, log=searched.log)
    return distributions.FloatDistribution(searched.low, searched.high, log=searched.log)


def _tpe(seed: int) -> Any:
    """Return the tree-structured Parzen estimator, which avoids values that are being tried."""
    from optuna.samplers import TPESampler

    return TPESampler(seed=seed, constant_liar=True)


def _random(seed: int) -> Any:
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=seed)


def _hyperband(config: TrainingConfig) -> Any:
    """Return Hyperband, which counts evaluations; without `evaluate_every`, there is one per epoch.

    With it, Optuna waits for a complete trial to see how many there are.
    """
    from optuna.pruners import HyperbandPruner

    return HyperbandPruner(max_resource="auto" if config.evaluate_every else config.epochs)


def _no_pruning(config: TrainingConfig) -> Any:
    from optuna.pruners import NopPruner

    return NopPruner()


SAMPLERS: dict[str, Callable[[int], Any]] = {"tpe": _tpe, "random": _random}
"""From a name to a function from a seed to a sampler of Optuna."""
PRUNERS: dict[str, Callable[[TrainingConfig], Any]] = {"hyperband": _hyperband, "none": _no_pruning}
"""From a name to a function from the settings of training to a pruner of Optuna."""
