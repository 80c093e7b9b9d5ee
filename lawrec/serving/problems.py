"""Problems: errors over HTTP, as the problem details of RFC 9457.

The four parts of every error of lawrec are members of their own, beside those of the RFC. Only
`detail` is for people, and in the language that they ask for.
"""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from lawrec.errors import LawrecError
from lawrec.storage.json_text import json_text
from lawrec.translation import error_message

PROBLEM_TYPE = "application/problem+json"


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
        self.headers = {} if retry_after is None else {"Retry-After": _whole_seconds(retry_after)}


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


def problem_values(problem: ProblemError) -> dict[str, Any]:
    """Return the members of a problem.

    Example:
        >>> problem = ProblemError(404, "path", expected="it must exist", got="/x", todo="See /.")
        >>> problem_values(problem)["title"], problem_values(problem)["detail"]
        ('Not Found', 'path: it must exist, got /x. See /.')
    """
    return {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": error_message(problem),
        "where": problem.where,
        "expected": problem.expected,
        "got": problem.got,
        "todo": problem.todo,
    }


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


def _whole_seconds(seconds: float) -> str:
    return str(max(1, math.ceil(seconds)))
