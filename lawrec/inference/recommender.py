"""Predict: cases in, answers out, in the same order and in constant memory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lawrec.corpus.cases import Case
from lawrec.corpus.vocabulary import Encoder
from lawrec.decision.co_citation import CoCitations
from lawrec.decision.decision_rule import DecisionRule
from lawrec.decision.recommend import recommend
from lawrec.errors import CaseError
from lawrec.iterables import batched
from lawrec.law.catalog import load_catalog, titles
from lawrec.models.scorer import Scorer, make_scorer
from lawrec.progress import SILENT, Progress
from lawrec.resources import shipped_path
from lawrec.runs.results import Answer
from lawrec.runs.run import Run, load_encoder
from lawrec.runs.thresholds_file import TunedThresholds, load_thresholds
from lawrec.training.checkpoints import best_checkpoint, load_model


@dataclass(frozen=True)
class Recommender:
    """A run, loaded and ready to answer."""

    encoder: Encoder
    scorer: Scorer
    tuned: TunedThresholds
    articles: tuple[str, ...]
    titles: Mapping[str, str]

    def answer(
        self,
        cases: Iterable[Case | CaseError],
        candidates: int = 0,
        progress: Progress = SILENT,
    ) -> Iterator[Answer]:
        """Answer each case in turn; a line that is no case is answered with its error.

        Args:
            cases: Any number of them, read as they are needed.
            candidates: Show at least this many articles a case, recommended or not.
            progress: Told of every chunk of cases.

        Raises:
            CaseError: There was no case that could be answered; raised after the last line.
        """
        done, refused = 0, 0
        for chunk in batched(cases):
            yield from self._answer_chunk(chunk, candidates, before=done)
            done += len(chunk)
            refused += sum(isinstance(case, CaseError) for case in chunk)
            progress.update("predict", done, None, _refusals(refused))
        if done == refused:
            got = f"{done:,} lines that are none" if done else "nothing"
            raise CaseError(
                "the input", expected="there must be a case", got=got, todo="Give one fact a line."
            )
        if refused:
            progress.update("predict", done, done, _refusals(refused))

    def _answer_chunk(
        self, chunk: list[Case | CaseError], candidates: int, *, before: int
    ) -> Iterator[Answer]:
        good = [case for case in chunk if isinstance(case, Case)]
        token_ids = [self.encoder(case.fact) for case in good]
        rule, co_citations = self.tuned.rule, self.tuned.co_citations
        y_score = self.scorer(token_ids)
        decisions = recommend(
            y_score,
            rule,
            articles=self.articles,
            titles=self.titles,
            candidates=candidates,
            co_citations=co_citations,
        )
        results = zip(token_ids, decisions, strict=True)
        for number, case in enumerate(chunk, before + 1):
            if isinstance(case, CaseError):
                yield Answer(case_id=str(number), error=case)
            else:
                ids, found = next(results)
                full = len(ids) == self.encoder.max_tokens
                yield Answer(case.case_id, case.fact, found, truncated=full)


def _refusals(refused: int) -> str:
    return f"{refused:,} not answered" if refused else ""


def load_recommender(
    run: Run, threshold: float | None = None, *, progress: Progress = SILENT
) -> Recommender:
    """Load a run.

    Args:
        run: A trained run, tuned unless `threshold` is given.
        threshold: One threshold for all articles, in place of the tuned ones.
        progress: Told of checkpoints that are damaged.

    Raises:
        RunError: The run has no checkpoint or no thresholds, or needs another tokenizer.
    """
    tuned = load_thresholds(run) if threshold is None else _untuned(run, threshold)
    return Recommender(
        encoder=load_encoder(run),
        scorer=make_scorer(load_model(run, best_checkpoint(run, progress))),
        tuned=tuned,
        articles=run.articles.names,
        titles=titles(load_catalog(shipped_path("vocab/articles.csv"))),
    )


def _untuned(run: Run, threshold: float) -> TunedThresholds:
    limits = run.config.decision
    rule = DecisionRule(
        np.full(len(run.articles), threshold, np.float32),
        limits.min_articles,
        limits.max_articles,
        limits.fill_score,
    )
    return TunedThresholds(rule, CoCitations({}, {}), tuned_on="")
