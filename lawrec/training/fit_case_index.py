"""What a run keeps of its train cases, before the first step; a resumed training finds it there."""

from itertools import chain

from lawrec.corpus.records.tfrecords import read_records
from lawrec.ranking.case_index import fit_case_index
from lawrec.runs.case_index_file import has_case_index, save_case_index
from lawrec.runs.trained_cases_file import TRAINED, save_trained_cases, smallest_digests
from lawrec.training.setup import TrainingSetup


def index_train_cases(setup: TrainingSetup) -> None:
    """Write the index of the train cases into the folder of a run that needs one and has none.

    Args:
        setup: The run, whose `ranking.similar_cases` decides how many cases are indexed, 0 for
            none, and its records.

    Raises:
        RecordsError: A shard is missing or damaged.

    Example:
        >>> index_train_cases(setup)  # doctest: +SKIP
        >>> len(load_case_index(setup.run).case_ids)  # doctest: +SKIP
        1400
    """
    run = setup.run
    limit = run.config.ranking.similar_cases
    if not limit or has_case_index(run):
        return
    setup.progress.message("Indexing the train cases, for explanations.")
    index = fit_case_index(
        read_records(setup.records, "train"),
        len(run.tokens),
        n_labels=len(run.articles),
        limit=limit,
        seed=run.config.training.seed,
    )
    save_case_index(run, index)


def keep_trained_cases(setup: TrainingSetup) -> None:
    """Write the digests of the cases that a run is trained on into its folder, if they are missing.

    Raises:
        RecordsError: A shard is missing or damaged.

    Example:
        >>> keep_trained_cases(setup)  # doctest: +SKIP
        >>> len(load_trained_cases(setup.run))  # doctest: +SKIP
        1400
    """
    run, records = setup.run, setup.records
    if (run.folder / TRAINED).exists():
        return
    cases = chain.from_iterable(read_records(records, split) for split in records.learned_splits)
    save_trained_cases(run, smallest_digests(case.token_ids for case in cases))
