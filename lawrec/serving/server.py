"""Server: run the service until it is asked to stop.

SIGTERM and SIGINT stop it once all that it has accepted is answered. SIGHUP loads the model again:
the old one answers until the new one is there.
"""

import asyncio
import gc
import logging
import math
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from threading import current_thread, main_thread
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lawrec.errors import ConfigError
from lawrec.progress import SILENT, Progress
from lawrec.serving.app import create_app
from lawrec.serving.service import Service
from lawrec.serving.service_config import ServiceConfig, check_service
from lawrec.serving.workers import LOGGER, start_workers

HEAD_SECONDS = 10.0
"""Seconds until the head of a request must have arrived."""
MOST_HEAD_BYTES = 2**16
"""The head of a request may not go on when this many bytes of it have arrived."""
BACKLOG = 128
"""Connections that may wait until they are accepted, which all of them are at once."""
_NEW_OBJECTS = 20_000
"""Number of new objects after which Python looks for garbage among them; 700 by default."""
_OTHER_FILES = 4 * BACKLOG + 64
"""Files of the process, and connections that were accepted and are not yet closed."""


def run_service(
    config: ServiceConfig, *, log_level: str = "info", progress: Progress = SILENT
) -> None:
    """Serve until a signal stops it.

    Args:
        config: The settings.
        log_level: What goes to stderr: "info", or "warning" for less.
        progress: Receives messages, as for `Recommender.load`.

    Raises:
        ConfigError: The settings contradict each other, a package is missing, or another program
            listens to the port.
        RunError: There is no such run, or it is not trained and tuned.

    Example:
        >>> run_service(ServiceConfig(port=9000))  # doctest: +SKIP
    """
    check_service(config)
    # A request leaves no garbage, but it makes objects, and 64 at once enough to look each time.
    gc.set_threshold(_NEW_OBJECTS)
    with _remembering_hangups() as hangups:
        app = create_app(config, start_workers(config, progress))
        service: Service = app.state.service
        server = uvicorn.Server(server_config(config, app, log_level=log_level))
        try:
            listener = _listener(config)
            service.hangups = hangups
            server.run([listener])
        finally:
            service.model.kill()


@contextmanager
def _remembering_hangups() -> Iterator[list[int]]:
    """Yield a list that grows with each SIGHUP, which would end a process that does not yet run."""
    hangups: list[int] = []
    is_handled = hasattr(signal, "SIGHUP") and current_thread() is main_thread()
    if not is_handled:
        yield hangups
        return
    previous = signal.signal(signal.SIGHUP, lambda number, _: hangups.append(number))
    try:
        yield hangups
    finally:
        signal.signal(signal.SIGHUP, previous)


def _listener(config: ServiceConfig) -> socket.socket:
    """Listen to the address of the service: who comes before a process accepts waits for it.

    Where uvicorn itself cannot listen, it logs so and ends the process.
    """
    is_ipv6 = ":" in config.host
    try:
        listener = socket.create_server(
            (config.host, config.port),
            family=socket.AF_INET6 if is_ipv6 else socket.AF_INET,
            backlog=BACKLOG,
            dualstack_ipv6=is_ipv6 and socket.has_dualstack_ipv6(),
        )
    except (OSError, UnicodeError) as error:  # UnicodeError: no name of a host is so written
        reason = str(getattr(error, "strerror", error))
        raise ConfigError(
            f"--host {config.host} --port {config.port}",
            expected="the address must be one of this machine, and its port free",
            got=reason.partition(" (")[0],  # what Python adds, such as the address
            todo="Choose another --port or --host, or stop the program that listens there.",
        ) from error
    scheme, host = "https" if config.tls_certificate else "http", config.host
    shown = f"[{host}]" if is_ipv6 else host
    LOGGER.info("Listening on %s://%s:%d; Ctrl-C stops.", scheme, shown, listener.getsockname()[1])
    return listener


def server_config(config: ServiceConfig, app: FastAPI, *, log_level: str) -> uvicorn.Config:
    """Return the settings of uvicorn.

    Args:
        config: The settings of the service.
        app: The application.
        log_level: What goes to stderr.

    Example:
        >>> server_config(ServiceConfig(port=9000), FastAPI(), log_level="info").port
        9000
    """
    return uvicorn.Config(
        app,
        host=config.host,
        port=config.port,
        http=_Protocol,
        ws="none",
        backlog=BACKLOG,
        ssl_certfile=config.tls_certificate,
        ssl_keyfile=config.tls_key,
        access_log=config.access_log,
        log_level=log_level,
        log_config=_log_config(),
        server_header=False,
        # What was accepted has an answer by then; only a reader that stops reading takes longer.
        timeout_graceful_shutdown=math.ceil(config.body_seconds + config.deadline + 1),
    )


def _log_config() -> dict[str, Any]:
    """Return uvicorn's own log, all of it on stderr."""
    log_config = deepcopy(uvicorn.config.LOGGING_CONFIG)
    log_config["handlers"]["access"] |= {"stream": "ext://sys.stderr", "filters": [_drop_query]}
    return log_config


def _drop_query(record: logging.LogRecord) -> bool:
    """Leave out what follows the path: the name of a file may be that of a person."""
    assert isinstance(record.args, tuple)
    client, method, path, *others = record.args
    record.args = (client, method, str(path).partition("?")[0], *others)
    return True


def most_connections() -> int:
    """Return how many connections a process may have open.

    When files run out, asyncio tries to accept thousands of times per second, and logs each try.

    Example:
        >>> most_connections() >= BACKLOG
        True
    """
    if sys.platform == "win32":
        return sys.maxsize
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = limit == resource.RLIM_INFINITY
    return sys.maxsize if unlimited else max(BACKLOG, limit - _OTHER_FILES)


class _Protocol(HttpToolsProtocol):
    """HTTP whose heads have a limit of time and size; uvicorn waits forever, and keeps it all."""

    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, unless there are too many connections."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.close()
        # asyncio does so only for sockets that say they are TCP, which those of a listener do not.
        # Head and body of an answer are two packets: the second one would wait 40 ms.
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = self._close_later()

    def data_received(self, data: bytes) -> None:
        """Wait for the head of the next request, unless it is complete."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > MOST_HEAD_BYTES:
            self.send_400_response("The head of the request is too large.")
        if self.cycle and not self.cycle.response_complete:
            self._head.cancel()
        elif self._head.cancelled():
            self._head = self._close_later()

    def on_headers_complete(self) -> None:
        """Start to count: what comes is a body."""
        super().on_headers_complete()
        self._head_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Start to count: after the last part of a body, there may be more headers."""
        super().on_body(body)
        self._head_bytes = 0

    def on_message_complete(self) -> None:
        """Start to count: what comes is the head of the next request."""
        super().on_message_complete()
        self._head_bytes = 0

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._head.cancel()
        super().connection_lost(exc)

    def _close_later(self) -> asyncio.TimerHandle:
        return self.loop.call_later(HEAD_SECONDS, self.transport.close)
