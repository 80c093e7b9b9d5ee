"""API: the routes of version 1, of health and of metrics."""

import asyncio
from datetime import date
from typing import Annotated

from fastapi import Path, Query, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from lawrec.errors import StatuteError, UnknownArticleError
from lawrec.law.lookup import look_up
from lawrec.law.statute_versions import CRIMINAL_LAW, effective_dates
from lawrec.reporting.answers.writers import answer_json
from lawrec.reporting.law_text import articles_json
from lawrec.serving import responses
from lawrec.serving.case_files import cases_in
from lawrec.serving.feedback import append_case, feedback_case
from lawrec.serving.loaded_model import Options
from lawrec.serving.metrics import exposition
from lawrec.serving.problems import ProblemError, as_problem
from lawrec.serving.request_bodies import DAY, FeedbackBody, RecommendBody
from lawrec.serving.responses import Route
from lawrec.serving.service import Service, fact_error
from lawrec.serving.service_config import COST_OF_EXPLAINING
from lawrec.storage.json_text import json_text


def service_of(request: Request) -> Service:
    """Return the service that a request came to.

    Example:
        >>> service_of(request).ready  # doctest: +SKIP
        True
    """
    service: Service = request.app.state.service
    return service


def json_response(text: str) -> Response:
    """Return a response whose body is a text in JSON.

    Example:
        >>> json_response("{}").media_type
        'application/json'
    """
    return Response(text, media_type="application/json")


async def recommend(request: Request, body: RecommendBody) -> Response:
    """Recommend articles for the fact of one case, or for the facts of several.

    The answer to `fact` is an object, that to `facts` a list in the same order: what `lawrec
    predict --format json` prints, a line per case. An invalid fact
    of a list is answered with its error.
    """
    service = service_of(request)
    facts, day = _facts(body, service), parse_day(body.date)
    texts = None
    if body.with_text:
        try:
            texts = await asyncio.to_thread(service.model.texts, day)
        except StatuteError as error:
            raise as_problem(error, 409) from error
    options = Options(body.top_k, body.threshold, body.explain)
    lines = list(answer_json(await service.answers(facts, options), texts=texts))
    return json_response(f"[{','.join(lines)}]" if body.facts else lines[0])


def _facts(body: RecommendBody, service: Service) -> list[str]:
    """Return the facts of a body; a single one that cannot be answered is a problem.

    Raises:
        CaseError: The fact is invalid.
        ProblemError: There are too many facts.
    """
    most = max(1, service.config.max_facts // (COST_OF_EXPLAINING if body.explain else 1))
    if len(body.facts) > most:
        raise ProblemError(
            422,
            "facts",
            expected=f"such a request must have at most {most:,} facts",
            got=f"{len(body.facts):,}",
            todo="Send them in several requests.",
        )
    if not body.facts and (error := fact_error(body.fact, "fact", config=service.config)):
        raise error
    return body.facts or [body.fact]


def parse_day(text: str | None) -> date | None:
    """Return the day of a text in the form YYYY-MM-DD.

    Raises:
        ProblemError: There is no such day.

    Example:
        >>> parse_day("2021-03-01")
        datetime.date(2021, 3, 1)
    """
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ProblemError(
            422, "date", expected="it must be a day", got=text, todo="Write YYYY-MM-DD."
        ) from error


async def article(
    request: Request,
    article: Annotated[str, Path(description="Its number.", max_length=40, examples=["133之一"])],
    date: Annotated[
        str | None,
        Query(description="The text in force on this day; by default, the newest.", pattern=DAY),
    ] = None,
) -> Response:
    """Show an article: its title, its chapter, its amendments and its text on a day."""
    try:
        root, day = service_of(request).config.statutes, parse_day(date)
        entries = await asyncio.to_thread(look_up, [article], root, day=day)
    except StatuteError as error:
        status = 404 if isinstance(error, UnknownArticleError) else 409
        raise as_problem(error, status) from error
    return json_response(articles_json(entries))


async def model(request: Request) -> Response:
    """Describe the model: what it was trained and tuned on, and how good it was there."""
    service = service_of(request)
    dates = effective_dates(service.config.statutes, CRIMINAL_LAW)
    more = {"statutes": [str(day) for day in dates], "feedback": bool(service.config.feedback)}
    return json_response(json_text(service.model.description | more, None))


async def feedback(request: Request, body: FeedbackBody) -> Response:
    """Keep what a lawyer says of the articles of a case, as a case to tune and to train with."""
    service = service_of(request)
    if not service.config.feedback:
        raise ProblemError(
            404,
            "feedback",
            expected="feedback must be enabled",
            got="a service without it",
            todo="Start it with `lawrec serve --feedback FILE`.",
        )
    if error := fact_error(body.fact, "fact", config=service.config):
        raise error
    case = feedback_case(body, service.model.articles)
    try:
        await asyncio.to_thread(append_case, service.config.feedback, case)
    except OSError as cause:
        raise ProblemError(
            503,
            "feedback",
            expected="the file of the feedback must be writable",
            got=cause.strerror or cause,
            todo="Tell whoever runs the service.",
        ) from cause
    return json_response('{"status": "kept"}')


async def cases(
    request: Request,
    name: Annotated[
        str, Query(description="The name of the file.", max_length=255, examples=["cases.csv"])
    ],
    fact_field: Annotated[
        str,
        Query(
            description="The field or column of the fact; by default fact, or 案情 or the like.",
            max_length=100,
        ),
    ] = "",
) -> Response:
    """Read the facts of a file: text with a fact per line, JSON lines, CSV, TSV, Excel or Parquet.

    Nothing is kept. Each case has its id and its fact, or the error of its line, in the language
    of Accept-Language.
    """
    content, config = await request.body(), service_of(request).config
    read = await asyncio.to_thread(cases_in, content, name, config=config, fact_field=fact_field)
    return json_response(json_text({"cases": read}, None))


async def live() -> Response:
    """Say that the process runs."""
    return json_response('{"status": "live"}')


async def ready(request: Request) -> Response:
    """Say whether requests are accepted."""
    check_ready(request)
    return json_response('{"status": "ready"}')


def check_ready(request: Request) -> None:
    """Raise an error if the service that a request came to accepts no requests.

    Raises:
        ProblemError: It has not begun, or it stops.

    Example:
        >>> check_ready(request)  # doctest: +SKIP
    """
    if not service_of(request).ready:
        raise ProblemError(
            503,
            "the service",
            expected="it must be running",
            got="one that is shutting down",
            todo="Try again, or use another instance.",
            retry_after=1,
        )


async def metrics(request: Request) -> Response:
    """Return the metrics in Prometheus's text format."""
    return Response(exposition(service_of(request).metrics), media_type=CONTENT_TYPE_LATEST)


ROUTES = (
    Route(
        "/v1/recommend",
        recommend,
        responses.answers_schema(),
        responses.ANSWER_EXAMPLE,
        (400, 409, 415, 422, 429, 503),
        "POST",
    ),
    Route(
        "/v1/articles/{article}",
        article,
        responses.ARTICLE,
        responses.ARTICLE_EXAMPLE,
        (404, 409, 422),
    ),
    Route("/v1/model", model, responses.MODEL, responses.MODEL_EXAMPLE),
    Route(
        "/v1/cases",
        cases,
        responses.CASES,
        responses.CASES_EXAMPLE,
        (415, 422),
        "POST",
        {"openapi_extra": {"requestBody": responses.FILE_BODY}},
    ),
    Route(
        "/v1/feedback",
        feedback,
        responses.STATE,
        {"status": "kept"},
        (400, 404, 415, 422, 503),
        "POST",
    ),
    Route("/metrics", metrics, {}, "", more=responses.METRICS),
)
"""The routes of version 1, and the metrics."""
HEALTH_ROUTES = (
    Route("/health/live", live, responses.STATE, {"status": "live"}),
    Route("/health/ready", ready, responses.STATE, {"status": "ready"}, (503,)),
)
"""The routes that need no API key."""
