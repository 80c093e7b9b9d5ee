"""App: the service as an ASGI application."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import FrameType

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from lawrec import __version__
from lawrec.errors import LawrecError
from lawrec.serving import api, kserve
from lawrec.serving.guard import Guard
from lawrec.serving.loaded_model import LoadedModel
from lawrec.serving.metrics import Metrics
from lawrec.serving.page import add_page
from lawrec.serving.problems import ProblemError, as_problem, mistake_problem, problem_response
from lawrec.serving.responses import api_routes
from lawrec.serving.service import Service
from lawrec.serving.service_config import ServiceConfig

_DESCRIPTION = """Recommends articles of the law of China for the facts of cases.

It is no legal advice: it names articles that a lawyer should read. Errors are problem details (RFC
9457) that say where, what was expected, what came, and what to do."""


def create_app(config: ServiceConfig, model: LoadedModel) -> FastAPI:
    """Return the service as an ASGI application.

    Args:
        config: The settings.
        model: The model to begin with.

    Example:
        >>> create_app(ServiceConfig(), load_model(ServiceConfig()))  # doctest: +SKIP
    """
    service = Service(config, model, Metrics())
    app = FastAPI(
        title="lawrec",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,  # Swagger's page would load its scripts from another host
        redoc_url=None,
        lifespan=_lifespan,
        exception_handlers={
            LawrecError: _library_error,
            RequestValidationError: _validation_error,
            HTTPException: _http_error,
        },
    )
    app.state.service = service
    # The guard checks the key: here, the OpenAPI says so.
    keys = [Depends(HTTPBearer(auto_error=False))] if config.key_digests else []
    for routes, tag in ((api.ROUTES, "v1"), (kserve.ROUTES, "v2")):
        app.routes.extend(api_routes(routes, tag=tag, dependencies=keys))
    health_routes = [*api.HEALTH_ROUTES, *kserve.HEALTH_ROUTES]
    app.routes.extend(api_routes(health_routes, tag="health", needs_no_key=True))
    add_page(app)
    app.add_middleware(Guard, service=service)
    if config.cors_origins:  # around the guard: its own answers need these headers, too
        app.add_middleware(
            CORSMiddleware,
            allow_origins=config.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key"],
            expose_headers=["Retry-After"],
        )
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    reloads: set[asyncio.Task[None]] = set()  # asyncio itself keeps no task alive

    def reload() -> None:
        task = asyncio.create_task(service.reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    async with service.running():
        # Only the main thread may handle signals, and Windows has no SIGHUP.
        with suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
            for number in (signal.SIGTERM, signal.SIGINT):
                _announce_stop(service, number)
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
            if service.hangups:
                reload()
        yield


def _announce_stop(service: Service, number: signal.Signals) -> None:
    """Mark the service as stopping when a signal comes, before the handler of the server."""
    handler = signal.getsignal(number)

    def stop(received: int, frame: FrameType | None) -> None:
        service.stopping = True
        if callable(handler):
            handler(received, frame)

    signal.signal(number, stop)


async def _library_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, LawrecError)
    return problem_response(error if isinstance(error, ProblemError) else as_problem(error, 422))


async def _validation_error(_: Request, error: Exception) -> Response:
    """Show the first of the mistakes in a request."""
    assert isinstance(error, RequestValidationError)
    return problem_response(mistake_problem(error.errors()[0]))


async def _http_error(request: Request, error: Exception) -> Response:
    """Show an error of the framework, such as an unknown path."""
    assert isinstance(error, HTTPException)
    problem = ProblemError(
        error.status_code,
        f"{request.method} {request.url.path[:100]}",
        expected="the path and the method must exist",
        got=str(error.detail),
        todo="See /openapi.json.",
    )
    headers = dict(error.headers or {})
    if "GET" in headers.get("Allow", ""):
        headers["Allow"] += ", HEAD"
    return problem_response(problem, headers)
