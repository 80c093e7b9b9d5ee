"""Out-of-fold file: what a run keeps of the scores of its train cases, to tune thresholds on.

checkpoints/<run>/out-of-fold/scores.npz     `OutOfFoldScores`, by name
checkpoints/<run>/out-of-fold/manifest.json  sealed as `lawrec.storage.seal` describes, written last

The keys of the manifest:

run     the SHA-256 of the run's run.json: the scores of another run are noticed
ranker  the digests of the run's ranker, which was fitted together with the scores
files   the SHA-256 of scores.npz
"""

from typing import Any

import numpy as np

from lawrec.errors import RunError
from lawrec.ranking.second_stage import OutOfFoldScores
from lawrec.runs.checkpoint_list import RUN_FILE
from lawrec.runs.ranker_file import read_ranker_manifest
from lawrec.runs.run import Run
from lawrec.storage.array_files import read_arrays
from lawrec.storage.files import atomic_folder, sha256
from lawrec.storage.seal import (
    MANIFEST,
    SEAL_ERRORS,
    damaged_file,
    file_digests,
    read_sealed,
    write_sealed,
)

OUT_OF_FOLD = "out-of-fold"
SCORES = "scores.npz"


def save_out_of_fold_scores(run: Run, scores: OutOfFoldScores) -> None:
    """Write the scores into the folder of a run that has its ranker, whole or not at all.

    Example:
        >>> save_out_of_fold_scores(run, scores)  # doctest: +SKIP
        >>> load_out_of_fold_scores(run).y_score.shape  # doctest: +SKIP
        (8101, 183)
    """
    with atomic_folder(run.folder / OUT_OF_FOLD) as folder:
        np.savez_compressed(folder / SCORES, **scores._asdict())
        write_sealed(folder / MANIFEST, _owner(run) | {"files": file_digests(folder, [SCORES])})


def has_out_of_fold_scores(run: Run) -> bool:
    """Return whether a run has such scores, whatever state they are in.

    Example:
        >>> has_out_of_fold_scores(run)  # doctest: +SKIP
        True
    """
    return (run.folder / OUT_OF_FOLD).exists()


def load_out_of_fold_scores(run: Run) -> OutOfFoldScores:
    """Return the scores of the train cases of a run by models that have not learned from them.

    Raises:
        RunError: The run has none, or they are damaged or belong to another run or ranker.

    Example:
        >>> load_out_of_fold_scores(run).y_score.max()  # doctest: +SKIP
        0.9998
    """
    folder = run.folder / OUT_OF_FOLD
    if not has_out_of_fold_scores(run):
        raise RunError(
            run.folder,
            expected="the run must have scores of its train cases, out of fold",
            got=f"no {OUT_OF_FOLD}",
            todo="They need ranking.second_stage, and the LSTM in it or left out "
            "(ranking.lstm_feature, ranking.lstm_share=0).",
        )
    try:
        manifest = read_sealed(folder / MANIFEST)
        if {key: manifest[key] for key in _owner(run)} != _owner(run):
            raise ValueError("those of another run or of another ranker")
        if damage := damaged_file(folder, manifest["files"]):
            raise ValueError(f"{damage[0].name}: {damage[1]}")
        arrays = read_arrays(folder / SCORES)
        scores = OutOfFoldScores(*(arrays[name] for name in OutOfFoldScores._fields))
        if {array.shape for array in scores} != {(len(scores.y_true), len(run.articles))}:
            raise ValueError("arrays of the wrong shape")
        return scores
    except SEAL_ERRORS as error:
        raise RunError(
            folder,
            expected="the folder must hold the run's scores out of fold",
            got=error,
            todo="Tune on labelled cases: `lawrec tune-thresholds --data FILE`.",
        ) from error


def _owner(run: Run) -> dict[str, Any]:
    """Return what the scores belong to."""
    return {"run": sha256(run.folder / RUN_FILE), "ranker": read_ranker_manifest(run)["files"]}
