import threading
from multiprocessing import Pipe

import pytest

from lawrec.errors import RunError
from lawrec.search.results import search_result
from tests.helpers.progress import Reports
from tests.helpers.searches import Search, learned, small_space, start_thread


@pytest.fixture
def begun(tmp_path):
    """Return a function that makes a search in a folder of a name."""
    return lambda name="study", *fixed: Search(tmp_path / name, small_space(*fixed))


def test_the_same_seed_gives_the_same_trials(begun):
    first, second = (begun(name).run(trials=14) for name in ("first", "second"))
    assert len(first) == 14
    assert first == second
    assert first != begun("third").run(trials=14, seed=1)


def test_trials_that_lag_behind_are_pruned(begun):
    search = begun("study", "training.epochs=9")
    states = [state for state, _ in search.run(trials=25, sampler="random")]
    assert states[0] == "COMPLETE"
    assert "PRUNED" in states
    pruned = next(trial for trial in search.study.trials if trial.state.name == "PRUNED")
    assert len(pruned.intermediate_values) < 9
    assert any("pruned after" in message for message in search.messages)
    unpruned = begun("other", "training.epochs=9").run(trials=25, sampler="random", pruner="none")
    assert {state for state, _ in unpruned} == {"COMPLETE"}


def test_a_search_finds_the_maximum_of_a_simple_formula(begun):
    search = begun()
    search.run(trials=40, pruner="none")
    assert search.study.best_trial.params["model.dropout"] < 0.05


def test_the_value_of_a_trial_is_its_best_evaluation(begun):
    search = begun()
    search.run(lambda config, name: iter([0.25, 0.75, 0.5]), trials=1)
    assert search.study.trials[0].value == 0.75
    assert search.messages == ["trial 0: valid CAIL score 0.7500; best 0.7500 (trial 0)"]


def test_a_continued_search_runs_what_is_missing(begun):
    whole = begun("whole").run(trials=8)
    begun("parts").run(trials=5)
    assert begun("parts").run(trials=8) == whole
    assert begun("parts").run(trials=8) == whole


def test_an_interrupted_search_goes_on_with_the_trial_that_it_has_stopped(begun):
    seen = []

    def interrupted(stage, done, total, note=""):
        seen.append(done)
        if seen.count(3) == 2:  # trial 3 was evaluated once
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begun().run(trials=9, progress=Reports(interrupted))
    again = begun()
    trials = again.run(trials=9)
    assert len(trials) == 10
    assert trials[3][0] == "FAIL"
    assert again.study.trials[4].user_attrs == {"restarts": 3}
    assert trials[4][1] == trials[3][1]


def test_a_failed_trial_is_counted_and_named_and_the_search_goes_on(begun):
    def failing(config, name):
        if name == "trial-0001":
            raise RunError(name, expected="the loss must stay finite", got="nan", todo="Stop.")
        yield float("inf") if name == "trial-0002" else 0.5

    search = begun()
    states = [state for state, _ in search.run(failing, trials=4)]
    assert states == ["COMPLETE", "FAIL", "FAIL", "COMPLETE"]
    error = "trial-0001: the loss must stay finite, got nan. Stop."
    assert f"trial 1 failed: {error}" in search.messages
    assert "trial 2 failed: its metric is inf" in search.messages
    result = search_result(search.study, search.space, folder=search.folder)
    assert [trial.error for trial in result.trials] == ["", error, "its metric is inf", ""]
    assert len(begun().run(failing, trials=4)) == 4


def test_a_trial_whose_process_is_killed_is_a_failed_one(begun):
    def start_killed(training, connection):
        if training.args[1] != "trial-0001":
            return start_thread(training, connection)
        connection.close()
        ours, theirs = Pipe()
        ours.close()
        return start_thread(training, theirs)

    search = begun()
    search.start = start_killed
    assert [state for state, _ in search.run(trials=3, pruner="none")] == [
        "COMPLETE",
        "FAIL",
        "COMPLETE",
    ]
    assert any("its process was killed" in message for message in search.messages)


def test_where_all_trials_fail_the_error_says_why(begun):
    def failing(config, name):
        raise MemoryError("2 GiB")
        yield

    search = begun()
    search.run(failing, trials=2)
    with pytest.raises(RunError, match=r"got 2 that failed, the last with: MemoryError: 2 GiB\."):
        search_result(search.study, search.space, folder=search.folder)


def test_a_training_without_an_evaluation_is_a_failure(begun):
    search = begun()
    assert [state for state, _ in search.run(lambda config, name: iter([]), trials=1)] == ["FAIL"]


def test_jobs_train_at_the_same_time(begun):
    barrier = threading.Barrier(3, timeout=30)

    def together(config, name):
        barrier.wait()
        yield 0.5

    assert len(begun().run(together, trials=6, jobs=3)) == 6


def test_the_time_limit_stops_what_is_running(begun):
    release = threading.Event()

    def waiting(config, name):
        yield 0.5
        release.wait(30)
        yield 0.75

    search = begun()
    timer = threading.Timer(1, release.set)
    timer.start()
    trials = search.run(waiting, trials=3, minutes=0.3 / 60)
    assert [state for state, _ in trials] == ["FAIL", "WAITING"]
    states = [state for state, _ in begun().run(learned, trials=3)]
    assert states == ["FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]


@pytest.mark.parametrize("keep_runs", [False, True])
def test_only_the_best_run_is_kept_unless_all_are(begun, keep_runs):
    search = begun()
    runs = search.folder / "runs"

    def writing(config, name):
        (runs / name).mkdir(parents=True)
        yield from learned(config, name)

    search.run(writing, trials=6, keep_runs=keep_runs)
    names = sorted(path.name for path in runs.iterdir())
    best = f"trial-{search.study.best_trial.number:04}"
    assert names == ([f"trial-{number:04}" for number in range(6)] if keep_runs else [best])
