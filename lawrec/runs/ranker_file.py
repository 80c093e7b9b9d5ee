"""Ranker file: what a run keeps of its linear SVMs and its second stage.

checkpoints/<run>/ranker/weights.npz     their arrays, by name, such as "words/kernel"
checkpoints/<run>/ranker/manifest.json   sealed as `lawrec.storage.seal` describes, written last

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
from lawrec.ranking.character_ngrams import COLUMNS, CharacterNgrams
from lawrec.ranking.first_stage import CHARACTERS, FirstStage
from lawrec.ranking.linear_svm import LinearSvms
from lawrec.ranking.pair_features import ArticleStatistics
from lawrec.ranking.ranker import Ranker
from lawrec.ranking.second_stage import SecondStage
from lawrec.ranking.token_table import TokenTable
from lawrec.ranking.trees import BoostedTrees
from lawrec.runs.array_parts import load_part, read_part_manifest, save_part
from lawrec.runs.checkpoint_list import checkpoint_digest
from lawrec.runs.run import Run
from lawrec.storage.seal import SEAL_ERRORS, json_digest
from lawrec.types import NumberArray

RANKER = "ranker"
WEIGHTS = "weights.npz"
_TREES, _STATISTICS = "second stage/trees", "second stage/statistics"


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
    values = {"models": list(ranker.first_stage.svms), "features": ranker.feature_names}
    save_part(run, RANKER, file=WEIGHTS, arrays=arrays, values=values)


def load_ranker(run: Run) -> Ranker | None:
    """Return the ranker of a run, None if its settings need none.

    Raises:
        RunError: It is missing or damaged, or belongs to another run.

    Example:
        >>> load_ranker(run).scores([[17, 402]], lstm_logits).shape  # doctest: +SKIP
        (1, 183)
    """
    if not run.config.ranking.needs_ranker:
        return None
    try:
        manifest, arrays = load_part(run, RANKER, file=WEIGHTS)
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
        _check_shapes(ranker, n_tokens=len(run.tokens), n_articles=len(run.articles))
        return ranker
    except SEAL_ERRORS as error:
        raise _unusable(run.folder / RANKER, error) from error


def read_ranker_manifest(run: Run) -> dict[str, Any]:
    """Return the manifest of the ranker of a run that needs one; weights are not looked at.

    Raises:
        RunError: It is missing or damaged, or belongs to another run.

    Example:
        >>> read_ranker_manifest(run)["models"]  # doctest: +SKIP
        ['words', 'extra']
    """
    try:
        return read_part_manifest(run, RANKER)
    except SEAL_ERRORS as error:
        raise _unusable(run.folder / RANKER, error) from error


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
    ranker = read_ranker_manifest(run) if run.config.ranking.needs_ranker else {}
    # The digest of run.json changes when the run is packed, which changes no score.
    values = {key: value for key, value in ranker.items() if key != "run"}
    return json_digest([checkpoint_digest(checkpoint), values])


def _check_shapes(ranker: Ranker, *, n_tokens: int, n_articles: int) -> None:
    """Raise ValueError for arrays that a run would fail with: a stranger may have made them."""
    shapes: list[tuple[NumberArray, tuple[int, ...]]] = []
    for name, svms in ranker.first_stage.svms.items():
        rows = COLUMNS if name == CHARACTERS else n_tokens
        shapes += zip(svms, [(rows,), (rows, n_articles), *[(n_articles,)] * 2], strict=True)
    if stage := ranker.second_stage:
        *counts, text, title = stage.statistics
        square, articles = (n_articles, n_articles), (n_articles,)
        shapes += zip(counts, [articles, square, articles], strict=True)
        for table in (text, title):
            _check_table(table, n_tokens=n_tokens, n_articles=n_articles)
        _check_trees(stage.trees, n_features=len(ranker.feature_names))
    if any(array.shape != shape for array, shape in shapes):
        raise ValueError("arrays of the wrong shape")


def _check_table(table: TokenTable, *, n_tokens: int, n_articles: int) -> None:
    """Raise ValueError if a value has no token, or is that of no article."""
    starts, articles, values = table
    if starts.shape != (n_tokens + 1,) or values.shape != articles.shape or values.ndim != 1:
        raise ValueError("arrays of the wrong shape")
    if starts[0] != 0 or starts[-1] != len(values) or (np.diff(starts) < 0).any():
        raise ValueError("values without a token")
    if articles.size and not 0 <= articles.min() <= articles.max() < n_articles:
        raise ValueError("values of other articles than its own")


def _check_trees(trees: BoostedTrees, *, n_features: int) -> None:
    """Raise ValueError if a node has no known feature, or a child before it: a walk may not end."""
    _, *nodes, gain = trees
    if trees.left.ndim != 2 or {array.shape for array in nodes} != {trees.left.shape}:
        raise ValueError("trees of the wrong shape")
    own = np.arange(trees.left.shape[1])
    children = np.stack([trees.left, trees.right])
    if (children < own).any() or (children >= len(own)).any() or gain.shape != (n_features,):
        raise ValueError("trees with other nodes than their own")
    if trees.feature.size and not 0 <= trees.feature.min() <= trees.feature.max() < n_features:
        raise ValueError("trees with other features than their own")


def _unusable(folder: Path, error: Exception) -> RunError:
    missing = isinstance(error, FileNotFoundError)
    return RunError(
        folder,
        expected="the folder must hold the run's linear SVMs and second stage",
        got="nothing yet" if missing else error,
        todo="Fit them again with `lawrec train --resume`.",
    )


def _named(prefix: str, arrays: NamedTuple) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for field, values in arrays._asdict().items():
        name = f"{prefix}/{field}"
        named |= _named(name, values) if isinstance(values, TokenTable) else {name: values}
    return named


def _tuple_of(kind: Any, prefix: str, *, arrays: dict[str, Any]) -> Any:
    def part(field: str) -> Any:
        name = f"{prefix}/{field}"
        is_table = kind.__annotations__[field] is TokenTable
        return _tuple_of(TokenTable, name, arrays=arrays) if is_table else arrays[name]

    return kind(*map(part, kind._fields))
