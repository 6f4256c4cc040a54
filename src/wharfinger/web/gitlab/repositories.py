"""Repositories: one with its size, or all that have a tag at a path and below it."""

from typing import Any

import orjson

from wharfinger.domain import renaming, repositories
from wharfinger.domain.errors import RepositoryUnknown
from wharfinger.domain.repositories import Repository
from wharfinger.rules.paging import Marker, Window
from wharfinger.spec import name as names
from wharfinger.spec.errors import Malformed
from wharfinger.web.gitlab.call import Call, moment
from wharfinger.web.gitlab.errors import ParameterInvalid
from wharfinger.web.respond import Answer, json_answer

SELF, TREE = "self", "self_with_descendants"


def get(call: Call) -> Answer:
    """GET: one repository; with `size` its bytes, or those of it and all below it, each blob once.

    What is below it is told of any path: of an image that is not there itself, of a project, of a group.
    """
    size = call.choice("size", (SELF, TREE), "")
    if size == TREE:
        return json_answer(_whole(call), [])
    found = repositories.get(call.tools, call.caller, call.name, sized=size == SELF)
    sized = {"size_bytes": found.size_bytes, "size_precision": "default"} if size else {}
    return json_answer(_full(found) | sized, [])


def list_tree(call: Call) -> Answer:
    """GET: repositories with a tag, by path after `last`, at most `n`."""
    window = Window(call.page_size(), after=_last(call))
    page = repositories.list_tree(call.tools, call.caller, call.name, window)
    headers = [(b"link", call.link("next", last=page.after.name).encode())] if page.after else []
    return json_answer([_shape(one) for one in page.items], headers)


def rename(call: Call) -> Answer:
    """PATCH: let a repository and all below it have another last part (`name`) or be in another place (`namespace`).

    With `dry_run` nothing is renamed, and the new path is held for it until `ttl`.
    """
    to = target(call.name, call.body)
    if call.choice("dry_run", ("true", "false"), "false") == "true":
        until = renaming.hold(call.tools, call.caller, call.name, to, tree=True)
        return json_answer({"ttl": moment(until)}, [], status=202)
    renaming.rename(call.tools, call.caller, call.name, to, tree=True)
    return Answer(204)


def target(path: str, body: bytes) -> str:
    """The new path that the body of a rename asks for. Raises ParameterInvalid, Malformed."""
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ParameterInvalid(f"{error}: send an object", "body", "INVALID_JSON_BODY") from error
    given = {key: asked[key] for key in ("name", "namespace") if key in asked} if isinstance(asked, dict) else {}
    if len(given) != 1 or not all(isinstance(value, str) for value in given.values()):
        sentence = "send an object with a string called name, or one called namespace"
        raise ParameterInvalid(sentence, "name", "INVALID_BODY_PARAMETER_TYPE")
    above, _, last = path.rpartition("/")
    return names.repository(f"{above}/{given['name']}" if "name" in given else f"{given['namespace']}/{last}")


def _whole(call: Call) -> dict[str, Any]:
    size = repositories.tree_size(call.tools, call.caller, call.name)
    try:
        itself = _full(repositories.get(call.tools, call.caller, call.name))
    except RepositoryUnknown:
        itself = {"name": call.name.rpartition("/")[2], "path": call.name}
    return itself | {"size_bytes": size, "size_precision": "default"}


def _last(call: Call) -> Marker | None:
    text = call.request.query("last")
    try:
        return None if text is None else Marker(names.repository(text))
    except Malformed as error:
        raise ParameterInvalid(f"last is no path of a repository: {error.sentence}", "last") from error


def _full(one: Repository) -> dict[str, Any]:
    return _shape(one) | {"last_published_at": moment(one.pushed_at)}


def _shape(one: Repository) -> dict[str, Any]:
    """What is told of each; it was updated when a tag was last pushed."""
    shown = {
        "name": one.path.rpartition("/")[2],
        "path": one.path,
        "created_at": moment(one.created_at),
    }
    return shown | ({"updated_at": moment(one.pushed_at)} if one.pushed_at > one.created_at else {})
