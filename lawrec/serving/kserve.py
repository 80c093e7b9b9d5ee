"""KServe: the Open Inference Protocol (version 2), for platforms that speak it.

A request has one input of texts, the facts; the output has as many texts, each the answer as JSON.
"""

from typing import Annotated, Any, Literal, Self

from fastapi import Path, Request
from pydantic import Field, model_validator
from starlette.responses import Response

from lawrec import __version__
from lawrec.reporting.answers.writers import answer_json
from lawrec.serving.api import check_ready, json_response, service_of
from lawrec.serving.loaded_model import Options
from lawrec.serving.problems import ProblemError
from lawrec.serving.request_bodies import FACT, WHOLE, Fact, StrictBody
from lawrec.serving.responses import Route
from lawrec.storage.json_text import json_text

NAME = "lawrec"
"""The name of the model in the protocol, whatever run answers."""
ModelName = Annotated[str, Path(description="The model.", examples=[NAME])]


class FactInput(StrictBody):
    """The input: a vector of facts."""

    name: Literal["fact"]
    shape: list[Annotated[int, Field(ge=1), WHOLE]] = Field(min_length=1, max_length=1)
    datatype: Literal["BYTES"]
    data: list[Fact] = Field(min_length=1)
    parameters: dict[str, Any] = Field(default={}, description="Ignored.")

    @model_validator(mode="after")
    def _has_its_shape(self) -> Self:
        if self.shape != [len(self.data)]:
            raise ValueError(f"the shape must be [{len(self.data)}], the number of facts")
        return self


class InferBody(StrictBody):
    """A request of the protocol."""

    id: str | None = Field(default=None, max_length=256)
    parameters: dict[str, Any] = Field(default={}, description="Ignored.")
    outputs: list[dict[str, Any]] = Field(default=[], description="Ignored: there is one.")
    inputs: list[FactInput] = Field(
        min_length=1,
        max_length=1,
        examples=[[{"name": "fact", "shape": [1], "datatype": "BYTES", "data": [FACT]}]],
    )


async def server() -> Response:
    """Describe the server."""
    return json_response(json_text({"name": "lawrec", "version": __version__, "extensions": []}))


async def server_live() -> Response:
    """Say that the process runs."""
    return json_response('{"live": true}')


async def server_ready(request: Request) -> Response:
    """Say whether requests are accepted."""
    check_ready(request)
    return json_response('{"ready": true}')


async def model(name: ModelName) -> Response:
    """Describe the inputs and outputs of the model."""
    _check_name(name)
    tensor = {"datatype": "BYTES", "shape": [-1]}
    inputs, outputs = [{"name": "fact", **tensor}], [{"name": "answer", **tensor}]
    head = {"name": NAME, "platform": "lawrec"}
    return json_response(json_text(head | {"inputs": inputs, "outputs": outputs}))


async def model_ready(request: Request, name: ModelName) -> Response:
    """Say whether the model answers."""
    _check_name(name)
    check_ready(request)
    return json_response(json_text({"name": NAME, "ready": True}))


async def infer(request: Request, name: ModelName, body: InferBody) -> Response:
    """Recommend articles for facts."""
    _check_name(name)
    service = service_of(request)
    facts = body.inputs[0].data
    if len(facts) > service.config.max_facts:
        raise ProblemError(
            422,
            "inputs[0].data",
            expected=f"a request must have at most {service.config.max_facts:,} facts",
            got=f"{len(facts):,}",
            todo="Send them in several requests.",
        )
    lines = list(answer_json(await service.answers(facts, Options())))
    output = {"name": "answer", "datatype": "BYTES", "shape": [len(lines)], "data": lines}
    head: dict[str, Any] = {"model_name": NAME, "outputs": [output]}
    return json_response(json_text(head | ({} if body.id is None else {"id": body.id}), None))


def _check_name(name: str) -> None:
    if name != NAME:
        raise ProblemError(
            404, "model", expected=f"it must be {NAME}", got=name[:100], todo=f"Ask for {NAME}."
        )


_VALUES = {"type": "object"}
_OUTPUT = {"name": "answer", "datatype": "BYTES", "shape": [1], "data": ["{...}"]}
_INFERRED = {"model_name": NAME, "outputs": [_OUTPUT]}
ROUTES = (
    Route("/v2", server, _VALUES, {"name": "lawrec"}),
    Route("/v2/models/{name}", model, _VALUES, {"name": NAME}, (404, 422)),
    Route("/v2/models/{name}/ready", model_ready, _VALUES, {"ready": True}, (404, 422, 503)),
    Route(
        "/v2/models/{name}/infer", infer, _VALUES, _INFERRED, (400, 404, 415, 422, 429, 503), "POST"
    ),
)
"""The routes of the protocol."""
HEALTH_ROUTES = (
    Route("/v2/health/live", server_live, _VALUES, {"live": True}),
    Route("/v2/health/ready", server_ready, _VALUES, {"ready": True}, (503,)),
)
"""Those of its routes that need no API key."""
