"""Hyperparameter search: prepare the cases once, run the trials, and return what was found."""

from pathlib import Path

from lawrec.corpus.records.dataset_spec import DatasetSpec, check_dataset_spec
from lawrec.corpus.records.prepare import prepare
from lawrec.devices.distributed import find_cluster
from lawrec.errors import ConfigError
from lawrec.progress import SILENT, Progress
from lawrec.runs.run import open_run, set_latest
from lawrec.search.journal import only_search
from lawrec.search.results import RUNS, SearchResult, search_result
from lawrec.search.run_trials import Runner
from lawrec.search.space import SearchSpace
from lawrec.search.study import SearchPlan, open_study
from lawrec.search.trial_process import TrialTraining


def search(
    folder: Path,
    space: SearchSpace,
    *,
    dataset: DatasetSpec,
    plan: SearchPlan,
    device: str | None = None,
    preset: str | None = None,
    progress: Progress = SILENT,
) -> SearchResult:
    """Search until all trials are finished or the time is up, in a new study or an earlier one.

    A script that calls this needs `if __name__ == "__main__":`, because the processes of the trials
    import the script again.

    Args:
        folder: The folder of the study.
        space: What to search.
        dataset: The cases, which are prepared once for all trials.
        plan: How to search.
        device: Replaces the setting `training.device`.
        preset: The preset that `space` starts from; "base" if None.
        progress: Gets the number of finished trials, and a message about each.

    Raises:
        ConfigError: The study in the folder was begun with other options, or `TF_CONFIG` names
            several workers.
        CaseError: The cases cannot be used, or the folder has other files.
        RunError: Another search works in the folder, or no trial is complete.

    Example:
        >>> space, plan = search_space(Config()), SearchPlan(trials=20)  # doctest: +SKIP
        >>> search(folder, space, dataset=DatasetSpec(), plan=plan).best.value  # doctest: +SKIP
        0.84
    """
    _refuse_cluster()
    check_dataset_spec(dataset)
    records = prepare(dataset, space.start.corpus, progress=progress)
    with only_search(folder):
        study = open_study(folder, space, plan=plan, records=records.folder.name)
        train = TrialTraining(folder / RUNS, dataset, device)
        runner = Runner(study, space, plan, train, folder / RUNS, progress)
        runner.run()
        result = search_result(study, space, folder=folder, preset=preset)
        if result.run.is_dir():  # unless somebody has removed it since
            set_latest(open_run(result.run))
        return result


def _refuse_cluster() -> None:
    """Raise ConfigError where each trial would wait for other workers."""
    if find_cluster():
        raise ConfigError(
            "TF_CONFIG",
            expected="a search must train each trial on this machine alone",
            got="a cluster of workers",
            todo="Unset TF_CONFIG.",
        )
