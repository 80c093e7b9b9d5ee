"""Index the train cases of a run, before the first step; a resumed training finds the index."""

from lawrec.corpus.records.manifest import Records
from lawrec.corpus.records.tfrecords import read_records
from lawrec.progress import SILENT, Progress
from lawrec.ranking.case_index import fit_case_index
from lawrec.runs.case_index_file import has_case_index, save_case_index
from lawrec.runs.run import Run


def index_train_cases(run: Run, records: Records, *, progress: Progress = SILENT) -> None:
    """Write the index of the train cases into the folder of a run that needs one and has none.

    Args:
        run: The run; `ranking.similar_cases` decides how many cases are indexed, 0 for none.
        records: The records that the run was made for.
        progress: Gets a message.

    Raises:
        RecordsError: A shard is missing or damaged.

    Example:
        >>> index_train_cases(run, records)  # doctest: +SKIP
        >>> len(load_case_index(run).case_ids)  # doctest: +SKIP
        1400
    """
    limit = run.config.ranking.similar_cases
    if not limit or has_case_index(run):
        return
    progress.message("Indexing the train cases, for explanations.")
    index = fit_case_index(
        read_records(records, "train"),
        len(run.tokens),
        n_labels=len(run.articles),
        limit=limit,
        seed=run.config.training.seed,
    )
    save_case_index(run, index)
