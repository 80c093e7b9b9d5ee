"""Fit the ranker of a run, before the first step of its training; a resumed one finds it there."""

from collections.abc import Iterator

from lawrec.corpus.manifest import Records
from lawrec.corpus.tfrecords import Record, read_records
from lawrec.errors import RunError
from lawrec.law.catalog import article_titles
from lawrec.progress import SILENT, Progress
from lawrec.ranking.first_stage import Corpus
from lawrec.ranking.ranker import Ranker, fit_ranker
from lawrec.ranking.train_cases import collect
from lawrec.runs.ranker_file import has_ranker, load_ranker, save_ranker
from lawrec.runs.run import Run, load_encoder
from lawrec.training.distributed import chief_first, is_chief
from lawrec.types import Strategy


def load_or_fit_ranker(
    run: Run, records: Records, *, strategy: Strategy, progress: Progress = SILENT
) -> Ranker | None:
    """Return the ranker of a run; the chief fits it where it is missing or damaged.

    Args:
        run: The run.
        records: The records that the run was made for.
        strategy: The strategy to train with.
        progress: Gets the progress of fitting.

    Returns:
        The ranker; None if the settings of the run need none.

    Raises:
        RunError: This worker does not see what the chief has fitted.

    Example:
        >>> ranker = load_or_fit_ranker(run, records, strategy=strategy)  # doctest: +SKIP
    """

    def load_or_fit() -> Ranker | None:
        try:
            return load_ranker(run)
        except RunError as error:
            if not is_chief(strategy):
                raise
            if not isinstance(error.__cause__, FileNotFoundError):
                progress.message(f"{error.where} is fitted again: {error.got}.")
        save_ranker(run, _fit(run, records, progress))
        return load_ranker(run)

    return chief_first(strategy, load_or_fit) if has_ranker(run) else None


def _fit(run: Run, records: Records, progress: Progress) -> Ranker:
    seed = run.config.training.seed
    train, statute, extra = (
        collect(_records(records, split), len(run.articles), seed=seed)
        for split in ("train", "statute", "extra")
    )
    corpus = Corpus(train, statute, extra, titles=_titles(run), n_tokens=len(run.tokens))
    return fit_ranker(corpus, config=run.config.ranking, seed=seed, progress=progress)


def _records(records: Records, split: str) -> Iterator[Record]:
    """Yield the records of a split, none if there is no such split."""
    if split in records.manifest.splits:
        yield from read_records(records, split)


def _titles(run: Run) -> list[list[int]]:
    """Return the token ids of the title of each article of the run that is in the catalog."""
    encoder, titles = load_encoder(run), article_titles()
    return [encoder(titles.get(article, "")) for article in run.articles.names]
