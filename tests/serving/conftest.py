"""A service on the shipped model, and clients that call it."""

import json
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from lawrec.inference.recommender import Recommender
from lawrec.law.statute_versions import CRIMINAL_LAW
from lawrec.serving.app import create_app
from lawrec.serving.loaded_model import load_model
from lawrec.serving.service_config import ServiceConfig
from tests.helpers.cli import THEFT


@pytest.fixture(scope="session")
def statutes(tmp_path_factory):
    """A folder with two invented versions of the law."""
    root = tmp_path_factory.mktemp("statutes")
    (root / CRIMINAL_LAW).mkdir()
    for day, text in (("1997-10-01", "旧的。"), ("2021-03-01", "新的。")):
        version = {"name": CRIMINAL_LAW, "effective": day, "articles": {"264": text}}
        content = json.dumps(version, ensure_ascii=False)
        (root / CRIMINAL_LAW / f"{day}.json").write_text(content, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def config(statutes, tmp_path_factory):
    checkpoints = tmp_path_factory.mktemp("checkpoints")
    return ServiceConfig(checkpoints=checkpoints, statutes=statutes, max_facts=20, max_fact=2000)


@pytest.fixture(scope="session")
def model(config):
    return load_model(config)


@pytest.fixture(scope="session")
def recommender(config):
    return Recommender.load(checkpoints=config.checkpoints)


@pytest.fixture(scope="session")
def serve(config, model):
    """Return a function from changed settings to the application of a service."""

    def start(**changes):
        changed = replace(config, **changes)
        return create_app(changed, replace(model, config=changed))

    return start


@pytest.fixture(scope="session")
def client(serve):
    with TestClient(serve(), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def recommend(client):
    """Return a function from the fields of a body to the response."""
    return lambda **body: client.post("/v1/recommend", json=body or {"fact": THEFT})
