"""Score labelled cases with a run, and store the scores in its folder.

Tuning and evaluation need the scores of the same cases again and again. A file of scores is named
by a digest of what the scores depend on, so that scores of other cases are never used by mistake.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from lawrec.corpus.cases import BadLines, Cases, no_case_error, read_cases, usable_cases
from lawrec.corpus.label_check import check_labels, labels_known_to_run, refuse_unknown_labels
from lawrec.corpus.readers import DEFAULT_FORMAT, CaseFormat
from lawrec.corpus.vocabulary import Vocabulary, label_matrix
from lawrec.files import atomic_file
from lawrec.iterables import batched
from lawrec.law.articles import statute_order
from lawrec.models.scorer import make_scorer
from lawrec.progress import SILENT, Progress
from lawrec.runs.results import ScoredCases
from lawrec.runs.run import Run, load_encoder
from lawrec.text_files import content_digest
from lawrec.training.checkpoints import best_checkpoint, load_model
from lawrec.types import BoolArray, Float32Array

SCORES_VERSION = 3  # rises when what is stored in `scores/` changes


def score_file(
    run: Run,
    path: Path,
    *,
    case_format: CaseFormat = DEFAULT_FORMAT,
    skip_bad: bool = False,
    progress: Progress = SILENT,
) -> ScoredCases:
    """Return labelled cases with their scores from a run's best checkpoint.

    The result is stored in the run's folder `scores/` and read from there the next time.

    Args:
        run: A trained run.
        path: A file, a folder or a pattern, as `list_files` takes it.
        case_format: How the cases are written.
        skip_bad: Leave out lines that are not valid cases, and count them.
        progress: Receives the number of cases after each chunk of them.

    Raises:
        CaseError: A file cannot be read or has no case, a line is not a valid case, or it has a
            label that neither the run nor the catalog knows.
        RunError: The run has no checkpoint, or needs another tokenizer.

    Example:
        >>> run = find_run(Path("checkpoints"), None)  # doctest: +SKIP
        >>> scored = score_file(run, Path("data/valid.json"))  # doctest: +SKIP
        >>> scored.y_score.shape == (len(scored.case_ids), len(scored.articles))  # doctest: +SKIP
        True
    """
    checkpoint = best_checkpoint(run, progress)
    kind = "skip" if skip_bad else "strict"
    parts = json.dumps([SCORES_VERSION, content_digest(path), case_format.non_defaults()])
    key = hashlib.sha256(parts.encode()).hexdigest()[:16]
    stored = run.folder / "scores" / f"{key}-{Path(checkpoint).name}-{kind}.npz"
    if not stored.is_file():
        known = labels_known_to_run(run.articles.names, any_label=case_format.any_label)
        if not skip_bad:
            check_labels([path], known, case_format=case_format, progress=progress)
        scored = _score_cases(
            run,
            checkpoint,
            read=refuse_unknown_labels(read_cases(path, case_format=case_format), known),
            path=path,
            skip_bad=skip_bad,
            progress=progress,
        )
        with atomic_file(stored) as temporary, temporary.open("wb") as file:
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
    run: Run, checkpoint: str, *, read: Cases, path: Path, skip_bad: bool, progress: Progress
) -> ScoredCases:
    """Score cases chunk by chunk; articles that the run does not know get columns of zeros."""
    encoder, scorer = load_encoder(run), make_scorer(load_model(run, checkpoint))
    bad_lines = BadLines(skip=skip_bad)
    case_ids: list[str] = []
    cited: list[tuple[str, ...]] = []
    unknown: list[tuple[str, ...]] = []
    scores: list[Float32Array] = []
    for chunk in batched(usable_cases(read, bad_lines)):
        case_ids += [case.case_id for case in chunk]
        cited += [case.articles for case in chunk]
        unknown += [case.unknown_articles for case in chunk]
        scores.append(scorer([encoder(case.fact) for case in chunk]))
        progress.update(f"score {path.name}", len(case_ids), None)
    if not case_ids:
        raise no_case_error(path)
    new = {name for names in cited for name in names} - set(run.articles.names)
    articles = Vocabulary((*run.articles.names, *sorted(new, key=statute_order)))
    y_score = np.concatenate(scores)
    return ScoredCases(
        case_ids=tuple(case_ids),
        articles=articles.names,
        y_true=_matrix(cited, articles),
        y_score=np.pad(y_score, ((0, 0), (0, len(new)))),
        known=~_matrix(unknown, articles),
        skipped=bad_lines.skipped,
    )


def _matrix(named: list[tuple[str, ...]], articles: Vocabulary) -> BoolArray:
    """Return bool (n_cases, n_articles): whether a case names an article; others are ignored."""
    ids = ([articles.ids[name] for name in names if name in articles.ids] for names in named)
    return label_matrix(ids, len(articles))
