"""Fit the ranker of a run, before the first step of its training; a resumed one finds it there."""

from collections.abc import Iterator
from functools import partial

from lawrec.corpus.records.record import Record
from lawrec.corpus.records.tfrecords import read_records
from lawrec.devices.distributed import broadcast_from_chief, chief_first, is_chief
from lawrec.errors import RunError
from lawrec.law.catalog import article_titles
from lawrec.progress import Progress
from lawrec.ranking.out_of_fold import Folds
from lawrec.ranking.ranker import Ranker, fit_ranker
from lawrec.ranking.second_stage import OutOfFoldScores
from lawrec.ranking.train_cases import RankerCases, collect
from lawrec.runs.out_of_fold_file import load_out_of_fold_scores, save_out_of_fold_scores
from lawrec.runs.ranker_file import load_ranker, save_ranker
from lawrec.runs.run import Run, load_encoder
from lawrec.training.out_of_fold_nets import out_of_fold_logits
from lawrec.training.setup import TrainingSetup
from lawrec.types import Float32Array


def load_or_fit_ranker(setup: TrainingSetup) -> Ranker | None:
    """Return the ranker of a run; the chief fits it where it is missing or damaged.

    Returns:
        The ranker; None if the settings of the run need none.

    Raises:
        RunError: This worker does not see what the chief has fitted.

    Example:
        >>> ranker = load_or_fit_ranker(setup)  # doctest: +SKIP
    """
    run, strategy = setup.run, setup.strategy
    if not run.config.ranking.needs_ranker:
        return None
    # The workers train nets together: the chief decides for all of them whether that is needed.
    if broadcast_from_chief(strategy, float(_is_needed(run, setup.progress))):
        ranker, scores = _fit(setup)
        if is_chief(strategy):
            save_ranker(run, ranker)
            if scores:
                save_out_of_fold_scores(run, scores)
    return chief_first(strategy, partial(load_ranker, run))


def _is_needed(run: Run, progress: Progress) -> bool:
    """Return whether the ranker or its scores out of fold are missing or damaged.

    A message names what is there and damaged. A training may be killed between the two.
    """
    try:
        load_ranker(run)
        if run.config.ranking.scores_out_of_fold:
            load_out_of_fold_scores(run)
    except RunError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            progress.message(f"{error.where} is fitted again: {error.got}.")
        return True
    return False


def _fit(setup: TrainingSetup) -> tuple[Ranker, OutOfFoldScores | None]:
    run = setup.run
    config, seed = run.config.ranking, run.config.training.seed
    train, statute, extra = (
        collect(_records(setup, split), len(run.articles), seed=seed)
        for split in ("train", "statute", "extra")
    )
    ranker_cases = RankerCases(train, statute, extra, titles=_titles(run), tokens=run.tokens.names)

    def lstm_logits(folds: Folds) -> Float32Array:
        return out_of_fold_logits(setup, folds=folds, ranker_cases=ranker_cases)

    return fit_ranker(
        ranker_cases,
        config=config,
        seed=seed,
        lstm_logits=lstm_logits if config.lstm_feature else None,
        workers=run.config.corpus.workers,
        progress=setup.progress,
    )


def _records(setup: TrainingSetup, split: str) -> Iterator[Record]:
    """Yield the records of a split, none if there is no such split."""
    records = setup.records
    if split not in records.manifest.splits:
        return
    total = records.split(split).cases
    for done, record in enumerate(read_records(records, split), 1):
        yield record
        setup.progress.update(f"read {split}", done, total)


def _titles(run: Run) -> list[list[int]]:
    """Return the token ids of the title of each article of the run that is in the catalog."""
    encoder, titles = load_encoder(run), article_titles()
    return [encoder(titles.get(article, "")) for article in run.articles.names]
