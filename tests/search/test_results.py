import json
import shlex
import tomllib
from dataclasses import replace

import pytest

from lawrec import config, config_sources
from lawrec.errors import RunError
from lawrec.search.results import run_name, search_result, toml_text, train_command, write_best
from lawrec.search.space import search_space
from tests.helpers.searches import Search, learned, small_space


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    search = Search(tmp_path_factory.mktemp("search") / "study", small_space("training.epochs=4"))
    search.run(trials=20, sampler="random", pruner="none")
    return search


@pytest.fixture
def result(searched):
    return search_result(searched.study, searched.space, folder=searched.folder)


def test_the_best_trial_has_the_largest_value(result):
    complete = [trial for trial in result.trials if trial.state == "complete"]
    assert [trial.number for trial in result.trials] == list(range(20))
    assert result.best.value == max(trial.value for trial in complete)
    assert result.best.value == pytest.approx(1 - result.best.settings["model.dropout"])
    assert len(result.best.evaluations) == 4
    assert result.run == result.folder / "runs" / run_name(result.best.number)


def test_the_importances_are_shares_and_name_what_matters(result):
    assert sum(result.importances.values()) == pytest.approx(1)
    assert max(result.importances, key=result.importances.get) == "model.dropout"


def test_equal_values_have_no_importances(tmp_path):
    search = Search(tmp_path)
    search.run(lambda config, name: iter([0.5]), trials=3)
    assert search_result(search.study, search.space, folder=tmp_path).importances == {}


def test_best_toml_is_read_as_the_settings_of_the_best_trial(result, searched):
    path = write_best(result)
    expected = searched.space.with_values(result.best.settings)
    assert config_sources.load(path) == expected
    assert expected != config.Config()


def test_best_toml_holds_only_what_differs_from_the_preset(tmp_path):
    start = config_sources.load(None, preset="tiny")
    fixed = [f"{name}={value}" for name, value in search_space(start).start_values.items()]
    space = search_space(start, [text for text in fixed if "dropout" not in text])
    search = Search(tmp_path / "study", space)
    search.run(learned, trials=1)
    result = search_result(search.study, space, folder=search.folder, preset="tiny")
    path = write_best(result)
    assert tomllib.loads(path.read_text("utf-8")) == {}
    assert path.read_text("utf-8").splitlines() == [
        "# valid cail_score 0.7500, trial 0",
        f"# lawrec train --preset tiny --config {path}",
    ]
    assert train_command(result) == f"lawrec train --preset tiny --config {path}"
    assert config_sources.load(path, preset="tiny") == start


def test_the_command_names_the_cases_of_the_search_for_a_shell(result, tmp_path):
    options = ("--data", "my cases", "--any-label", "--articles-separator", "\n")
    result = replace(result, folder=tmp_path, case_options=options)
    command = train_command(result)
    assert shlex.split(command) == [
        "lawrec",
        "train",
        "--config",
        f"{tmp_path}/best.toml",
        *options,
    ]
    tomllib.loads(write_best(result).read_text("utf-8"))  # the line feed stays in the comment
    odd = replace(result, case_options=("--data", "cases\udcff"))
    assert r"cases\udcff" in write_best(odd).read_text("utf-8")


@pytest.mark.parametrize(
    "value",
    [True, 3, 1e-05, 0.1, float("inf"), '盗窃 "a"\\\n\x7f\u2028', ("date", "amount"), ()],
    ids=repr,
)
def test_values_are_read_from_toml_as_they_were_written(value):
    written = tomllib.loads(toml_text({"corpus.setting": value}))["corpus"]["setting"]
    assert written == (list(value) if isinstance(value, tuple) else value)


def test_all_settings_are_read_from_toml_as_they_were_written(tmp_path):
    changed = config_sources.assign(
        config.Config(),
        ["corpus.entity_types=['date']", "corpus.stop_words=停用词.txt", "training.seed=3"],
    )
    path = tmp_path / "all.toml"
    path.write_text(
        toml_text(config_sources.differences(changed, config.Config())), encoding="utf-8"
    )
    assert config_sources.load(path) == changed


def test_without_a_complete_trial_there_is_no_result(tmp_path):
    search = Search(tmp_path)
    search.run(trials=1, minutes=1e-9)
    with pytest.raises(RunError, match="a trial of the search must be complete, got none"):
        search_result(search.study, search.space, folder=tmp_path)


def test_a_result_has_no_types_of_optuna(result):
    json.dumps([trial.settings for trial in result.trials] + [result.importances])
