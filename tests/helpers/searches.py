"""Searches whose trials compute a formula in a thread instead of training in a process."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from lawrec.config import Config
from lawrec.search.results import SearchResult, TrialResult
from lawrec.search.run_trials import Runner
from lawrec.search.space import all_ranges, search_space
from lawrec.search.study import SearchPlan, open_study
from lawrec.search.trial_process import run_trial
from tests.helpers.progress import Reports

SEARCHED = ("model.dropout", "model.pooling", "optimizer.learning_rate", "model.lstm_layers")


class Thread(threading.Thread):
    def terminate(self):
        """Do nothing: a thread ends when its pipe is closed."""


def start_thread(*arguments):
    thread = Thread(target=run_trial, args=arguments, daemon=True)
    thread.start()
    return thread


def small_space(*fixed):
    """Return a space of the settings of `SEARCHED` alone."""
    defaults = Config().to_dict()
    kept = [
        f"{name}={defaults[section][key]}"
        for name in all_ranges()
        if name not in SEARCHED
        for section, key in [name.split(".")]
    ]
    return search_space(Config(), [*kept, *fixed])


def learned(config, name):
    """Yield a metric that grows per epoch, the faster the smaller dropout is."""
    for epoch in range(1, config.training.epochs + 1):
        yield (1 - config.model.dropout) * epoch / config.training.epochs


@dataclass
class Search:
    """A search in a folder, and what it reported."""

    folder: object
    space: object = field(default_factory=small_space)
    messages: list = field(default_factory=list)
    study: object = None
    start: object = start_thread

    def _report(self, stage, done, total, note):
        if stage == "message":
            self.messages.append(note)

    def run(self, train=learned, *, progress=None, **plan):
        plan = SearchPlan(**plan, start=self.start)
        self.study = open_study(self.folder, self.space, plan=plan, records="mine-12345678")
        progress = progress or Reports(self._report)
        runs = self.folder / "runs"
        Runner(self.study, self.space, plan, train, runs, progress).run()
        return [(trial.state.name, trial.params) for trial in self.study.trials]


def searched_result():
    """Return the result of a search with a complete, a best, a pruned and a failed trial."""
    trials = [
        (0, "complete", (0.25, 0.5), (0.25, "article-attention", 2e-3), ""),
        (1, "complete", (0.25, 0.75), (0.123456, "max", 4e-3), ""),
        (2, "pruned", (0.125,), (0.5, "max", 1e-3), ""),
        (3, "failed", (), (0.5, "max", 1e-2), "MemoryError: <2 GiB>"),
    ]
    names = ("model.dropout", "model.pooling", "optimizer.learning_rate")
    results = [
        TrialResult(
            number=number,
            state=state,
            value=max(values, default=None),
            evaluations=values,
            settings=dict(zip(names, settings, strict=True)),
            seconds=60.0 * len(values),
            error=error,
        )
        for number, state, values, settings, error in trials
    ]
    ranges = ("0 to 0.5", "article-attention, max", "0.0003 to 0.02, log")
    return SearchResult(
        folder=Path("study"),
        preset="tiny",
        monitor="cail_score",
        trials=tuple(results),
        best=results[1],
        start=results[0].settings,
        ranges=dict(zip(names, ranges, strict=True)),
        importances={"model.dropout": 0.75, "optimizer.learning_rate": 0.25},
        settings={"model.dropout": 0.123456, "model.pooling": "max"},
    )
