"""Problems: the problem details of RFC 9457."""

import json

from lawrec.errors import CaseError
from lawrec.serving.problems import ProblemError, as_problem, problem_response

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
        "where": "facts",
        "expected": "it must be there",
        "got": "no 案\\udcff",
        "todo": "Add it.",
    }


def test_an_error_of_the_library_keeps_its_parts():
    problem = as_problem(CaseError("fact", **PARTS), 422)
    assert (problem.status, problem.where, problem.todo) == (422, "fact", "Add it.")
