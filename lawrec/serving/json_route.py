"""JSON route: a route whose body is read as all JSON is read here.

FastAPI itself would take the last of two values of a key without a word.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from lawrec.serving.problems import ProblemError
from lawrec.storage.json_text import parse_json


class JsonRoute(APIRoute):
    """A route whose body is JSON in UTF-8 within the limits of `parse_json`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function from a request to its response."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(_JsonRequest(request.scope, request.receive))

        return handle


class _JsonRequest(Request):
    async def json(self) -> Any:
        try:
            return parse_json((await self.body()).decode("utf-8-sig"))
        except ValueError as error:
            raise ProblemError(
                400,
                "the body",
                expected="it must be JSON in UTF-8",
                got=error,
                todo="See /openapi.json.",
            ) from error
