"""Responses: the schemas and examples of what the service answers, for its OpenAPI."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from fastapi.params import Depends
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute

from lawrec.reporting.answers.fields import answer_schema
from lawrec.serving.problems import PROBLEM_TYPE, ProblemError, problem_values
from lawrec.serving.request_bodies import JsonRoute

_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_MAYBE_NUMBER = {"type": ["number", "null"]}
_MAYBE_TEXT = {"type": ["string", "null"]}


def _object(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


ANSWER_EXAMPLE = {
    "case_id": "1",
    "articles": ["264"],
    "recommendations": [
        {
            "rank": 1,
            "article": "264",
            "title": "盗窃罪",
            "score": 0.951204,
            "probability": 0.966102,
            "threshold": 0.321336,
            "recommended": True,
            "reason": "above threshold",
        }
    ],
    "abstained": False,
    "violations": [],
    "truncated": False,
}
ARTICLE = _object(
    {
        **dict.fromkeys(("article", "title", "part", "chapter", "section"), _TEXT),
        "amendments": _list(_object({"name": _TEXT, "effective": _TEXT})),
        "version": _MAYBE_TEXT,
        "text": _MAYBE_TEXT,
        "outdated_by": _list(_TEXT),
    }
)
ARTICLE_EXAMPLE = {
    "article": "264",
    "title": "盗窃罪",
    "part": "分则",
    "chapter": "第五章 侵犯财产罪",
    "section": "",
    "amendments": [{"name": "刑法修正案（八）", "effective": "2011-05-01"}],
    "version": None,
    "text": None,
    "outdated_by": [],
}
MODEL = _object(
    {
        "name": _TEXT,
        "lawrec": _TEXT,
        "articles": {"type": "integer"},
        "trained_on": _object({"files": {"type": "object"}, "citations": {"type": "integer"}}),
        "criminal_law": _FLAG,
        "law_as_of": _MAYBE_TEXT,
        "tuned_on": _object({"cases": {"type": "integer"}, "metrics": {"type": "object"}}),
        "guarantee": _MAYBE_NUMBER,
        "statutes": _list(_TEXT),
        "feedback": _FLAG,
    }
)
MODEL_EXAMPLE = {
    "name": "criminal-law",
    "lawrec": "0.1.0",
    "articles": 183,
    "trained_on": {"files": {"train": "train.json"}, "citations": 15000},
    "criminal_law": True,
    "law_as_of": "2015-11-01",
    "tuned_on": {"cases": 9114, "metrics": {"micro_f1": 0.838, "exact_match": 0.772}},
    "guarantee": None,
    "statutes": ["2021-03-01"],
    "feedback": False,
}
CASES = _object(
    {"cases": _list(_object(dict.fromkeys(("case_id", "fact", "error"), _TEXT), "fact", "error"))}
)
CASES_EXAMPLE = {"cases": [{"case_id": "1", "fact": "被告人张某在某超市秘密窃取手机一部。"}]}
METRICS = {
    "response_class": PlainTextResponse,
    "responses": {
        200: {
            "description": "The metrics.",
            "content": {"text/plain": {"schema": _TEXT, "example": "lawrec_waiting_facts 0.0"}},
        }
    },
}
"""What the OpenAPI says of the metrics, which are not JSON."""
FILE_BODY = {
    "required": True,
    "content": {
        "application/octet-stream": {
            "schema": {"type": "string", "format": "binary"},
            "example": "被告人张某在某超市秘密窃取手机一部。",
        }
    },
}
STATE = _object({"status": _TEXT})
PROBLEM = _object(
    {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        **dict.fromkeys(("detail", "error", "where", "expected", "got", "todo"), _TEXT),
    }
)
_PROBLEMS = {
    400: ("The body is no JSON.", "body", "it must be JSON", "'{'", "Send JSON."),
    401: ("No API key that is known.", "Authorization", "a key must be sent", "none", "Send it."),
    404: ("It does not exist.", "ARTICLE", "every article must be a known one", "'999'", "See /."),
    408: (
        "The body came too slowly.",
        "the body",
        "it must arrive in time",
        "a part",
        "Try again.",
    ),
    409: (
        "No text of the law is imported for that day.",
        "vocab/statutes/criminal-law",
        "a version of the statute must be imported",
        "none",
        "Run `lawrec articles import FILE --effective YYYY-MM-DD`.",
    ),
    413: ("The body is too large.", "the body", "it must be small", "more", "Send parts."),
    415: ("The format is unknown.", "Content-Type", "it must be known", "''", "Send JSON."),
    421: ("The name of the host is unknown.", "Host", "a known one", "'a.b'", "Call 127.0.0.1."),
    422: (
        "A field is wrong.",
        "fact",
        "the fact must hold Chinese text",
        "'theft'",
        "Write the fact in Chinese.",
    ),
    429: ("The queue is full.", "the service", "the queue must have room", "1,024", "Try later."),
    503: ("The service stops or is late.", "the service", "it must be ready", "no", "Try later."),
}
"""What each status means, and the four parts of its example."""
_NO_KEY = 401
_EVERYWHERE = (_NO_KEY, 408, 413, 421, 429)


def answers_schema() -> dict[str, Any]:
    """Return the schema of an answer or a list of answers.

    Each definition stands where it is referred to: an OpenAPI resolves references from its own top,
    where it has no `$defs`.

    Example:
        >>> one, several = answers_schema()["oneOf"]
        >>> [each["required"][0] for each in one["oneOf"]], several["type"]
        (['case_id', 'case_id'], 'array')
    """
    schema = answer_schema()
    definitions = schema.pop("$defs")
    del schema["$schema"]

    def inline(value: Any) -> Any:
        if isinstance(value, list):
            return [inline(each) for each in value]
        if not isinstance(value, dict):
            return value
        name = value.get("$ref", "").removeprefix("#/$defs/")
        referred = inline(definitions[name]) if name else {}
        return referred | {key: inline(each) for key, each in value.items() if key != "$ref"}

    answer = inline(schema)
    return {"oneOf": [answer, _list(answer)]}


@dataclass(frozen=True)
class Route:
    """A route of the API, with all that its OpenAPI says.

    Attributes:
        path: Its path.
        endpoint: The function that answers; its docstring is the description.
        schema: The schema of a good answer.
        example: A good answer.
        statuses: The other statuses; those of every route need not be named.
        method: Its HTTP method.
        more: Other options of `add_api_route`.
    """

    path: str
    endpoint: Callable[..., Any]
    schema: dict[str, Any]
    example: Any
    statuses: tuple[int, ...] = ()
    method: str = "GET"
    more: dict[str, Any] = field(default_factory=dict)


def api_routes(
    routes: Iterable[Route],
    *,
    tag: str,
    dependencies: Sequence[Depends] = (),
    needs_no_key: bool = False,
) -> list[BaseRoute]:
    """Return routes as FastAPI has them.

    Args:
        routes: The routes.
        tag: The heading that documentation puts them under.
        dependencies: What the OpenAPI says that each of them needs.
        needs_no_key: Whether they are answered without an API key.

    Example:
        >>> api_routes([Route("/ready", print, STATE, {"status": "ready"})], tag="a")[0].path
        '/ready'
    """
    router = APIRouter(tags=[tag], route_class=JsonRoute, dependencies=dependencies)
    for route in routes:
        content = {"application/json": {"schema": route.schema, "example": route.example}}
        good = {"description": "The answer.", "content": content}
        statuses = sorted({*_EVERYWHERE, *route.statuses} - ({_NO_KEY} if needs_no_key else set()))
        answers = {200: good} | {status: _problem(status) for status in statuses}
        responses = answers | route.more.get("responses", {})
        options = {"methods": [route.method], **route.more, "responses": responses}
        router.add_api_route(route.path, route.endpoint, **options)
    return router.routes


def _problem(status: int) -> dict[str, Any]:
    """Return the entry of an OpenAPI for a status."""
    description, where, expected, got, todo = _PROBLEMS[status]
    example = problem_values(ProblemError(status, where, expected=expected, got=got, todo=todo))
    content = {PROBLEM_TYPE: {"schema": PROBLEM, "example": example}}
    return {"description": description, "content": content}
