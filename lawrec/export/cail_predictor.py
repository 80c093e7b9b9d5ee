"""The Predictor that CAIL2018's judge imports: `lawrec export cail` packs this file with a run.

The judge makes one Predictor, gives it lists of `batch_size` facts, and writes down its answers.
"""

import sys
from pathlib import Path
from typing import Any


class Predictor:
    """The run that lies beside this file, ready to answer; only its dependencies are installed."""

    def __init__(self, batch_size: int = 256) -> None:
        """Load the run.

        Args:
            batch_size: How many facts the judge shall give at a time; no answer depends on it.
        """
        here = Path(__file__).resolve().parent
        sys.path.insert(0, str(here / "library"))
        from lawrec.export.cail_answers import labels_of
        from lawrec.inference.recommender import Recommender
        from lawrec.law.cail_labels import ids_in
        from lawrec.runs.run import open_run
        from lawrec.training.devices import use_device

        use_device("auto")
        run = open_run(here / "run")
        self.batch_size = batch_size
        self._recommender = Recommender.load(here / "run")
        self._ids = ids_in(labels_of(run, here / "law.txt"))

    def predict(self, facts: list[str]) -> list[dict[str, Any]]:
        """Return an answer a fact, in order, for an empty one too."""
        from lawrec.export.cail_answers import answer
        from lawrec.law.cail_labels import cail_ids

        lists = (
            [entry.article for entry in answered.decision.recommendations if entry.recommended]
            for answered in self._recommender(facts)
        )
        return [answer(cail_ids(articles, self._ids)) for articles in lists]
