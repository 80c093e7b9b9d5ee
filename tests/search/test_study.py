import json
import sys

import pytest

from lawrec.errors import CaseError, ConfigError, RunError
from lawrec.search.study import (
    PRUNERS,
    SAMPLERS,
    SearchPlan,
    ask,
    best_trial,
    finished_trials,
    open_study,
    require_optuna,
    set_aside,
)
from tests.helpers.searches import SEARCHED, small_space


@pytest.fixture
def opened(tmp_path):
    """Return a function that opens a study in one and the same folder."""

    def open_again(*fixed, records="mine-12345678", **plan):
        plan = SearchPlan(**plan)
        return open_study(tmp_path / "study", small_space(*fixed), plan=plan, records=records)

    return open_again


def sampled(study, n_trials, **plan):
    trials = [ask(study, small_space(), plan=SearchPlan(**plan)) for _ in range(n_trials)]
    return [trial.params for trial in trials]


def test_the_first_trial_has_the_settings_to_start_from(opened):
    first, second = sampled(opened(), 2)
    assert first == small_space().start_values
    assert first.keys() == second.keys() == set(SEARCHED)
    assert first != second


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_values_are_in_their_ranges_and_of_their_types(opened, sampler):
    space = small_space()
    for params in sampled(opened(sampler=sampler), 30, sampler=sampler):
        assert all(value in space.ranges[name] for name, value in params.items())
        assert isinstance(params["model.lstm_layers"], int)
        space.with_values(params)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_another_seed_samples_other_values(tmp_path, sampler):
    def values(seed):
        plan = SearchPlan(seed=seed, sampler=sampler)
        folder = tmp_path / f"{seed}-{len(list(tmp_path.iterdir()))}"
        study = open_study(folder, small_space(), plan=plan, records="")
        return sampled(study, 4, seed=seed, sampler=sampler)

    assert values(1) == values(1) != values(2)


def test_the_journal_has_a_line_of_json_per_event(opened, tmp_path):
    sampled(opened(), 2)
    lines = (tmp_path / "study/journal.log").read_text("utf-8").splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"records": "other-12345678"}, "records"),
        ({"seed": 7, "sampler": "random"}, "seed, sampler"),
        ({"pruner": "none"}, "pruner"),
    ],
)
def test_a_study_is_continued_as_it_began(opened, change, names):
    opened()
    with pytest.raises(ConfigError, match=f"got other {names}. Pass the same options again"):
        opened(**change)
    with pytest.raises(ConfigError, match="got other settings, ranges"):
        opened("model.dropout=0.5")
    opened(trials=99, jobs=3, minutes=1.0, keep_runs=True)


def test_a_folder_with_other_files_is_refused(opened, tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study/notes.txt").touch()
    with pytest.raises(CaseError, match="the folder must be new or empty"):
        opened()


def test_a_trial_that_a_killed_search_left_is_restarted(opened):
    (values,) = sampled(opened(), 1)
    study = opened()
    assert finished_trials(study) == []
    assert sampled(study, 1) == [values]


def test_a_stopped_trial_does_not_count(opened):
    study = opened()
    trial = ask(study, small_space(), plan=SearchPlan())
    set_aside(study, trial)
    assert finished_trials(study) == []
    again = ask(study, small_space(), plan=SearchPlan())
    assert (again.number, again.params) == (1, trial.params)
    study.tell(again, 0.5)
    assert [trial.number for trial in finished_trials(study)] == [1]
    assert opened().trials[0].state.name == "FAIL"


def test_the_best_trial_is_the_first_of_the_complete_ones(opened):
    from optuna.trial import TrialState

    study = opened()
    assert best_trial(study) is None
    for value in (0.25, 0.75, 0.75):
        study.tell(ask(study, small_space(), plan=SearchPlan()), value)
    pruned = ask(study, small_space(), plan=SearchPlan())
    pruned.report(0.9, 1)
    study.tell(pruned, state=TrialState.PRUNED)
    assert best_trial(study).number == 1


def test_hyperband_counts_epochs_and_else_waits_for_a_complete_trial():
    training = small_space("training.epochs=9").start.training
    assert PRUNERS["hyperband"](training)._max_resource == 9
    training = small_space("training.evaluate_every=5").start.training
    assert PRUNERS["hyperband"](training)._max_resource == "auto"


def test_a_missing_optuna_is_an_error_with_advice(monkeypatch):
    require_optuna()
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(RunError, match=r"Run pip install 'lawrec\[search\]'\."):
        require_optuna()
