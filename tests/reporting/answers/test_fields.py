import json
from dataclasses import replace

import jsonschema_rs
import pytest

from lawrec.decision.co_citation import CoCitationViolation
from lawrec.decision.recommend import Decision
from lawrec.reporting.answers.fields import SCHEMA_PATH, answer_fields, answer_schema
from lawrec.runs.results import Answer
from tests.helpers.answers import ANSWER, DRIVING, FEATURES, RARE, REFUSED, THEFT, WHY, check_schema

EXPLAINED = (replace(DRIVING, features=FEATURES), replace(RARE, features=()))
VIOLATIONS = tuple(
    CoCitationViolation(kind, "264", "234")
    for kind in ("missing_companion", "never_cited_together")
)


def test_a_line_that_is_no_case_has_its_id_and_its_error_alone():
    assert answer_fields(REFUSED) == {
        "case_id": "2",
        "error": "stdin:2: a fact must hold text, got an empty line. Give one fact a line.",
    }


def test_the_text_of_an_article_is_added_where_texts_are_named():
    entries = answer_fields(ANSWER, {"264": "盗窃公私财物。"})["recommendations"]
    assert [entry["text"] for entry in entries] == ["盗窃公私财物。", None, None]
    assert "text" not in answer_fields(ANSWER)["recommendations"][0]


def test_features_are_added_where_they_were_asked_for():
    first, second = answer_fields(Answer("1", "", Decision(EXPLAINED)))["recommendations"]
    assert first["features"][0] == {"name": "words: margin", "value": 1.25, "contribution": 1.75}
    assert second["features"] == []
    assert "features" not in answer_fields(ANSWER)["recommendations"][0]


def test_an_explanation_is_added_where_it_was_asked_for():
    first, second, third = answer_fields(WHY)["recommendations"]
    assert first["explanation"] == {
        "clauses": ({"text": "秘密窃取。", "spans": ((3, 8),), "effect": 2.5},),
        "words": ({"text": "窃取", "spans": ((5, 7), (9, 11)), "effect": 1.25},),
        "rival": {
            "article": "266",
            "title": "诈骗罪",
            "score": 0.125,
            "clauses": (),
            "words": ({"text": "骗", "spans": ((12, 13),), "effect": -0.5},),
        },
    }
    assert second["explanation"]["rival"] is None
    assert "explanation" not in third


def test_similar_cases_are_added_where_they_were_asked_for():
    first, _ = answer_fields(WHY)["similar_cases"]
    assert first == {"case_id": "812", "articles": ("264", "269"), "similarity": 0.625}
    assert "similar_cases" not in answer_fields(ANSWER)
    assert answer_fields(replace(WHY, similar_cases=()))["similar_cases"] == []


@pytest.mark.parametrize("texts", [None, {}, {"264": "盗窃公私财物。"}])
@pytest.mark.parametrize(
    "answer",
    [
        ANSWER,
        REFUSED,
        Answer("1"),
        Answer("1", "", Decision(EXPLAINED)),
        WHY,
        Answer("1", "", Decision((THEFT,), True, VIOLATIONS), truncated=True),
    ],
    ids=["answer", "error", "no article", "features", "explanation", "violations"],
)
def test_the_schema_holds_for_all_that_an_answer_can_be(answer, texts):
    check_schema(json.loads(json.dumps(answer_fields(answer, texts))))


def broken(**changes):
    return answer_fields(ANSWER) | changes


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"case_id": "1"},
        {"case_id": "", "error": "x"},
        broken(error="x"),
        broken(case_id=1),
        broken(articles=[264]),
        broken(other=1),
        broken(recommendations=[vars(THEFT)]),
        broken(violations=[{"kind": "other", "article": "264", "other": "234"}]),
    ],
    ids=str,
)
def test_the_schema_refuses_other_fields(fields):
    with pytest.raises(jsonschema_rs.ValidationError):
        check_schema(fields)


def test_the_schema_is_a_valid_one_and_describes_every_field():
    jsonschema_rs.meta.validate(answer_schema())
    properties = [
        field
        for definition in answer_schema()["$defs"].values()
        for field in definition.get("properties", {}).values()
    ]
    assert sum("description" in field or "$ref" in field for field in properties) >= 19
    assert answer_schema() == json.loads(SCHEMA_PATH.read_text("utf-8"))
