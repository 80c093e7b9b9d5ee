"""Write the answers of an evaluation as the judge of CAIL2018 reads them, and judge them.

An answer has the ids of articles: their lines in law.txt, from 1. Ids exist only here, where files
for CAIL2018 are written; everywhere else an article is its name. CAIL2018 counts a branch such as
133之一 as the article that it branches from, 133, unless law.txt has the branch itself. An article
for which law.txt has no line at all is left out of answers and truth alike, and reported.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from lawrec.errors import RunError
from lawrec.evaluation.cail_judge import CailReport, judge
from lawrec.law.articles import json_label, read_article_list
from lawrec.law.cail_labels import Ids, cail_id, cail_ids, ids_in
from lawrec.runs.results import EvaluationResult, ScoredCases
from lawrec.runs.run import Run
from lawrec.storage.files import write_lines
from lawrec.storage.json_text import json_text
from lawrec.types import BoolArray


def read_labels(run: Run, path: Path | None = None) -> tuple[str, ...]:
    """Return the articles of law.txt in its order; blank lines do not count.

    Args:
        run: The run whose list is returned without a `path`.
        path: The file of articles. By default, the list that the run was trained with.

    Raises:
        CaseError: The list cannot be read, is empty, or names an article twice.
        RunError: There is no list.

    Example:
        >>> read_labels(run, Path("law.txt"))[:3]  # doctest: +SKIP
        ('184', '336', '314')
    """
    listed = read_article_list(path) if path else run.dataset.read_article_list()
    if listed is None:
        raise RunError(
            run.folder,
            expected="CAIL's ids are line numbers of law.txt, which must be known",
            got=f"no law.txt in {run.dataset.data}",
            todo="Name it with --article-list.",
        )
    return tuple(listed)


def cail_answer(ids: Sequence[int]) -> dict[str, Any]:
    """Return a case's answer as the judge reads it, without charges and imprisonment.

    Example:
        >>> cail_answer([12, 150])
        {'accusation': [], 'articles': [12, 150], 'imprisonment': 0}
    """
    return {"accusation": [], "articles": ids, "imprisonment": 0}


def judge_evaluation(
    evaluated: EvaluationResult, path: Path, *, labels: Sequence[str]
) -> EvaluationResult:
    """Write and judge the answers of an evaluation, and return it with the judge's result.

    Args:
        evaluated: The evaluation of a run.
        path: The file of answers to write; `write_answers` says what is in it.
        labels: The articles of law.txt in its order.

    Example:
        >>> judged = judge_evaluation(evaluated, path, labels=labels)  # doctest: +SKIP
        >>> judged.report.cail_judge.score  # doctest: +SKIP
        0.7421
    """
    cail_report = write_answers(
        evaluated.scored, evaluated.predictions.y_pred, path=path, labels=labels
    )
    return replace(evaluated, report=replace(evaluated.report, cail_judge=cail_report))


def write_answers(
    scored: ScoredCases, y_pred: BoolArray, *, path: Path, labels: Sequence[str]
) -> CailReport:
    """Write answers and their truth, one JSON line per case in the order of the cases; judge them.

    The truth for answers.json is written to answers.truth.json, with the fields of CAIL2018 that
    its judge reads. Neither file holds articles of which nobody knows whether they apply.

    Args:
        scored: The cases.
        y_pred: bool (n_cases, n_articles), the recommended articles; columns as in `scored`.
        path: The file of answers.
        labels: The articles of law.txt in its order.

    Example:
        >>> report = write_answers(scored, y_pred, path=path, labels=labels)  # doctest: +SKIP
        >>> path.read_text().splitlines()[0]  # doctest: +SKIP
        '{"accusation": [], "articles": [12, 150], "imprisonment": 0}'
    """
    ids = ids_in(labels)
    y_true, y_pred = scored.y_true & scored.known, y_pred & scored.known
    truth, answers = (
        _ids_per_case(matrix, scored.articles, ids=ids) for matrix in (y_true, y_pred)
    )
    truth_path = path.with_name(f"{path.stem}.truth{path.suffix}")
    write_lines(truth_path, (json_text(_cail_case(case, labels), None) for case in truth))
    write_lines(path, (json_text(cail_answer(ids), None) for ids in answers))
    result = judge(truth, answers, n_labels=len(labels))
    unmapped = np.array([cail_id(article, ids) is None for article in scored.articles], np.bool_)
    affected = unmapped & (y_true | y_pred).any(axis=0)
    return CailReport(
        answers=str(path),
        truth=str(truth_path),
        lines=len(labels),
        score=result.score,
        micro_f1=result.micro_f1,
        macro_f1=result.macro_f1,
        unmapped_articles=tuple(compress(scored.articles, affected)),
        cited_left_out=int(y_true[:, unmapped].sum()),
        recommended_left_out=int(y_pred[:, unmapped].sum()),
    )


def _ids_per_case(multi_hot: BoolArray, articles: Sequence[str], *, ids: Ids) -> list[list[int]]:
    """Return the ids of the articles that are True in each row, rising."""
    return [sorted(cail_ids(compress(articles, row), ids)) for row in multi_hot]


def _cail_case(ids: Iterable[int], labels: Sequence[str]) -> dict[str, Any]:
    """Return the labels of a case in CAIL2018's fields, where articles are numbers and not ids."""
    names = (labels[label - 1] for label in ids)
    term = {"death_penalty": False, "life_imprisonment": False, "imprisonment": 0}
    return {
        "meta": {
            "accusation": [],
            "relevant_articles": [json_label(name) for name in names],
            "term_of_imprisonment": term,
        }
    }
