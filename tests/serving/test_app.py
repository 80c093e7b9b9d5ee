"""App: its OpenAPI is complete and true, and the model is replaced without a gap."""

import asyncio
import signal
from dataclasses import replace

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance as accepts

from lawrec.errors import RunError
from lawrec.runs.results import Answer
from lawrec.serving import service as service_module
from lawrec.serving.loaded_model import Options
from lawrec.serving.metrics import Metrics
from lawrec.serving.service import Service

MODES = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE

CAN_BE_WRONG = (
    "/v1/recommend",
    "/v1/articles/{article}",
    "/v2/models/{name}/infer",
    "/v1/feedback",
)
"""The paths of which a request can contradict its schema."""

NOT_IN_THE_SCHEMA = ("/v2/models/{name}/infer", "/v1/feedback", "/v1/cases")
"""No schema says that a shape is the number of facts, which articles or what files there are."""


@pytest.fixture(scope="module")
def api_operations(serve, tmp_path_factory):
    path = tmp_path_factory.mktemp("feedback") / "cases.jsonl"
    app = serve(host="0.0.0.0", feedback=path, max_facts=256, max_fact=10**6)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    return [each.ok() for each in schema.get_all_operations()]


@pytest.mark.parametrize("mode", MODES, ids=["valid", "invalid"])
def test_the_service_does_what_its_openapi_says(api_operations, mode):
    assert len(api_operations) == 14
    for operation in api_operations:
        if mode is MODES[1] and operation.path not in CAN_BE_WRONG:
            continue

        @settings(
            max_examples=10,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def check(case):
            is_exact = case.path not in NOT_IN_THE_SCHEMA
            case.call_and_validate(excluded_checks=[] if is_exact else [accepts])

        check()


def operations(client):
    paths = client.get("/openapi.json").json()["paths"]
    return [
        (path, method, each) for path, methods in paths.items() for method, each in methods.items()
    ]


def test_every_route_says_what_it_does_and_answers(client):
    for path, method, operation in operations(client):
        assert operation["description"], path
        for status, response in operation["responses"].items():
            assert response["description"], (path, status)
            for kind, content in response["content"].items():
                assert kind == "text/plain" or content.get("example"), (path, status)
        if method == "post":
            body = str(operation["requestBody"])
            assert "example" in body or "$ref" in body


def test_the_openapi_names_the_key_where_one_is_needed(client, serve):
    assert "securitySchemes" not in client.get("/openapi.json").json()["components"]
    paths = serve(key_digests=("0",)).openapi()["paths"]
    assert paths["/v1/recommend"]["post"]["security"] == [{"HTTPBearer": []}]
    assert "security" not in paths["/health/ready"]["get"]


def test_no_page_of_another_host_is_offered(client):
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/v1/recommend", 405), ("PUT", "/v1/model", 405)],
)
def test_an_unknown_path_or_method_is_a_problem(client, method, path, status):
    response = client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["where"] == f"{method} {path}"


def test_head_is_answered_as_get_is(client):
    paths = ["/", "/static/page.js", "/openapi.json", "/metrics"]
    paths += [path for path, method, _ in operations(client) if method == "get"]
    for path in [path.format(article="264", name="lawrec") for path in paths]:
        got, head = client.get(path), client.head(path)
        assert head.status_code == got.status_code == 200, path
        for name in ("content-type", "content-security-policy"):
            assert head.headers[name] == got.headers[name], path
    refused = client.head("/v1/recommend")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert client.put("/v1/model").headers["allow"] == "GET, HEAD"
    metrics = client.get("/metrics").text
    assert 'lawrec_requests_total{method="HEAD",path="/v1/model",status="200"} 1.0' in metrics


def test_a_model_that_cannot_be_loaded_again_leaves_the_old_one(config, model, monkeypatch, caplog):
    service = Service(config, model, Metrics())

    def fail(config):
        raise RunError("run", expected="it must be there", got="none", todo="Train one.")

    monkeypatch.setattr(service_module, "start_workers", fail)
    asyncio.run(service.reload())
    assert service.model is model
    assert "the old one stays: run: it must be there" in caplog.text
    closed = []
    service.model = replace(model, close=lambda: closed.append("old"))
    new = replace(model)
    monkeypatch.setattr(service_module, "start_workers", lambda config: new)
    asyncio.run(service.reload())
    assert service.model is new
    assert closed == ["old"]


def test_a_service_that_stops_closes_its_model_and_loads_no_other(config, model, monkeypatch):
    closed = []
    service = Service(config, replace(model, close=lambda: closed.append("old")), Metrics())
    monkeypatch.setattr(service_module, "start_workers", lambda config: pytest.fail("a model"))

    async def run():
        async with service.running():
            assert service.ready
        await service.reload()

    asyncio.run(run())
    assert closed == ["old"]


def test_the_metrics_count_facts_and_not_the_time_that_they_take(config, model):
    def answers(queries):
        return [[Answer("1")] * len(query.facts) for query in queries]

    service = Service(config, replace(model, answers=answers), Metrics())
    waiting = []

    async def run():
        async with service.running():
            asked = asyncio.create_task(service.answers(["盗窃", "抢劫"], Options(explain=True)))
            await asyncio.sleep(0)
            waiting.append(service.metrics.registry.get_sample_value("lawrec_waiting_facts"))
            await asked

    asyncio.run(run())
    assert waiting == [2]
    assert service.metrics.registry.get_sample_value("lawrec_batch_facts_sum") == 2


def test_after_a_signal_to_stop_connections_end_with_their_answer(serve):
    received = []

    async def stop():
        app = serve()
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")
        async with app.router.lifespan_context(app), client:
            before = await client.get("/health/ready")
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(0)
            return before, await client.get("/health/ready"), await client.get("/v1/model")

    old = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        before, ready, model = asyncio.run(stop())
    finally:
        for number, handler in zip(
            (signal.SIGTERM, signal.SIGINT, signal.SIGHUP), old, strict=True
        ):
            signal.signal(number, handler)
    assert received == [signal.SIGTERM]
    assert (before.status_code, ready.status_code, model.status_code) == (200, 503, 200)
    assert "connection" not in before.headers
    assert ready.headers["connection"] == model.headers["connection"] == "close"
