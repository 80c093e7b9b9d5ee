"""JSON route: a route whose body is read as all JSON is read here.

FastAPI itself would take the last of two values of a key without a word, and three times as long.
"""

import re
from collections.abc import Callable, Coroutine
from inspect import signature
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from lawrec.errors import quoted
from lawrec.serving.problems import ProblemError
from lawrec.storage.json_text import parse_json

_JSON = re.compile(r"\s*application/([^;/\s]+\+)?json\s*(;|$)", re.IGNORECASE)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
"""From a request to its response."""


class JsonRoute(APIRoute):
    """A route whose `body`, if its endpoint has one, is JSON within the limits of `parse_json`.

    Beside it, such an endpoint has its `request` and the parts of its path, which are texts.
    """

    def get_route_handler(self) -> Handler:
        """Return the function from a request to its response."""
        body = signature(self.endpoint).parameters.get("body")
        if body is None:
            return super().get_route_handler()
        endpoint, model = self.endpoint, body.annotation

        async def handle(request: Request) -> Response:
            checked = _checked(await _value(request), model)
            response: Response = await endpoint(
                request=request, body=checked, **request.path_params
            )
            return response

        return handle


async def _value(request: Request) -> Any:
    """Return the value of a body in JSON.

    The page of another site can post a form to this one, but nothing that says it is JSON.

    Raises:
        ProblemError: It does not say that it is JSON (415), or it is none (400).
    """
    media_type = request.headers.get("content-type", "")
    if not _JSON.match(media_type):
        raise ProblemError(
            415,
            "Content-Type",
            expected="it must be application/json",
            got=quoted(media_type),
            todo='Send the header "Content-Type: application/json".',
        )
    try:
        return parse_json((await request.body()).decode("utf-8-sig"))
    except ValueError as error:
        raise ProblemError(
            400,
            "the body",
            expected="it must be JSON in UTF-8",
            got=error,
            todo="See /openapi.json.",
        ) from error


def _checked(value: Any, model: type[BaseModel]) -> BaseModel:
    """Return a value as the model of a body.

    Raises:
        RequestValidationError: It contradicts the model.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise RequestValidationError(
            [each | {"loc": ("body", *each["loc"])} for each in error.errors(include_url=False)]
        ) from error
