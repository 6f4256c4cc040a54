"""The API's own description as a page for people, drawn from `openapi.json`, without a script or a foreign file."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from jinja2 import Environment, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

router = APIRouter(include_in_schema=False)

_POLICY: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_HEADERS: Final = {"content-security-policy": _POLICY}


@dataclass(frozen=True, slots=True)
class Operation:
    """One route as the page shows it."""

    method: str
    path: str
    summary: str
    parameters: list[tuple[str, str, str]]  # name, where or type, meaning
    answers: list[tuple[str, str]]


@router.get("/docs")
async def page(request: Request) -> Response:
    """The routes by noun, with their parameters and answers."""
    return HTMLResponse(_page(request.app), headers=_HEADERS)


@router.get("/docs.css")
async def style() -> Response:
    """How that page looks."""
    return Response(_file("docs.css"), media_type="text/css", headers=_HEADERS)


@cache
def _page(app: FastAPI) -> str:
    nouns: dict[str, list[Operation]] = {}
    for noun, operation in _operations(app.openapi()):
        nouns.setdefault(noun, []).append(operation)
    environment = Environment(autoescape=select_autoescape(default=True), trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_file("docs.html")).render(nouns=nouns, about=app.description)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            parameters = [
                (one["name"], one["in"], one.get("description", "")) for one in said.get("parameters", [])
            ] + list(_body(document, said))
            answers = [(status, one["description"]) for status, one in said["responses"].items()]
            yield said["tags"][0], Operation(method.upper(), path, said["description"], parameters, answers)


def _body(document: dict[str, Any], said: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The fields of the object that the route takes."""
    for content in said.get("requestBody", {}).get("content", {}).values():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        shape = document["components"]["schemas"].get(name, {})
        needed = shape.get("required", [])
        for field, about in shape.get("properties", {}).items():
            yield field, "body, required" if field in needed else "body", about.get("description", "")


def _file(name: str) -> str:
    return files("wharfinger.web.api").joinpath(name).read_text()
