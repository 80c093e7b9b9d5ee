"""Guard: keys, limits of bodies, headers, and errors that show nothing of a fact."""

import asyncio
import logging

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from lawrec.serving.guard import Guard
from lawrec.serving.metrics import Metrics
from lawrec.serving.service import Service
from lawrec.serving.service_config import ServiceConfig, key_digest
from tests.helpers.cli import THEFT

KEY = "0123456789abcdef"


def service_with(config):
    return Service(config, None, Metrics())


@pytest.fixture(scope="module")
def locked(serve):
    digests = (key_digest("another-key-of-16"), key_digest(KEY))
    with TestClient(serve(key_digests=digests), base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": f"Bearer {KEY}"}, {"authorization": f"bearer {KEY}"}, {"X-API-Key": KEY}],
)
def test_a_key_opens(locked, headers):
    assert locked.get("/v1/model", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": KEY}, {"X-API-Key": KEY + "0"}]
)
@pytest.mark.parametrize("path", ["/v1/model", "/metrics", "/v2/models/lawrec", "/nowhere"])
def test_without_a_key_nothing_is_said(locked, path, headers):
    response = locked.get(path, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert KEY not in response.text


@pytest.mark.parametrize(
    "path", ["/", "/health/live", "/health/ready", "/openapi.json", "/v2/health/live"]
)
def test_the_page_and_health_need_no_key(locked, path):
    assert locked.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/", "/v1/model", "/nowhere", "/health/live"])
def test_every_answer_has_the_security_headers(client, path):
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'; ")
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


def test_cors_is_off_unless_an_origin_is_named(client, serve):
    origin = {"Origin": "https://court.example", "Access-Control-Request-Method": "POST"}
    assert client.options("/v1/recommend", headers=origin).status_code == 405
    with TestClient(
        serve(cors_origins=("https://court.example",)), base_url="http://localhost"
    ) as named:
        allowed = named.options("/v1/recommend", headers=origin)
        assert allowed.headers["access-control-allow-origin"] == "https://court.example"
        other = named.options("/v1/recommend", headers=origin | {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        refused = named.post("/v1/recommend", content=b"x" * 10**7, headers=origin)
        assert refused.status_code == 413
        assert refused.headers["access-control-allow-origin"] == "https://court.example"
        assert refused.headers["access-control-expose-headers"] == "Retry-After"


@pytest.mark.parametrize(
    ("host", "changes", "status"),
    [
        ("localhost:8765", {}, 200),
        ("127.0.0.1", {}, 200),
        ("[::1]:8765", {}, 200),
        ("localhost.:8765", {}, 200),
        ("evil.example:8765", {}, 421),
        ("127.0.0.1.evil.example", {}, 421),
        ("[", {}, 421),
        ("evil.example", {"host": "0.0.0.0"}, 200),
        ("evil.example", {"key_digests": (key_digest(KEY),)}, 200),
    ],
)
def test_no_other_site_calls_a_service_of_this_computer_by_a_name_of_its_own(
    serve, host, changes, status
):
    with TestClient(serve(**changes), base_url="http://localhost") as client:
        headers = {"Host": host, "Authorization": f"Bearer {KEY}"}
        assert client.get("/v1/model", headers=headers).status_code == status
        assert client.get("/health/ready", headers=headers).status_code == 200


def test_a_large_body_is_refused_whether_it_says_its_length_or_not(serve):
    with TestClient(serve(max_body=1000), base_url="http://localhost") as small:
        for content in (b"x" * 1001, iter([b"x" * 600] * 2)):
            response = small.post("/v1/recommend", content=content)
            assert response.status_code == 413
            assert response.json()["expected"] == "it must have at most 1,000 bytes"
        metrics = small.get("/metrics").text
    assert 'lawrec_requests_total{method="POST",path="/v1/recommend",status="413"}' in metrics


def guarded(app, receive, **settings):
    """Return the messages that a guard sends for a request."""
    sent = []

    async def send(message):
        sent.append(message)

    guard = Guard(app, service=service_with(ServiceConfig(**settings)))
    scope = {"type": "http", "method": "POST", "path": "/v1/recommend", "headers": []}
    asyncio.run(guard(scope, receive, send))
    return sent


def test_a_slow_body_is_given_up():
    async def receive():
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    sent = guarded(None, receive, body_seconds=0.1)
    assert sent[0]["status"] == 408


def test_half_of_a_body_is_no_request():
    messages = iter(
        [
            {"type": "http.request", "body": b'{"fact": "half', "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive():
        return next(messages)

    assert guarded(None, receive) == []


def test_bodies_have_a_bound_of_memory_together_which_is_free_again_after_them():
    config = ServiceConfig(max_body=100)
    statuses = []

    async def run():
        release = asyncio.Event()
        body = {"type": "http.request", "body": b"x" * 100, "more_body": False}

        async def app(scope, receive, send):
            await release.wait()
            await Response()(scope, receive, send)

        async def receive():
            return body

        async def send(message):
            statuses.append(message.get("status"))

        guard = Guard(app, service=service_with(config))
        scope = {"type": "http", "method": "POST", "path": "/v1/recommend", "headers": []}
        calls = [asyncio.create_task(guard(dict(scope), receive, send)) for _ in range(20)]
        await asyncio.sleep(0.1)
        assert [status for status in statuses if status] == [429] * 4
        release.set()
        await asyncio.gather(*calls)
        await guard(scope, receive, send)

    asyncio.run(run())
    assert [status for status in statuses if status] == [429] * 4 + [200] * 17


def test_an_unexpected_error_shows_no_fact(caplog):
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def app(scope, receive, send):
        raise ValueError(THEFT)

    with caplog.at_level(logging.DEBUG):
        sent = guarded(app, receive)
    assert sent[0]["status"] == 500
    assert "ValueError in other" in caplog.text
    assert "test_guard.py" in caplog.text
    assert THEFT not in caplog.text + sent[1]["body"].decode()


def test_no_log_has_a_fact(client, caplog):
    with caplog.at_level(logging.DEBUG):
        for fact in (THEFT, THEFT + "\ud800"):
            content = f'{{"fact": "{fact}"}}'.encode("utf-8", "surrogatepass")
            headers = {"Content-Type": "application/json"}
            client.post("/v1/recommend", content=content, headers=headers)
    assert THEFT not in caplog.text


def test_invented_methods_are_counted_together(serve):
    """Anybody could have filled the memory with time series, with or without a key."""
    with TestClient(serve(), base_url="http://localhost") as client:
        for method in ("GET", "FOO", "BAR"):
            client.request(method, "/v1/model")
        metrics = client.get("/metrics").text
    assert 'method="GET",path="/v1/model",status="200"' in metrics
    assert 'lawrec_requests_total{method="other",path="/v1/model",status="405"} 2.0' in metrics
    assert "FOO" not in metrics


@pytest.mark.parametrize("length", ["9" * 5_000, "-1", "1e3", "", "²"])
def test_a_length_that_is_none_is_refused(length):
    async def receive():
        raise AssertionError("the body was read")

    sent = []

    async def send(message):
        sent.append(message)

    guard = Guard(None, service=service_with(ServiceConfig()))
    headers = [(b"content-length", length.encode())]
    scope = {"type": "http", "method": "POST", "path": "/v1/recommend", "headers": headers}
    asyncio.run(guard(scope, receive, send))
    assert sent[0]["status"] == 413


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "fact：案情必须含有中文；实际："),
        ("fr, zh; q=0.5", "fact：案情必须含有中文；实际："),
        ("en-US,zh;q=0.5", "fact: the fact must hold Chinese text, got "),
        ("", "fact: the fact must hold Chinese text, got "),
    ],
)
def test_problems_are_in_the_language_that_is_asked_for(client, languages, expected):
    headers = {"Accept-Language": languages}
    problem = client.post("/v1/recommend", json={"fact": "theft"}, headers=headers).json()
    assert problem["detail"].startswith(expected)
    assert problem["expected"] == "the fact must hold Chinese text"
