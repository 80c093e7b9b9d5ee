"""Request bodies: what may be posted, its schema, and how it is read.

FastAPI itself would take the last of two values of a key without a word, and three times as long.
"""

import re
from collections.abc import Callable, Container, Coroutine
from inspect import signature
from typing import Annotated, Any, Self

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from starlette.requests import Request
from starlette.responses import Response

from lawrec.errors import quoted
from lawrec.serving.problems import TWICE, ProblemError
from lawrec.storage.json_text import parse_json
from lawrec.translation import marked

_JSON = re.compile(r"\s*application/([^;/\s]+\+)?json\s*(;|$)", re.IGNORECASE)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
"""From a request to its response."""
_CHINESE = "[\u3400-\u4dbf\u4e00-\u9fff]"
DAY = r"^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
FACT = "被告人张某于2015年3月1日在某超市秘密窃取他人手机一部，价值人民币3000元。"
"""The fact of the examples."""
Fact = Annotated[str, Field(description="The fact of a case, in Chinese.", examples=[FACT])]


def _as_int(value: Any) -> Any:
    """Return 3 for 3.0, which JSON Schema calls an integer, and any other value as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_as_int)
ArticleName = Annotated[str, Field(min_length=1, max_length=40, examples=["264"])]
"""The name of an article, in any spelling."""


class StrictBody(BaseModel):
    """A body without unknown fields, and without texts that stand for numbers."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _either_or(schema: dict[str, Any]) -> None:
    """Say in a schema that a body has a fact or facts: the code checks the same."""
    schema["oneOf"] = [{"required": ["fact"]}, {"required": ["facts"]}]
    schema["properties"]["fact"] |= {"pattern": _CHINESE}
    for name in ("fact", "facts"):
        del schema["properties"][name]["default"]


class RecommendBody(StrictBody):
    """The fact of one case, or the facts of several."""

    model_config = ConfigDict(json_schema_extra=_either_or)

    fact: Fact = ""
    facts: list[Fact] = Field(default=[], description="The facts of several cases.", min_length=1)
    top_k: Annotated[int, Field(ge=0, le=1000), WHOLE] = Field(
        default=1, description="Answer with at least this many articles per case."
    )
    threshold: float | None = Field(
        default=None, ge=0, le=1, description="A threshold for all articles, not the tuned ones."
    )
    with_text: bool = Field(default=False, description="Add the text of each article.")
    explain: bool = Field(
        default=False,
        description="Add the parts of the fact that led to each recommended article; it takes the "
        "time of 16 facts.",
    )
    date: str | None = Field(
        default=None,
        description="With with_text: the texts in force on this day; by default, the newest.",
        pattern=DAY,
        json_schema_extra={"format": "date"},
        examples=["2021-03-01"],
    )

    @model_validator(mode="after")
    def _has_one_kind_of_facts(self) -> Self:
        if len({"fact", "facts"} & self.model_fields_set) != 1:
            raise ValueError(marked("the body must have either fact or facts"))
        return self


class FeedbackBody(StrictBody):
    """What a lawyer says of the articles of a case."""

    fact: Fact = Field(json_schema_extra={"pattern": _CHINESE})
    accepted: list[ArticleName] = Field(
        default=[], description="Articles that apply.", max_length=100
    )
    rejected: list[ArticleName] = Field(
        default=[], description="Articles that do not apply.", max_length=100
    )
    added: list[ArticleName] = Field(
        default=[], description="Articles that apply and were not recommended.", max_length=100
    )
    complete: bool = Field(
        default=False, description="Whether no other article applies; else, nobody knows of them."
    )


class JsonRoute(APIRoute):
    """A route whose `body`, if its endpoint has one, is JSON within the limits of `parse_json`.

    Beside it, such an endpoint has its `request` and the parts of its path, which are texts. Where
    there is a body or a query parameter, a query parameter that is none of the route is refused, as
    is one that comes twice.
    """

    def get_route_handler(self) -> Handler:
        """Return the function from a request to its response."""
        body = signature(self.endpoint).parameters.get("body")
        known = {field.alias for field in self.dependant.query_params}
        answer = self._json_handler(body.annotation) if body else super().get_route_handler()
        if not body and not known:
            return answer

        async def handle(request: Request) -> Response:
            _check_query(request, known)
            return await answer(request)

        return handle

    def _json_handler(self, model: type[BaseModel]) -> Handler:
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            checked = _checked(await _value(request), model)
            response: Response = await endpoint(
                request=request, body=checked, **request.path_params
            )
            return response

        return handle


def _check_query(request: Request, known: Container[str]) -> None:
    """Refuse a query parameter that FastAPI would ignore: of another name, or the first of two.

    Raises:
        RequestValidationError: There is one.
    """
    for name, value in request.query_params.items():
        values = request.query_params.getlist(name)
        mistake: dict[str, Any] = {"loc": ("query", name[:100]), "msg": ""}
        if name not in known:
            raise RequestValidationError([{**mistake, "type": "extra_forbidden", "input": value}])
        if len(values) > 1:
            raise RequestValidationError([{**mistake, "type": TWICE, "input": values}])


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
