"""Searches whose trials compute a formula in a thread instead of training in a process."""

import threading
from dataclasses import dataclass, field
from multiprocessing import Pipe

from lawrec.config import Config
from lawrec.search.runner import Runner
from lawrec.search.space import all_ranges, search_space
from lawrec.search.study import SearchPlan, open_study
from lawrec.search.trial_process import run_trial
from tests.helpers.progress import Reports

SEARCHED = ("model.dropout", "model.pooling", "optimizer.learning_rate", "model.lstm_layers")


class Thread(threading.Thread):
    def terminate(self):
        """Do nothing: a thread ends when its pipe is closed."""


def start_thread(train, config, *, name):
    ours, theirs = Pipe()
    thread = Thread(target=run_trial, args=(train, config, name, theirs), daemon=True)
    thread.start()
    return thread, ours


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

    def _report(self, stage, done, total, note):
        if stage == "message":
            self.messages.append(note)

    def run(self, train=learned, *, progress=None, **plan):
        plan = SearchPlan(**plan)
        self.study = open_study(self.folder, self.space, plan=plan, records="mine-12345678")
        progress = progress or Reports(self._report)
        runs = self.folder / "runs"
        Runner(self.study, self.space, plan, train, runs, progress, start_thread).run()
        return [(trial.state.name, trial.params) for trial in self.study.trials]
