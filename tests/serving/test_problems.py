"""Problems: the problem details of RFC 9457."""

import json

import pytest

from lawrec.errors import CaseError
from lawrec.serving.problems import (
    ProblemError,
    as_problem,
    mistake_problem,
    problem_response,
    problem_values,
)
from lawrec.translation import error_message, messages_in

PARTS = {"expected": "it must be there", "got": "no 案\udcff", "todo": "Add it."}


def test_a_problem_has_its_members_and_its_four_parts():
    response = problem_response(ProblemError(429, "facts", **PARTS, retry_after=0.2))
    assert response.status_code == 429
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "1"
    assert json.loads(response.body) == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "facts: it must be there, got no 案\\udcff. Add it.",
        "error": "facts: it must be there, got no 案\\udcff. Add it.",
        "where": "facts",
        "expected": "it must be there",
        "got": "no 案\\udcff",
        "todo": "Add it.",
    }


def test_a_place_in_the_service_is_named_in_the_language_of_the_reader():
    problem = ProblemError(429, "the service", **PARTS)
    with messages_in("zh"):
        values = problem_values(problem)
    assert values["detail"].startswith("服务：")
    assert values["error"] == values["detail"]
    assert values["where"] == "the service"


@pytest.mark.parametrize(
    ("kind", "limits", "expected", "chinese"),
    [
        ("missing", {}, "it must be there", "不能缺少"),
        ("less_than_equal", {"le": 1.0}, "it must be at most 1.0", "不能大于 1.0"),
        ("too_short", {"min_length": 1}, "it must have at least 1 entries", "至少要有 1 项"),
        (
            "value_error",
            {"error": ValueError("it must be a text")},
            "it must be a text",
            "必须是文本",
        ),
        ("new", {}, "it must be valid: It is new", "必须有效：It is new"),
    ],
)
def test_a_mistake_in_a_field_says_what_must_hold(kind, limits, expected, chinese):
    mistake = {"loc": ("body", "facts", 1), "type": kind, "ctx": limits, "input": 7}
    problem = mistake_problem(mistake | {"msg": "It is new"})
    assert (problem.where, problem.expected) == ("body.facts.1", expected)
    with messages_in("zh"):
        assert error_message(problem) == f"body.facts.1：{chinese}；实际：7。请看 /openapi.json。"


def test_a_text_that_is_too_long_is_to_be_shortened():
    limits = {"ctx": {"max_length": 40}, "input": "九" * 41, "msg": ""}
    problem = mistake_problem({"loc": ("body", "added", 0), "type": "string_too_long", **limits})
    assert (problem.where, problem.todo) == ("body.added.0", "Shorten it.")


def test_an_error_of_the_library_keeps_its_parts():
    problem = as_problem(CaseError("fact", **PARTS), 422)
    assert (problem.status, problem.where, problem.todo) == (422, "fact", "Add it.")
