"""The Predictor that CAIL2018's judge imports: `lawrec export cail` packs this file with a run.

The judge makes one Predictor, calls it with lists of `batch_size` facts, and writes its answers to
a file.
"""

import sys
from pathlib import Path
from typing import Any


class Predictor:
    """The packed run, ready to answer. Only lawrec's dependencies must be installed."""

    def __init__(self, batch_size: int = 256) -> None:
        """Load the run.

        Args:
            batch_size: Number of facts for which the judge asks at a time. It changes no answer.
        """
        here = Path(__file__).resolve().parent
        sys.path.insert(0, str(here / "library"))
        from lawrec.inference.recommender import Recommender
        from lawrec.law.articles import read_article_list
        from lawrec.law.cail_labels import ids_in

        self.batch_size = batch_size
        self._recommender = Recommender.load(here / "model.lawrec", device="auto")
        self._ids = ids_in(read_article_list(here / "law.txt"))

    def predict(self, facts: list[str]) -> list[dict[str, Any]]:
        """Return one answer per fact, in order; an empty fact has an answer too."""
        from lawrec.export.cail_answers import cail_answer
        from lawrec.law.cail_labels import cail_ids

        lists = (
            [entry.article for entry in answer.decision.recommendations if entry.recommended]
            for answer in self._recommender(facts)
        )
        return [cail_answer(cail_ids(articles, self._ids)) for articles in lists]
