"""KServe: the Open Inference Protocol."""

import json

import pytest

from tests.helpers.cli import DRUNK, THEFT

INPUT = {"name": "fact", "shape": [2], "datatype": "BYTES", "data": [THEFT, DRUNK]}
INFER = "/v2/models/lawrec/infer"


def test_facts_in_answers_out(client, recommend):
    response = client.post(
        INFER, json={"id": "7", "outputs": [], "inputs": [INPUT | {"parameters": {}}]}
    )
    assert response.status_code == 200
    values = response.json()
    [output] = values.pop("outputs")
    assert values == {"model_name": "lawrec", "id": "7"}
    data = [json.loads(text) for text in output.pop("data")]
    assert output == {"name": "answer", "datatype": "BYTES", "shape": [2]}
    assert data == recommend(facts=[THEFT, DRUNK]).json()


@pytest.mark.parametrize(
    "changes",
    [{"shape": [1]}, {"shape": [2, 1]}, {"datatype": "INT8"}, {"name": "text"}, {"data": [1, 2]}],
)
def test_another_input_is_refused(client, changes):
    assert client.post(INFER, json={"inputs": [INPUT | changes]}).status_code == 422


def test_too_many_facts_are_refused(client):
    for number in (21, 2_000):
        many = INPUT | {"shape": [number], "data": [THEFT] * number}
        response = client.post(INFER, json={"inputs": [many]})
        assert (response.status_code, response.json()["where"]) == (422, "inputs[0].data")


def test_the_server_and_the_model_describe_themselves(client):
    assert client.get("/v2").json()["name"] == "lawrec"
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2/models/lawrec/ready").json() == {"name": "lawrec", "ready": True}
    described = client.get("/v2/models/lawrec").json()
    assert described["inputs"] == [{"name": "fact", "datatype": "BYTES", "shape": [-1]}]
    assert "versions" not in described  # there are no paths of one


@pytest.mark.parametrize("path", ["/v2/models/other", "/v2/models/other/ready"])
def test_another_model_is_not_found(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["error"] == "model: it must be lawrec, got other. Ask for lawrec."
