"""Case index file: what a run keeps of the train cases that explanations compare a fact with.

checkpoints/<run>/similar/index.npz       its arrays; the ids of the cases as JSON, and the labels
                                          of all cases one after the other, with their numbers
checkpoints/<run>/similar/manifest.json   sealed as `lawrec.storage.seal` describes, written last

The keys of the manifest:

run    the SHA-256 of the run's run.json: the index of another run is noticed
files  the SHA-256 of index.npz
"""

from itertools import accumulate
from typing import Any

import numpy as np

from lawrec.errors import RunError
from lawrec.ranking.case_index import CaseIndex
from lawrec.runs.array_parts import load_part, save_part
from lawrec.runs.run import Run
from lawrec.storage.array_files import text_array, texts_in
from lawrec.storage.seal import SEAL_ERRORS
from lawrec.translation import marked

SIMILAR = "similar"
INDEX = "index.npz"


def save_case_index(run: Run, index: CaseIndex) -> None:
    """Write the index into the folder of its run, whole or not at all.

    Example:
        >>> save_case_index(run, index)  # doctest: +SKIP
        >>> load_case_index(run).case_ids == index.case_ids  # doctest: +SKIP
        True
    """
    arrays: dict[str, Any] = {
        "case_ids": text_array(index.case_ids),
        "labels": np.array([label for labels in index.labels for label in labels], np.uint32),
        "n_labels": np.array([len(labels) for labels in index.labels], np.uint32),
        **{name: getattr(index, name) for name in ("weights", "terms", "values")},
    }
    save_part(run, SIMILAR, file=INDEX, arrays=arrays, values={})


def has_case_index(run: Run) -> bool:
    """Return whether a run has an index, whatever state it is in.

    Example:
        >>> has_case_index(run)  # doctest: +SKIP
        True
    """
    return (run.folder / SIMILAR).exists()


def load_case_index(run: Run) -> CaseIndex | None:
    """Return the index of a run; None if it has none.

    Raises:
        RunError: It is damaged, or belongs to another run.

    Example:
        >>> load_case_index(run).similar([17, 402], run.articles.names)  # doctest: +SKIP
        (SimilarCase(case_id='812', articles=('264',), similarity=0.412),)
    """
    if not has_case_index(run):
        return None
    folder = run.folder / SIMILAR
    try:
        _, arrays = load_part(run, SIMILAR, file=INDEX)
        index = _from_arrays(arrays)
        _check(index, run)
        return index
    except SEAL_ERRORS as error:
        raise RunError(
            folder,
            expected="the folder must hold the run's index of train cases",
            got=error,
            todo="Delete it, and build it again with `lawrec train --resume`.",
        ) from error


def note_on_missing_index(run: Run) -> str:
    """Return a note if a run that is trained has no index, and its settings say that it has one.

    Example:
        >>> note_on_missing_index(run)  # doctest: +SKIP
        ''
    """
    if has_case_index(run) or not run.config.ranking.similar_cases:
        return ""
    return marked(
        f"{run.bundle or run.folder}: the index of train cases is missing, so that explanations "
        "name no similar cases. `lawrec train --resume` builds that of a run again."
    )


def _from_arrays(arrays: dict[str, Any]) -> CaseIndex:
    labels, sizes = arrays["labels"].tolist(), arrays["n_labels"].tolist()
    ends = accumulate(sizes)
    return CaseIndex(
        texts_in(arrays["case_ids"]),
        tuple(tuple(labels[end - size : end]) for size, end in zip(sizes, ends, strict=True)),
        *(arrays[name] for name in ("weights", "terms", "values")),
    )


def _check(index: CaseIndex, run: Run) -> None:
    """Raise a ValueError if parts of an index do not belong together or to the run."""
    n_cases = len(index.case_ids)
    if not (len(index.labels) == len(index.terms) == len(index.values) == n_cases):
        raise ValueError("parts of different length")
    if index.terms.shape != index.values.shape or index.weights.shape != (len(run.tokens),):
        raise ValueError("parts of different shape")
    labels = [label for each in index.labels for label in each]
    if max(labels, default=0) >= len(run.articles) or index.terms.max(initial=0) >= len(
        index.weights
    ):
        raise ValueError("articles or tokens that the run does not know")
