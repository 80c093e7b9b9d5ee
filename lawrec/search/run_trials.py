"""Run trials: start trials, pass their evaluations on to the study, and stop those that lag behind.

Only this process writes the study's journal, whatever the number of jobs. A trial that fails, or
whose process is killed, is counted and named, and the search goes on. A trial that is stopped
because the search ends is queued again, for the search that continues.
"""

import math
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from lawrec.evaluation.metrics import METRIC_LABELS
from lawrec.progress import SILENT, Progress
from lawrec.search.results import run_name
from lawrec.search.space import SearchSpace
from lawrec.search.study import (
    SearchPlan,
    Study,
    ask,
    best_trial,
    complete,
    fail,
    finished_trials,
    prune,
    set_aside,
)
from lawrec.search.trial_process import Message, Train, Worker
from lawrec.storage.temporary_names import remove
from lawrec.translation import marked

_POLL_SECONDS = 0.5
"""Seconds between two reports of progress, at which Ctrl-C is noticed."""
_KILLED = marked("its process was killed, for example because memory was short")


@dataclass
class _Trial:
    """A trial that is training."""

    trial: Any  # an optuna.Trial
    worker: Worker
    values: list[float] = field(default_factory=list)
    is_pruned: bool = False


@dataclass
class Runner:
    """Runs the trials of a study.

    Attributes:
        study: The study.
        space: What to search.
        plan: How to search.
        train: Trains a trial.
        runs: The folder of the runs.
        progress: Gets the number of finished trials, and a message about each.
    """

    study: Study
    space: SearchSpace
    plan: SearchPlan
    train: Train
    runs: Path
    progress: Progress = SILENT
    _running: dict[Connection, _Trial] = field(default_factory=dict)

    def run(self) -> None:
        """Run trials until there are enough or the time is up."""
        minutes = self.plan.minutes or math.inf
        deadline = time.monotonic() + minutes * 60
        self._remove_runs()
        try:
            while True:
                while self._is_due() and time.monotonic() < deadline:
                    self._start_trial()
                seconds = min(_POLL_SECONDS, deadline - time.monotonic())
                if not self._running or seconds <= 0:
                    return
                for connection in wait(list(self._running), seconds):
                    self._receive(connection)  # type: ignore[arg-type]
                self._report_progress()
        finally:
            self._stop_all()

    def _is_due(self) -> bool:
        n_running = len(self._running)
        is_free = n_running < self.plan.jobs
        return is_free and len(finished_trials(self.study)) + n_running < self.plan.trials

    def _start_trial(self) -> None:
        trial = ask(self.study, self.space, plan=self.plan)
        config = self.space.with_values(trial.params)
        ours, theirs = Pipe()
        worker = self.plan.start(partial(self.train, config, run_name(trial.number)), theirs)
        self._running[ours] = _Trial(trial, worker)

    def _receive(self, connection: Connection) -> None:
        try:
            message: Message = connection.recv()
        except (EOFError, OSError):
            message = _KILLED
        if isinstance(message, float) and math.isfinite(message):
            self._add_value(connection, message)
        else:
            error = marked(f"its metric is {message}") if isinstance(message, float) else message
            self._finish(connection, error)

    def _add_value(self, connection: Connection, value: float) -> None:
        """Report an evaluation to the study, and reply whether to stop early."""
        running = self._running[connection]
        running.values.append(value)
        running.trial.report(value, len(running.values))
        running.is_pruned = not self._is_last(len(running.values)) and running.trial.should_prune()
        with suppress(OSError):  # it was killed: the next message says so
            connection.send(running.is_pruned)

    def _is_last(self, n_evaluations: int) -> bool:
        """Return whether a trial ends after so many evaluations, as far as the settings say."""
        training = self.space.start.training
        return not training.evaluate_every and n_evaluations >= training.epochs

    def _finish(self, connection: Connection, error: str | None) -> None:
        running = self._running.pop(connection)
        connection.close()
        if error:
            running.worker.terminate()
        running.worker.join()
        if not error and not running.values:
            error = marked("it was never evaluated")
        self._end(running, error)
        self._remove_runs()
        self.progress.message(self._outcome(running, error))

    def _end(self, running: _Trial, error: str | None) -> None:
        """Write the end of a trial into the study."""
        if error:
            fail(self.study, running.trial, error=error)
        elif running.is_pruned:
            prune(self.study, running.trial)
        else:
            complete(self.study, running.trial, value=max(running.values))

    def _outcome(self, running: _Trial, error: str | None) -> str:
        number, values = running.trial.number, running.values
        if error:
            return marked(f"trial {number} failed: {error}")
        monitor = self.space.start.training.monitor
        label = METRIC_LABELS.get(monitor, monitor)
        parts = [marked(f"trial {number}: valid {label} {max(values):.4f}")]
        if running.is_pruned:
            parts.append(marked(f"pruned after evaluation {len(values)}"))
        return "; ".join([*parts, *self._best_notes()])

    def _report_progress(self) -> None:
        n_finished = len(finished_trials(self.study))
        numbers = ", ".join(str(running.trial.number) for running in self._running.values())
        running = marked(f"running: {numbers}") if numbers else marked("none is running")
        note = "; ".join([running, *self._best_notes()])
        self.progress.update("search", n_finished, self.plan.trials, note)

    def _best_notes(self) -> list[str]:
        best = best_trial(self.study)
        return [marked(f"best {best.value:.4f} (trial {best.number})")] if best else []

    def _remove_runs(self) -> None:
        """Remove the runs of finished trials but the best, unless all of them are kept."""
        best = best_trial(self.study)
        kept = {running.trial.number for running in self._running.values()}
        kept |= {trial.number for trial in finished_trials(self.study) if self.plan.keep_runs}
        kept |= {best.number} if best else set()
        names = set(map(run_name, kept))
        for path in self.runs.glob("trial-*"):
            if path.name not in names:
                remove(path)

    def _stop_all(self) -> None:
        """End what is still running, and queue it again."""
        running, self._running = self._running, {}
        for connection, stopped in running.items():
            stopped.worker.terminate()
            connection.close()
            stopped.worker.join()
            set_aside(self.study, stopped.trial)
        if running:
            self._remove_runs()
