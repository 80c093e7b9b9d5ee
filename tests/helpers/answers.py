"""Answers to show: three articles, and a line that is no case."""

import jsonschema_rs

from lawrec.decision.decision_rule import ABOVE, BELOW
from lawrec.decision.recommend import (
    FALLBACK,
    Decision,
    FeatureContribution,
    Recommendation,
)
from lawrec.errors import CaseError
from lawrec.reporting.answers.fields import answer_schema
from lawrec.runs.results import Answer

THEFT = Recommendation(1, "264", "盗窃罪", 0.912345, 0.954321, 0.5, True, ABOVE)
DRIVING = Recommendation(2, "133之一", "危险驾驶罪", 0.25, 0.5, 0.375, True, FALLBACK)
RARE = Recommendation(3, "347", "", 0.125, None, None, False, BELOW)
FACT = "公诉机关指控，被告人某甲窃得现金。"
ANSWER = Answer("1", FACT, Decision((THEFT, DRIVING, RARE)))
ERROR = CaseError(
    "stdin:2", expected="a fact must hold text", got="an empty line", todo="Give one fact a line."
)
REFUSED = Answer("2", error=ERROR)
FEATURES = (
    FeatureContribution("words: margin", 1.25, 1.75),
    FeatureContribution("greatest lead in a window", 2.0, -0.875),
)


def check_schema(answer):
    """Raise an error if the fields of an answer are not as the JSON Schema says."""
    jsonschema_rs.validate(answer_schema(), answer)
