"""Fields of an answer: the same in every format for programs, as their JSON Schema says."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lawrec.decision.recommend import Recommendation
from lawrec.runs.results import Answer

SCHEMA_PATH = Path(__file__).parents[1] / "static" / "answer.schema.json"
"""The JSON Schema of an answer."""


def answer_fields(answer: Answer, texts: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the fields of an answer, as JSON has them; docs/files.md explains each.

    Args:
        answer: The answer.
        texts: Texts of articles by name, which become "text" of each article; null if it has none.

    Example:
        >>> answer_fields(Answer("1", "被告人盗窃。"))
        ... # doctest: +NORMALIZE_WHITESPACE
        {'case_id': '1', 'articles': [], 'recommendations': [], 'abstained': False,
         'violations': [], 'truncated': False}
    """
    if answer.error:
        return {"case_id": answer.case_id, "error": str(answer.error)}
    decision, similar = answer.decision, answer.similar_cases
    return {
        "case_id": answer.case_id,
        "articles": [entry.article for entry in decision.recommendations if entry.recommended],
        "recommendations": [
            recommendation_fields(entry, texts) for entry in decision.recommendations
        ],
        "abstained": decision.abstained,
        "violations": [asdict(violation) for violation in decision.violations],
        "truncated": answer.truncated,
        **({} if similar is None else {"similar_cases": [asdict(case) for case in similar]}),
    }


def recommendation_fields(
    entry: Recommendation, texts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the fields of one article of an answer.

    Args:
        entry: The article.
        texts: As for `answer_fields`.

    Example:
        >>> theft = Recommendation(1, "264", "盗窃罪", 0.9, None, 0.5, True, "above threshold")
        >>> list(recommendation_fields(theft))[:4]
        ['rank', 'article', 'title', 'score']
    """
    # Not `asdict`, which copies every value: this is half of the time of writing an answer.
    values = dict(vars(entry)) | ({} if texts is None else {"text": texts.get(entry.article)})
    features, explanation = values.pop("features"), values.pop("explanation")
    if features is not None:
        values["features"] = [dict(vars(feature)) for feature in features]
    if explanation is not None:
        values["explanation"] = asdict(explanation)
    return values


def answer_schema() -> dict[str, Any]:
    """Return the JSON Schema of what `answer_fields` returns.

    Example:
        >>> answer_schema()["title"]
        'Answer of lawrec predict'
    """
    schema: dict[str, Any] = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    return schema
