"""CAIL: articles as ids of CAIL2018, answers as its judge reads them, and what it says of them.

An id is a place in law.txt, from 1. CAIL2018 counts a branch such as 133之一 as the article that it
branches from, 133, unless the list has the branch itself.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from lawrec.errors import RunError
from lawrec.evaluation.cail_judge import CailReport, judge
from lawrec.files import write_text
from lawrec.law.articles import read_article_list
from lawrec.law.cail_labels import Ids, cail_id, cail_ids, ids_in
from lawrec.runs.results import EvaluationResult, ScoredCases
from lawrec.runs.run import Run
from lawrec.types import BoolArray


@dataclass(frozen=True)
class CailFile:
    """Where to write answers, and the articles of law.txt in its order."""

    path: Path
    labels: tuple[str, ...]


def cail_file(run: Run, path: Path, *, labels: Path | None = None) -> CailFile:
    """Return where answers go and the list that their ids count in: see `labels_of`."""
    return CailFile(path, labels_of(run, labels))


def labels_of(run: Run, path: Path | None = None) -> tuple[str, ...]:
    """Return the articles of law.txt in its order; blank lines do not count.

    Args:
        run: Without a path, the list of articles that it was trained with is taken.
        path: The list.

    Raises:
        CaseError: The list cannot be read, is empty, or names an article twice.
        RunError: There is no list.
    """
    listed = read_article_list(path) if path else run.dataset.read_article_list()
    if listed is None:
        raise RunError(
            run.folder,
            expected="CAIL's ids need the list of articles that they count in",
            got=f"no law.txt in {run.dataset.data}",
            todo="Name it with --article-list.",
        )
    return tuple(listed)


def answer(ids: Sequence[int]) -> dict[str, Any]:
    """Return a case's answer as the judge reads it; charges and imprisonment are not answered."""
    return {"accusation": [], "articles": ids, "imprisonment": 0}


def with_answers(evaluated: EvaluationResult, file: CailFile) -> EvaluationResult:
    """Write the answers of an evaluation as `write_answers` does; return it with what is said."""
    verdict = write_answers(file, evaluated.scored, y_pred=evaluated.judged.y_pred)
    return replace(evaluated, report=replace(evaluated.report, cail_judge=verdict))


def write_answers(wish: CailFile, scored: ScoredCases, *, y_pred: BoolArray) -> CailReport:
    """Write answers and their truth, a JSON line a case in the order of the cases, and judge them.

    The truth stands beside the answers, in answers.truth.json for answers.json, and has the fields
    of CAIL2018 that its judge reads. What nobody knows of a case is in neither.

    Args:
        wish: Where to write, and the list of articles.
        scored: The cases.
        y_pred: bool (n_cases, n_articles), the columns those of `scored`.
    """
    ids = ids_in(wish.labels)
    y_true, y_pred = scored.y_true & scored.known, y_pred & scored.known
    truth, answers = (_ids_of_rows(hot, scored.articles, ids=ids) for hot in (y_true, y_pred))
    truth_path = wish.path.with_name(f"{wish.path.stem}.truth{wish.path.suffix}")
    _write_lines(truth_path, (_truth(case, wish.labels) for case in truth))
    _write_lines(wish.path, map(answer, answers))
    verdict = judge(truth, answers, labels=len(wish.labels))
    lacking = np.array([cail_id(article, ids) is None for article in scored.articles], np.bool_)
    met = lacking & (y_true | y_pred).any(axis=0)
    return CailReport(
        answers=str(wish.path),
        truth=str(truth_path),
        lines=len(wish.labels),
        score=verdict.score,
        micro_f1=verdict.micro_f1,
        macro_f1=verdict.macro_f1,
        unmapped_articles=tuple(compress(scored.articles, met)),
        cited_left_out=int(y_true[:, lacking].sum()),
        recommended_left_out=int(y_pred[:, lacking].sum()),
    )


def _ids_of_rows(hot: BoolArray, articles: Sequence[str], *, ids: Ids) -> list[list[int]]:
    return [sorted(cail_ids(compress(articles, row), ids)) for row in hot]


def _truth(ids: Iterable[int], labels: Sequence[str]) -> dict[str, Any]:
    """Return the labels of a case in CAIL2018's fields, where articles are numbers and no ids."""
    cited = (labels[one - 1] for one in ids)
    term = {"death_penalty": False, "life_imprisonment": False, "imprisonment": 0}
    return {
        "meta": {
            "accusation": [],
            "relevant_articles": [int(name) if name.isdecimal() else name for name in cited],
            "term_of_imprisonment": term,
        }
    }


def _write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
