"""Out-of-fold file: what a run keeps of the scores of its train cases, to tune thresholds on.

checkpoints/<run>/out-of-fold/scores.npz     `OutOfFoldScores`, by name
checkpoints/<run>/out-of-fold/manifest.json  sealed as `lawrec.storage.seal` describes, written last

The keys of the manifest:

run     the SHA-256 of the run's run.json: the scores of another run are noticed
ranker  the digests of the run's ranker, which was fitted together with the scores
files   the SHA-256 of scores.npz
"""

import numpy as np

from lawrec.errors import RunError
from lawrec.ranking.second_stage import OutOfFoldScores
from lawrec.runs.array_parts import load_part, save_part
from lawrec.runs.ranker_file import read_ranker_manifest
from lawrec.runs.run import Run
from lawrec.storage.limits import MAX_SCORES
from lawrec.storage.seal import SEAL_ERRORS

OUT_OF_FOLD = "out-of-fold"
SCORES = "scores.npz"


def save_out_of_fold_scores(run: Run, scores: OutOfFoldScores) -> None:
    """Write the scores into the folder of a run that has its ranker, whole or not at all.

    Of more scores than `MAX_SCORES`, those of a random sample of the cases are written.

    Example:
        >>> save_out_of_fold_scores(run, scores)  # doctest: +SKIP
        >>> load_out_of_fold_scores(run).y_score.shape  # doctest: +SKIP
        (8101, 183)
    """
    values = {"ranker": read_ranker_manifest(run)["files"]}
    arrays = _sample(scores)._asdict()
    save_part(run, OUT_OF_FOLD, file=SCORES, arrays=arrays, values=values)


def load_out_of_fold_scores(run: Run) -> OutOfFoldScores:
    """Return the scores of the train cases of a run by models that have not learned from them.

    Raises:
        RunError: The settings of the run need none, or they are missing or damaged, or belong to
            another run or ranker.

    Example:
        >>> load_out_of_fold_scores(run).y_score.max()  # doctest: +SKIP
        0.9998
    """
    if not run.config.ranking.scores_out_of_fold:
        raise RunError(
            run.folder,
            expected="the run must have scores of its train cases by models that have not seen "
            "them",
            got="none",
            todo="Tune on valid cases with decision.tune_on=valid. Or train with "
            "ranking.second_stage=true, and with ranking.lstm_feature=true or "
            "ranking.lstm_share=0.",
        )
    try:
        manifest, arrays = load_part(run, OUT_OF_FOLD, file=SCORES)
        if manifest["ranker"] != read_ranker_manifest(run)["files"]:
            raise ValueError("those of another run or of another ranker")
        scores = OutOfFoldScores(*(arrays[name] for name in OutOfFoldScores._fields))
        if {array.shape for array in scores} != {(len(scores.y_true), len(run.articles))}:
            raise ValueError("arrays of the wrong shape")
        return scores
    except SEAL_ERRORS as error:
        missing = isinstance(error, FileNotFoundError)
        raise RunError(
            run.folder / OUT_OF_FOLD,
            expected="the folder must hold the run's scores out of fold",
            got="nothing yet" if missing else error,
            todo="Fit them again with `lawrec train --resume`.",
        ) from error


def _sample(scores: OutOfFoldScores) -> OutOfFoldScores:
    n_cases, n_articles = scores.y_score.shape
    if scores.y_score.size <= MAX_SCORES:
        return scores
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(n_cases, MAX_SCORES // n_articles, replace=False))
    return OutOfFoldScores(*(array[rows] for array in scores))
