"""Problems: errors over HTTP, as the problem details of RFC 9457.

The four parts of every error of lawrec are members of their own, beside those of the RFC. Only
`detail` is for people, and in the language that they ask for; `error` is the same sentence, under
the name that the Open Inference Protocol has for it.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from lawrec.errors import LawrecError, quoted
from lawrec.storage.json_text import json_text
from lawrec.translation import error_message, marked, translate

PROBLEM_TYPE = "application/problem+json"
_NO_DAY = "string_pattern_mismatch"
"""What pydantic calls a mistake in a date: no other field has a pattern that it checks."""
TWICE = "twice"
"""A mistake of a query parameter that pydantic does not know."""
_TODOS = {
    _NO_DAY: marked("Write YYYY-MM-DD."),
    "string_too_long": marked("Shorten it."),
    TWICE: marked("Pass it once."),
}
_PLACES = (marked("the service"), marked("the body"))


class ProblemError(LawrecError):
    """An error with the HTTP status that it is answered with.

    Args:
        status: The HTTP status.
        where: What is wrong: a field of the body, a header, or the service.
        expected: What must hold there, as a clause with "must".
        got: What came instead.
        todo: What to do next, as a sentence.
        retry_after: Seconds after which it is worth trying again; None: never as it is.
    """

    def __init__(
        self,
        status: int,
        where: object,
        *,
        expected: str,
        got: object,
        todo: str,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(where, expected=expected, got=got, todo=todo)
        self.status = status
        self.headers: dict[str, str] = {}
        if retry_after is not None:
            self.headers["Retry-After"] = str(max(1, math.ceil(retry_after)))


def as_problem(error: LawrecError, status: int) -> ProblemError:
    """Return an error of the library as the problem of a status.

    Example:
        >>> error = LawrecError("facts", expected="it must be there", got="none", todo="Add it.")
        >>> as_problem(error, 422).status
        422
    """
    return ProblemError(
        status, error.where, expected=error.expected, got=error.got, todo=error.todo
    )


def mistake_problem(mistake: Mapping[str, Any]) -> ProblemError:
    """Return the problem of a field that contradicts its schema.

    Args:
        mistake: The mistake, as pydantic describes it.

    Example:
        >>> mistake = {"loc": ("body", "top_k"), "type": "int_type", "input": "3", "msg": ""}
        >>> print(mistake_problem(mistake))
        body.top_k: it must be a whole number, got '3'. See /openapi.json.
    """
    return ProblemError(
        422,
        ".".join(map(str, mistake["loc"])),
        expected=_expected(mistake),
        got=quoted(mistake["input"]),
        todo=_TODOS.get(mistake["type"], "See /openapi.json."),
    )


def _expected(mistake: Mapping[str, Any]) -> str:
    """Return what must hold instead of a mistake: pydantic says so in English alone."""
    limits = defaultdict(str, mistake.get("ctx", {}))
    if mistake["type"] == "value_error":
        return str(limits["error"])
    expected = {
        "missing": marked("it must be there"),
        "extra_forbidden": marked("the field must be a known one"),
        "string_type": marked("it must be a text"),
        "int_type": marked("it must be a whole number"),
        "float_type": marked("it must be a number"),
        "finite_number": marked("it must be a number"),
        "bool_type": marked("it must be true or false"),
        "list_type": marked("it must be a list"),
        "model_type": marked("it must be an object"),
        "greater_than_equal": marked(f"it must be at least {limits['ge']}"),
        "less_than_equal": marked(f"it must be at most {limits['le']}"),
        "too_short": marked(f"it must have at least {limits['min_length']} entries"),
        "too_long": marked(f"it must have at most {limits['max_length']} entries"),
        "string_too_short": marked(f"it must have at least {limits['min_length']} characters"),
        "string_too_long": marked(f"it must have at most {limits['max_length']} characters"),
        _NO_DAY: marked("it must be a day"),
        TWICE: marked("it must have one value"),
    }
    return expected.get(mistake["type"], marked(f"it must be valid: {mistake['msg']}"))


def problem_values(problem: ProblemError) -> dict[str, Any]:
    """Return the members of a problem.

    Example:
        >>> problem = ProblemError(404, "path", expected="it must exist", got="/x", todo="See /.")
        >>> problem_values(problem)["title"], problem_values(problem)["detail"]
        ('Not Found', 'path: it must exist, got /x. See /.')
    """
    detail = _detail(problem)
    return {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": detail,
        "error": detail,
        "where": problem.where,
        "expected": problem.expected,
        "got": problem.got,
        "todo": problem.todo,
    }


def _detail(problem: ProblemError) -> str:
    """Return a problem as a sentence in the language of whoever asked."""
    sentence = as_problem(problem, problem.status)
    if problem.where in _PLACES:  # any other is a name, such as that of a field
        sentence.where = translate(problem.where)
    return error_message(sentence)


def problem_response(problem: ProblemError, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response to a request that has a problem.

    Example:
        >>> problem = ProblemError(404, "path", expected="it must exist", got="/x", todo="See /.")
        >>> problem_response(problem).media_type
        'application/problem+json'
    """
    return Response(
        json_text(problem_values(problem), None),
        status_code=problem.status,
        headers={**problem.headers, **(headers or {})},
        media_type=PROBLEM_TYPE,
    )
