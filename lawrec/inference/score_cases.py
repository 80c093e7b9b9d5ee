"""Score labelled cases with a run, and store the scores in its folder.

Tuning and evaluation need the scores of the same cases again and again. A file of scores is named
by a digest of what the scores depend on: the cases and how they are read, the checkpoint, the
engine and the run's settings. It holds a digest of that name and of its content, so that scores of
other cases, or damaged ones, are never used by mistake: they are computed again.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lawrec.corpus.bad_lines import BadLines, usable_cases
from lawrec.corpus.cases import Case, n_characters, no_case_error
from lawrec.corpus.vocabulary import Vocabulary, name_matrix
from lawrec.inference.engines import AUTO, AUTO_ENGINE, EngineChoice, choose_engine
from lawrec.inference.load_scorer import load_scorer
from lawrec.iterables import batched
from lawrec.law.articles import statute_order
from lawrec.progress import SILENT, Progress
from lawrec.ranking.run_scorer import Scorer
from lawrec.runs.checkpoint_list import run_digest
from lawrec.runs.find_checkpoint import best_checkpoint
from lawrec.runs.labelled_cases import LabelledCases, Sample
from lawrec.runs.ranker_file import scoring_digest
from lawrec.runs.results import ScoredCases
from lawrec.runs.run import Run, load_encoder
from lawrec.runs.trained_cases_file import count_trained, load_trained_cases
from lawrec.storage.array_files import read_arrays, text_array, texts_in
from lawrec.storage.files import atomic_file
from lawrec.storage.seal import SEAL_ERRORS, json_digest
from lawrec.types import Int64Array

SCORES_VERSION = 10  # rises when what is stored in `scores/` changes


def score_labelled_cases(
    run: Run,
    cases: LabelledCases,
    *,
    checkpoint: str | None = None,
    engine: EngineChoice = AUTO_ENGINE,
    progress: Progress = SILENT,
) -> ScoredCases:
    """Return labelled cases with their scores from a run's best checkpoint.

    The result is stored in the run's folder `scores/` and read from there the next time. Where it
    cannot be stored, a message says so.

    Args:
        run: A trained run.
        cases: The cases.
        checkpoint: What `best_checkpoint` returned for the run, if it was called already.
        engine: What computes the network.
        progress: Receives the number of cases after each chunk of them.

    Raises:
        CaseError: A file cannot be read or has no case, a line is not a valid case, or it has a
            label that neither the run nor the catalog knows.
        RunError: The run has no checkpoint, or needs another tokenizer, or the engine cannot be
            used.

    Example:
        >>> run = find_run(Path("checkpoints"), None)  # doctest: +SKIP
        >>> cases = labelled_cases([run], Path("data/valid.json"))  # doctest: +SKIP
        >>> scored = score_labelled_cases(run, cases)  # doctest: +SKIP
        >>> scored.y_score.shape == (len(scored), len(scored.articles))  # doctest: +SKIP
        True
    """
    checkpoint = checkpoint or best_checkpoint(run, progress)
    name = choose_engine(run, checkpoint, choice=engine, progress=progress)
    key = _key(run, checkpoint, engine=name, cases=cases)
    stored = run.folder / "scores" / f"{key[:16]}-{Path(checkpoint).name}.npz"
    scored = _load(stored, key, progress=progress)
    if not scored:
        sample = cases.draw(progress)
        # The name is known now: nothing is chosen again, and no message comes twice.
        scorer = load_scorer(run, checkpoint, engine=replace(engine, name=name or AUTO))
        scored = score_cases(scorer, run, cases=cases, sample=sample, progress=progress)
        _store(scored, stored, key=key, progress=progress)
    _report(scored, cases.path, progress=progress)
    return scored


def join_cases(first: ScoredCases, second: ScoredCases) -> ScoredCases:
    """Return the scored cases of two files of the same run as those of one.

    Args:
        first: Scored cases.
        second: Others. Both begin with the articles of the run; articles that only one of them has
            are false in the cases of the other, with a score of 0.

    Example:
        >>> join_cases(scored, judged).articles == scored.articles  # doctest: +SKIP
        True
    """
    articles = tuple(dict.fromkeys((*first.articles, *second.articles)))
    both = [_with_articles(scored, articles) for scored in (first, second)]
    behind = first.drawn_from + first.superseded + second.positions
    return ScoredCases(
        articles=articles,
        y_true=np.concatenate([scored.y_true for scored in both]),
        y_score=np.concatenate([scored.y_score for scored in both]),
        known=np.concatenate([scored.known for scored in both]),
        skipped=first.skipped + second.skipped,
        trained=first.trained + second.trained,
        superseded=first.superseded + second.superseded,
        positions=np.concatenate([first.positions, behind]),
        drawn_from=first.drawn_from + second.drawn_from,
    )


def _report(scored: ScoredCases, path: Path, *, progress: Progress) -> None:
    """Say which cases of a file are used, and which of them the run has seen."""
    if len(scored) < scored.drawn_from:
        used = f"{len(scored):,} of {scored.drawn_from:,} cases are used"
        progress.message(f"{path}: {used}, drawn at random.")
    if scored.superseded:
        progress.message(
            f"{path}: judgments that later ones on the same facts replace: {scored.superseded:,}."
        )
    if scored.trained:
        progress.message(
            f"{path}: the run was trained on at least {scored.trained:,} of these "
            f"{len(scored):,} cases; what is computed on them looks too good."
        )


def _with_articles(scored: ScoredCases, articles: tuple[str, ...]) -> ScoredCases:
    """Return cases with a column for each of these articles: new ones are false and score 0."""
    if articles == scored.articles:
        return scored
    n_cases, columns = len(scored), [articles.index(name) for name in scored.articles]
    y_true = np.zeros((n_cases, len(articles)), np.bool_)
    y_score, known = np.zeros(y_true.shape, np.float32), np.ones(y_true.shape, np.bool_)
    y_true[:, columns], y_score[:, columns] = scored.y_true, scored.y_score
    known[:, columns] = scored.known
    return replace(scored, articles=articles, y_true=y_true, y_score=y_score, known=known)


def _key(run: Run, checkpoint: str, *, engine: str, cases: LabelledCases) -> str:
    """Return a digest of all that the scores depend on."""
    own = [scoring_digest(run, checkpoint), run_digest(run.folder)]
    labels = sorted(cases.labels.names or ())
    read = [cases.sha256, cases.case_format.non_defaults(), labels, cases.max_cases]
    return json_digest([SCORES_VERSION, own, engine, read, cases.skip_bad, cases.last_of_fact])


def _store(scored: ScoredCases, path: Path, *, key: str, progress: Progress) -> None:
    """Write scores and their digest; a message says where that is not possible."""
    values = {**vars(scored), "articles": text_array(scored.articles)}
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in values.items()}
    arrays["digest"] = np.asarray(_digest(arrays, key))
    try:
        with atomic_file(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)
    except OSError as error:
        progress.message(f"{path}: the scores are not kept there ({error.strerror}).")


def _load(path: Path, key: str, *, progress: Progress) -> ScoredCases | None:
    """Return stored scores; None where there are none, or with a message if they are damaged."""
    if not path.is_file():
        return None
    try:
        arrays = read_arrays(path)
        if str(arrays.pop("digest")) != _digest(arrays, key):
            raise ValueError("other scores than its name says")
        values: dict[str, Any] = {**arrays, "articles": texts_in(arrays["articles"])}
        numbers = ("skipped", "trained", "superseded", "drawn_from")
        values |= {name: int(arrays[name]) for name in numbers}
        return ScoredCases(**values)
    except SEAL_ERRORS as error:
        progress.message(f"{path} is damaged ({error}): the cases are scored again.")
        return None


def _digest(arrays: dict[str, Any], key: str) -> str:
    """Return a digest of what scores depend on, and of the scores themselves."""
    content = [
        [
            name,
            str(array.dtype),
            array.shape,
            hashlib.sha256(np.ascontiguousarray(array).data).hexdigest(),
        ]
        for name, array in sorted(arrays.items())
    ]
    return json_digest([key, content])


def score_cases(
    scorer: Scorer,
    run: Run,
    *,
    cases: LabelledCases,
    sample: Sample,
    progress: Progress,
) -> ScoredCases:
    """Score cases chunk by chunk; articles that the run does not know get columns of zeros.

    Args:
        scorer: From token ids to scores.
        run: The run that the scorer is made from.
        cases: The cases.
        sample: Which of them to score, as `cases.draw` returns it.
        progress: Receives the number of cases after each chunk of them.

    Raises:
        CaseError: There is no case, a line is not a valid one, or the cases change meanwhile.

    Example:
        >>> scored = score_cases(  # doctest: +SKIP
        ...     scorer, run, cases=cases, sample=cases.draw(), progress=SILENT
        ... )
        >>> scored.skipped  # doctest: +SKIP
        0
    """
    encoder, digests = load_encoder(run), load_trained_cases(run)
    positions = sample.positions
    bad_lines = BadLines(skip=cases.skip_bad)
    shape = len(positions), len(run.articles)
    y_score, y_true = np.zeros(shape, np.float32), np.zeros(shape, np.bool_)
    known = np.ones(shape, np.bool_)
    others_cited: defaultdict[str, list[int]] = defaultdict(list)
    others_unknown: defaultdict[str, list[int]] = defaultdict(list)
    n_scored = trained = 0
    for chunk in batched(_at(positions, usable_cases(cases.read(), bad_lines)), weigh=n_characters):
        rows = np.s_[n_scored : n_scored + len(chunk)]
        cited = [case.articles for case in chunk]
        unknown = [case.unknown_articles for case in chunk]
        token_ids = [encoder(case.fact) for case in chunk]
        trained += count_trained(token_ids, digests)
        y_score[rows] = scorer(token_ids)
        y_true[rows] = name_matrix(cited, run.articles)
        known[rows] = ~name_matrix(unknown, run.articles)
        _add_others(others_cited, cited, vocabulary=run.articles, first_row=n_scored)
        _add_others(others_unknown, unknown, vocabulary=run.articles, first_row=n_scored)
        n_scored += len(chunk)
        progress.update(f"score {cases.path.name}", n_scored, len(positions))
    cases.check_unchanged()
    if not n_scored:
        raise no_case_error(cases.path)
    scored = ScoredCases(
        articles=run.articles.names,
        y_true=y_true,
        y_score=y_score,
        known=known,
        skipped=bad_lines.skipped,
        trained=trained,
        positions=positions,
        drawn_from=sample.drawn_from,
        superseded=sample.superseded,
    )
    new = sorted(others_cited, key=statute_order)
    scored = _with_articles(scored, (*run.articles.names, *new))
    for column, name in enumerate(new, len(run.articles)):
        scored.y_true[others_cited[name], column] = True
        scored.known[others_unknown[name], column] = False
    return scored


def _add_others(
    rows: defaultdict[str, list[int]],
    names: Iterable[Sequence[str]],
    *,
    vocabulary: Vocabulary,
    first_row: int,
) -> None:
    """Add the row of each case to those of each of its names that the vocabulary lacks."""
    for row, of_case in enumerate(names, first_row):
        for name in of_case:
            if name not in vocabulary.ids:
                rows[name].append(row)


def _at(positions: Int64Array, cases: Iterable[Case]) -> Iterator[Case]:
    """Yield the cases at rising positions; the rest is read, too, so that bad lines are found."""
    wanted = iter(positions.tolist())
    position = next(wanted, None)
    for number, case in enumerate(cases):
        if number == position:
            yield case
            position = next(wanted, None)
