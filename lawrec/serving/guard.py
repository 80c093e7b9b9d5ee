"""Guard: what stands before every request, whatever it asks for.

It checks the host and the API key, reads the body within its limits of size and time, adds the
security headers, counts the request, and answers an unexpected error without a word of the request:
neither a log nor an answer shows a fact.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lawrec.errors import quoted
from lawrec.serving.problems import ProblemError, problem_response
from lawrec.serving.service import Service
from lawrec.serving.service_config import key_digest
from lawrec.serving.workers import log_error
from lawrec.translation import messages_in, preferred_language

OPEN_PATHS = ("/health/", "/v2/health/", "/static/")
"""What is answered without an API key: nothing that depends on a fact or on the model."""
OPEN_PAGES = ("/", "/openapi.json")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""The methods that are counted by name: anybody can invent others without end."""
_LONGEST_LENGTH = 20
"""Maximum number of digits of a Content-Length."""
_CLIENT_CLOSED = 499
"""Status that is counted when a client disconnects before its body has arrived, as in nginx."""
MOST_BODIES = 16
"""All bodies in memory take at most this many times the maximum size of one."""
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""The page loads only files of the service itself, and no other page may embed it."""
_HSTS = {"Strict-Transport-Security": "max-age=31536000"}


@dataclass
class _Exchange:
    """One request and its answer.

    Attributes:
        scope: What the server knows of the request; HEAD is GET there.
        method: The method by which it is counted.
        send: Sends parts of the answer.
        headers: Headers that every answer has.
        status: The status of the answer, 0 before it has begun.
        held: Bytes of its body in memory.
    """

    scope: Scope
    method: str
    send: Send
    headers: Sequence[tuple[bytes, bytes]]
    status: int = 0
    held: int = 0
    start: float = field(default_factory=time.perf_counter)

    async def send_guarded(self, message: Message) -> None:
        """Send a part of the answer; the first one has the headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self.headers]
        await self.send(message)

    @property
    def path(self) -> str:
        """The path of the route, so that there are as many time series as routes.

        The guard refuses a request before the app has looked for its route.
        """
        routes = getattr(self.scope.get("app"), "routes", ())
        matching = (route for route in routes if route.matches(self.scope)[0] is not Match.NONE)
        return getattr(self.scope.get("route") or next(matching, None), "path", "other")


class Guard:
    """The outermost layer of the service.

    Args:
        app: All other layers.
        service: The service, which has the settings and the metrics.
    """

    def __init__(self, app: ASGIApp, *, service: Service) -> None:
        self._app, self._service = app, service
        self._config, self._metrics = service.config, service.metrics
        self._is_private = is_loopback(self._config.host) and not self._config.key_digests
        self._held = 0
        headers = SECURITY_HEADERS | (_HSTS if self._config.tls_certificate else {})
        self._headers = [(name.lower().encode(), text.encode()) for name, text in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # uvicorn does not know a connection that arrives while it stops, and would keep it open.
        closing = [(b"connection", b"close")] if self._service.stopping else []
        method = scope["method"] if scope["method"] in METHODS else "other"
        if method == "HEAD":  # the server itself sends no body
            scope = {**scope, "method": "GET"}
        exchange = _Exchange(scope, method, send, [*self._headers, *closing])
        accepted = Headers(scope=scope).get("accept-language", "")
        with messages_in(preferred_language(accepted, "en")):
            await self._answer(exchange, receive)
        self._count(exchange)

    async def _answer(self, exchange: _Exchange, receive: Receive) -> None:
        scope = exchange.scope
        try:
            self._check_host(scope)
            self._check_key(scope)
            body = await self._read_body(exchange, receive)
            await self._app(scope, _replay(body, receive), exchange.send_guarded)
        except ClientDisconnect:
            exchange.status = _CLIENT_CLOSED
        except ProblemError as problem:
            await problem_response(problem)(scope, receive, exchange.send_guarded)
        except Exception as error:
            log_error(error, exchange.path)
            if not exchange.status:
                await problem_response(_INTERNAL)(scope, receive, exchange.send_guarded)
        finally:
            self._held -= exchange.held

    def _count(self, exchange: _Exchange) -> None:
        labels = exchange.path, exchange.method, str(exchange.status)
        self._metrics.requests.labels(*labels).inc()
        seconds = time.perf_counter() - exchange.start
        self._metrics.seconds.labels(exchange.path).observe(seconds)

    def _check_host(self, scope: Scope) -> None:
        """Refuse a foreign name for a service of this computer alone, which needs no key.

        The page of another site may have its own name lead here, and is then no other site.
        """
        host = Headers(scope=scope).get("host", "")
        is_open = not self._is_private or scope["path"].startswith(OPEN_PATHS)
        if is_open or not host or is_loopback(_host_name(host)):
            return
        raise ProblemError(
            421,
            "Host",
            expected="a service of one computer must be called localhost, or by its number",
            got=quoted(host),
            todo="Call it 127.0.0.1, have the proxy do so, or start it with --api-key-file.",
        )

    def _check_key(self, scope: Scope) -> None:
        path = scope["path"]
        is_open = path in OPEN_PAGES or path.startswith(OPEN_PATHS)
        if is_open or scope["method"] == "OPTIONS" or not self._config.key_digests:
            return
        digest = key_digest(_key(Headers(scope=scope)))
        # All keys are compared, even after a match, so that timing reveals nothing.
        if sum([compare_digest(digest, each) for each in self._config.key_digests]):
            return
        problem = ProblemError(
            401,
            "Authorization",
            expected="the request must have an API key of this service",
            got="a missing or unknown key",
            todo='Send the header "Authorization: Bearer KEY".',
        )
        problem.headers["WWW-Authenticate"] = "Bearer"
        raise problem

    async def _read_body(self, exchange: _Exchange, receive: Receive) -> bytes:
        self._check_length(Headers(scope=exchange.scope).get("content-length", "0"))
        try:
            async with asyncio.timeout(self._config.body_seconds):
                return await self._receive_all(exchange, receive)
        except TimeoutError:
            raise ProblemError(
                408,
                "the body",
                expected=f"it must arrive within {self._config.body_seconds:g} seconds",
                got="a part of it",
                todo="Send it again, faster or in parts.",
            ) from None

    async def _receive_all(self, exchange: _Exchange, receive: Receive) -> bytes:
        parts = []
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":  # what came so far may be half of a fact
                raise ClientDisconnect
            parts.append(message.get("body", b""))
            exchange.held += len(parts[-1])
            self._held += len(parts[-1])
            self._check_length(str(exchange.held))
            if self._held > MOST_BODIES * self._config.max_body:
                raise _too_many_bodies()
            if not message.get("more_body"):
                return b"".join(parts)

    def _check_length(self, length: str) -> None:
        is_number = length.isdecimal() and len(length) <= _LONGEST_LENGTH
        if is_number and int(length) <= self._config.max_body:
            return
        raise ProblemError(
            413,
            "the body",
            expected=f"it must have at most {self._config.max_body:,} bytes",
            got="more",
            todo="Send it in several requests.",
        )


def is_loopback(host: str) -> bool:
    """Return whether a host is this computer itself.

    Example:
        >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0")]
        [True, True, True, False]
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _host_name(host: str) -> str:
    """Return a Host without its port, the brackets of IPv6 and a final dot."""
    try:
        return (urlsplit(f"//{host}").hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _too_many_bodies() -> ProblemError:
    return ProblemError(
        429,
        "the service",
        expected="it must have memory for the body",
        got="too many large requests at once",
        todo="Send it again later.",
        retry_after=1,
    )


def _key(headers: Headers) -> str:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return what receives a body that has been read, and then whatever comes later."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


_INTERNAL = ProblemError(
    500,
    "the service",
    expected="every request must be answered",
    got="an error that lawrec did not expect",
    todo="Report it with the lines of the service's log.",
)
