"""Answers to show: three articles, and a line that is no case."""

from dataclasses import replace

import jsonschema_rs

from lawrec.decision.decision_rule import ABOVE, BELOW
from lawrec.decision.explanation import Evidence, Explanation, Rival, SimilarCase
from lawrec.decision.recommend import FALLBACK, Decision, FeatureContribution, Recommendation
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
WHY_FACT = "某甲，秘密窃取。又窃取，骗。"
WHY_THEFT = Explanation(
    clauses=(Evidence("秘密窃取。", ((3, 8),), 2.5),),
    words=(Evidence("窃取", ((5, 7), (9, 11)), 1.25),),
    rival=Rival("266", "诈骗罪", 0.125, clauses=(), words=(Evidence("骗", ((12, 13),), -0.5),)),
)
NOTHING_RAISED = Explanation((), (), None)
WHY = Answer(
    "1",
    WHY_FACT,
    Decision(
        (replace(THEFT, explanation=WHY_THEFT), replace(DRIVING, explanation=NOTHING_RAISED), RARE)
    ),
    similar_cases=(SimilarCase("812", ("264", "269"), 0.625), SimilarCase("77", ("264",), 0.5)),
)
"""An answer with an explanation, and with one that found nothing."""


def check_schema(answer):
    """Raise an error if the fields of an answer are not as the JSON Schema says."""
    jsonschema_rs.validate(answer_schema(), answer)
