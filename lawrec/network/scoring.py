"""Scoring: a run + facts -> y_score, in constant memory, each case apart from its batch mates."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from lawrec.corpus.articles import statute_order
from lawrec.corpus.cases import Case, Cases, read_cases, strictly
from lawrec.corpus.pipeline import LENGTH_STEP
from lawrec.corpus.readers import DEFAULT_FORMAT, Format
from lawrec.corpus.streams import digest_at
from lawrec.corpus.vocabulary import PAD_ID, UNK_ID, Vocabulary, label_matrix
from lawrec.errors import CaseError
from lawrec.files import replaced
from lawrec.network.checkpoint import Run, best_checkpoint, load_encoder, load_model
from lawrec.progress import Progress, silent

T = TypeVar("T")
Scores = npt.NDArray[np.float32]
Scorer = Callable[[Sequence[Sequence[int]]], Scores]

_STORED_AS = 2  # rises when what is stored in `scores/` changes
CHUNK_CASES = 2_048
ROWS = 32
"""Cases in a batch. Always as many, and padded to a length that only the case itself decides: so
the arithmetic for a case is the same whatever it is scored with."""


@dataclass(frozen=True)
class ScoredCases:
    """Labelled cases with their scores: y_true bool, y_score float32, (n_cases, n_articles).

    `known` is False where a case does not know whether the article applies to it.
    The columns are the run's articles, then those that the cases cite and the run does not know:
    they score 0, so that each of their citations counts as a miss.
    """

    case_ids: tuple[str, ...]
    articles: tuple[str, ...]
    y_true: npt.NDArray[np.bool_]
    y_score: Scores
    known: npt.NDArray[np.bool_]
    skipped: int


def score_file(
    run: Run,
    path: Path,
    form: Format = DEFAULT_FORMAT,
    skip_bad: bool = False,
    progress: Progress = silent,
) -> ScoredCases:
    """Score labelled cases, a path as `files_at` takes it, with a run's best checkpoint.

    The result is stored in the run's folder `scores/` and read from there the next time.

    Raises:
        CaseError: The file cannot be read, holds no case, or a line cannot be used.
        RunError: The run has no checkpoint.
    """
    checkpoint = best_checkpoint(run, progress)
    kind = "skip" if skip_bad else "strict"
    parts = json.dumps([_STORED_AS, digest_at(path), form.chosen()])
    key = hashlib.sha256(parts.encode()).hexdigest()[:16]
    stored = run.folder / "scores" / f"{key}-{Path(checkpoint).name}-{kind}.npz"
    if not stored.is_file():
        scored = _score_cases(
            run, checkpoint, read_cases(path, form=form), path, skip_bad, progress
        )
        with replaced(stored) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **vars(scored))
    with np.load(stored, allow_pickle=False) as arrays:
        return ScoredCases(
            case_ids=tuple(arrays["case_ids"].tolist()),
            articles=tuple(arrays["articles"].tolist()),
            y_true=arrays["y_true"],
            y_score=arrays["y_score"],
            known=arrays["known"],
            skipped=int(arrays["skipped"]),
        )


def _score_cases(
    run: Run, checkpoint: str, read: Cases, path: Path, skip_bad: bool, progress: Progress
) -> ScoredCases:
    encoder, scorer = load_encoder(run), make_scorer(load_model(run, checkpoint))
    skipped: list[CaseError] = []
    cases = _kept(read, skipped) if skip_bad else strictly(read)
    case_ids: list[str] = []
    cited: list[tuple[str, ...]] = []
    unknown: list[tuple[str, ...]] = []
    scores: list[Scores] = []
    for chunk in chunks(cases):
        case_ids += [case.case_id for case in chunk]
        cited += [case.articles for case in chunk]
        unknown += [case.unknown_articles for case in chunk]
        scores.append(scorer([encoder(case.fact) for case in chunk]))
        progress(f"score {path.name}", len(case_ids), None)
    if not case_ids:
        raise CaseError(path, "the file must hold a case", "none", "Add cases to it.")
    new = {name for names in cited for name in names} - set(run.articles.names)
    articles = Vocabulary((*run.articles.names, *sorted(new, key=statute_order)))
    y_score = np.concatenate(scores)
    return ScoredCases(
        case_ids=tuple(case_ids),
        articles=articles.names,
        y_true=_matrix(cited, articles),
        y_score=np.pad(y_score, ((0, 0), (0, len(new)))),
        known=~_matrix(unknown, articles),
        skipped=len(skipped),
    )


def _kept(cases: Iterable[Case | CaseError], skipped: list[CaseError]) -> Iterator[Case]:
    for case in cases:
        if isinstance(case, Case):
            yield case
        else:
            skipped.append(case)


def _matrix(named: list[tuple[str, ...]], articles: Vocabulary) -> npt.NDArray[np.bool_]:
    """Return the matrix of named articles; one that is no column is left out."""
    ids = ([articles.ids[name] for name in names if name in articles.ids] for names in named)
    return label_matrix(ids, len(articles))


def make_scorer(model: Any) -> Scorer:
    """Return a function from token ids of cases to y_score float32 (n_cases, n_articles)."""

    @tf.function(input_signature=[tf.TensorSpec((ROWS, None), tf.int32)], autograph=False)
    def forward(token_ids: Any) -> Any:
        return tf.sigmoid(model(token_ids, training=False)["articles"])

    def score(cases: Sequence[Sequence[int]]) -> Scores:
        y_score = np.empty((len(cases), model.output["articles"].shape[-1]), np.float32)
        for rows in _batches([len(case) for case in cases]):
            batch = _padded([cases[row] for row in rows])
            y_score[rows] = forward(tf.constant(batch)).numpy()[: len(rows)]
        return y_score

    return score


def chunks(items: Iterable[T], size: int = CHUNK_CASES) -> Iterator[list[T]]:
    """Cut a stream into lists of `size` items; the last may be shorter."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Give the rows of each batch: cases that are padded to the same length, `ROWS` at most."""
    by_length: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        by_length.setdefault(-(-length // LENGTH_STEP), []).append(row)
    for rows in by_length.values():
        yield from (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))


def _padded(cases: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
    length = -(-len(cases[0]) // LENGTH_STEP) * LENGTH_STEP
    batch = np.full((ROWS, length), PAD_ID, np.int32)
    batch[len(cases) :, 0] = UNK_ID  # no row may be padding alone
    for row, case in enumerate(cases):
        batch[row, : len(case)] = case
    return batch
