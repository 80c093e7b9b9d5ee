"""Ranker file: what a run keeps of its linear SVMs and its second stage.

checkpoints/<run>/ranker/weights.npz     their arrays, by name, such as "words/kernel"
checkpoints/<run>/ranker/manifest.json   sealed as `lawrec.seal` describes, written last

The keys of the manifest:

run       the SHA-256 of the run's run.json: the ranker of another run is noticed
files     the SHA-256 of weights.npz
models    the names of the models of the first stage, in the order of their features
features  the names of the features of the second stage; empty if there is none
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lawrec.errors import RunError
from lawrec.files import atomic_folder, sha256
from lawrec.limits import MAX_WEIGHTS_BYTES
from lawrec.ranking.characters import CharacterNgrams
from lawrec.ranking.first_stage import FirstStage
from lawrec.ranking.linear_svm import LinearSvms
from lawrec.ranking.pair_features import ArticleStatistics
from lawrec.ranking.ranker import Ranker
from lawrec.ranking.second_stage import SecondStage
from lawrec.ranking.trees import BoostedTrees
from lawrec.runs.checkpoint_list import RUN_FILE, checkpoint_digest
from lawrec.runs.run import Run
from lawrec.seal import (
    MANIFEST,
    SEAL_ERRORS,
    damaged_file,
    file_digests,
    json_digest,
    read_sealed,
    write_sealed,
)

RANKER = "ranker"
WEIGHTS = "weights.npz"
_TREES, _STATISTICS = "second stage/trees", "second stage/statistics"


def has_ranker(run: Run) -> bool:
    """Return whether the scores of a run need a ranker.

    Example:
        >>> has_ranker(run)  # doctest: +SKIP
        True
    """
    return run.config.ranking.second_stage or run.config.ranking.lstm_share < 1


def needs_network(run: Run) -> bool:
    """Return whether the scores of a run depend on the logits of its network.

    Example:
        >>> needs_network(run)  # doctest: +SKIP
        True
    """
    ranking = run.config.ranking
    return bool(ranking.lstm_share) or (ranking.second_stage and ranking.lstm_feature)


def save_ranker(run: Run, ranker: Ranker) -> None:
    """Write the ranker into the folder of its run, whole or not at all.

    Example:
        >>> save_ranker(run, ranker)  # doctest: +SKIP
        >>> load_ranker(run) is None  # doctest: +SKIP
        False
    """
    arrays: dict[str, Any] = {}
    for name, svms in ranker.first_stage.svms.items():
        arrays |= _named(name, svms)
    if second_stage := ranker.second_stage:
        arrays |= _named(_TREES, second_stage.trees)
        arrays |= _named(_STATISTICS, second_stage.statistics)
    with atomic_folder(run.folder / RANKER) as folder:
        np.savez_compressed(folder / WEIGHTS, **arrays)
        values = {
            "run": sha256(run.folder / RUN_FILE),
            "files": file_digests(folder, [WEIGHTS]),
            "models": list(ranker.first_stage.svms),
            "features": ranker.feature_names,
        }
        write_sealed(folder / MANIFEST, values)


def load_ranker(run: Run) -> Ranker | None:
    """Return the ranker of a run, None if its settings need none.

    Raises:
        RunError: It is missing or damaged, or belongs to another run.

    Example:
        >>> load_ranker(run).scores([[17, 402]], lstm_logits).shape  # doctest: +SKIP
        (1, 183)
    """
    if not has_ranker(run):
        return None
    folder, manifest = run.folder / RANKER, read_ranker_manifest(run)
    try:
        if damage := damaged_file(folder, manifest["files"]):
            raise ValueError(f"{damage[0].name}: {damage[1]}")
        with np.load(folder / WEIGHTS, allow_pickle=False) as file:
            if sum(entry.file_size for entry in file.zip.infolist()) > MAX_WEIGHTS_BYTES:
                raise ValueError(f"weights of more than {MAX_WEIGHTS_BYTES:,} bytes")
            arrays = {name: file[name] for name in file.files}
        config = run.config.ranking
        ranker = Ranker(
            config,
            FirstStage(
                {name: _tuple_of(LinearSvms, name, arrays=arrays) for name in manifest["models"]},
                CharacterNgrams(run.tokens.names, config.character_ngrams),
            ),
            second_stage=SecondStage(
                _tuple_of(BoostedTrees, _TREES, arrays=arrays),
                _tuple_of(ArticleStatistics, _STATISTICS, arrays=arrays),
            )
            if config.second_stage
            else None,
        )
        if manifest["features"] != ranker.feature_names:
            raise ValueError("the features of another version of lawrec")
        return ranker
    except SEAL_ERRORS as error:
        raise _unusable(folder, error) from error


def read_ranker_manifest(run: Run) -> dict[str, Any]:
    """Return the manifest of the ranker of a run that needs one; weights are not looked at.

    Raises:
        RunError: It is missing or damaged, or belongs to another run.

    Example:
        >>> read_ranker_manifest(run)["models"]  # doctest: +SKIP
        ['words', 'extra']
    """
    folder = run.folder / RANKER
    try:
        manifest = read_sealed(folder / MANIFEST)
        if manifest["run"] != sha256(run.folder / RUN_FILE):
            raise ValueError("that of another run")
        return manifest
    except SEAL_ERRORS as error:
        raise _unusable(folder, error) from error


def scoring_digest(run: Run, checkpoint: str) -> str:
    """Return a digest of all that the scores of a run come from: its checkpoint and its ranker.

    Args:
        run: The run.
        checkpoint: The path prefix of a checkpoint, as `best_checkpoint` returns it.

    Raises:
        RunError: The checkpoint is missing, or the ranker's manifest is missing or damaged.

    Example:
        >>> len(scoring_digest(run, best_checkpoint(run)))  # doctest: +SKIP
        64
    """
    ranker = read_ranker_manifest(run) if has_ranker(run) else {}
    # The digest of run.json changes when the run is packed, which changes no score.
    values = {key: value for key, value in ranker.items() if key != "run"}
    return json_digest([checkpoint_digest(checkpoint), values])


def _unusable(folder: Path, error: Exception) -> RunError:
    missing = isinstance(error, FileNotFoundError)
    return RunError(
        folder,
        expected="the folder must hold the run's linear SVMs and second stage",
        got="nothing yet" if missing else error,
        todo="Fit them again with `lawrec train --resume`.",
    )


def _named(prefix: str, arrays: NamedTuple) -> dict[str, Any]:
    return {f"{prefix}/{field}": values for field, values in arrays._asdict().items()}


def _tuple_of(kind: Any, prefix: str, *, arrays: dict[str, Any]) -> Any:
    return kind(*(arrays[f"{prefix}/{field}"] for field in kind._fields))
