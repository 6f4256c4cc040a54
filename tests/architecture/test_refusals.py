"""Every refusal of permission is explained: what the page "Why was I refused?" makes of what a client shows.

Walked are the classes of refusals, the codes of each dialect, and every sentence that the source can refuse with. A
refusal that is none of permission stands below with the reason.
"""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from wharfinger.domain import errors
from wharfinger.domain.errors import QuotaExceeded, Refusal, StorageCrowded
from wharfinger.rules import causes, grants, lives, protection, scopes
from wharfinger.rules.grants import Standing
from wharfinger.rules.protection import Level
from wharfinger.rules.roles import Action, Profile, RegistryAccess, Role, Visibility
from wharfinger.rules.scopes import SCOPES, CredentialKind
from wharfinger.spec.errors import CODES
from wharfinger.web.api.errors import TABLE as API
from wharfinger.web.api.errors import InsufficientScope
from wharfinger.web.gitlab.errors import LINES
from wharfinger.web.gitlab.errors import TABLE as GITLAB
from wharfinger.web.oci.errors import TABLE as OCI
from wharfinger.web.pages.errors import FormForged

ROOT = Path(errors.__file__).parents[2]
PERMISSION = (errors.Unauthenticated, errors.Denied, errors.LoginsLimited)
HIDDEN = ", or none "  # so say refusals which do not tell whether there is nothing, or nothing for the one who asks
OTHERS = {
    errors.NotFound: "there is nothing; where it may just be hidden, its sentence says so and is explained",
    errors.Conflict: "the thing is in a state that does not allow it, whoever asks",
    errors.Invalid: "what was sent cannot be right, whoever sends it",
    errors.TooLarge: "it is over a limit of the server, whoever sends it",
    errors.Exhausted: "the server cannot do it now, for nobody",
}
# Sentences that are made elsewhere: by what is called below, or by the refusal that is raised again.
MADE = {
    "decision.refused[action]",
    "reasons[action]",
    "grants.lacking(action, _standing(caller, found, images=True))",
    "scopes.lacking(caller.kind, caller.scopes, Action.PULL)",
    "sentence",
    "wrong",
    "str(refusal)",
    "protection.needs(action, f'the repository {path}', lowest)",
    "protection.needs(action, f'the tag {tag}', lowest)",
    "meter.path",
    "' '.join(sorted(wanted))",
}
UNEXPLAINED = "It was denied"


def kinds(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for each in kind.__subclasses__():
        yield each
        yield from kinds(each)


def explained(message: str) -> bool:
    """Is it told what the message means, and what to do about it?"""
    found = causes.read(message)
    return found is not None and found.name != UNEXPLAINED and bool(found.meaning and found.remedy)


def named(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def texts(node: ast.expr, module: ModuleType) -> list[str]:
    """What an expression can say, with something for what is filled in; nothing where that stands elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr():
            return ["".join(str(part.value) if isinstance(part, ast.Constant) else "5" for part in node.values)]
        case ast.BinOp():
            return [one + "".join(texts(node.right, module)[:1]) for one in texts(node.left, module)]
        case ast.IfExp():
            return texts(node.body, module) + texts(node.orelse, module)
        case ast.Name(id=name) if isinstance(getattr(module, name, None), str):
            return [str(getattr(module, name))]
    return []


def sources() -> Iterator[tuple[Path, ModuleType, ast.Module]]:
    for room in ("domain", "web"):
        for path in sorted((ROOT / "wharfinger" / room).rglob("*.py")):
            words = path.relative_to(ROOT).with_suffix("").parts
            module = import_module(".".join(words[:-1] if words[-1] == "__init__" else words))
            yield path, module, ast.parse(path.read_text())


def written() -> Iterator[tuple[str, str]]:
    """Where and what: the sentences of refusals of permission, and of those that may hide something."""
    of_permission = {kind.__name__ for kind in kinds() if issubclass(kind, PERMISSION)}
    names = {kind.__name__: kind for kind in kinds()}
    for path, module, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("_why"):
                returned = [each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value]
                yield from (
                    (f"{path.name} {node.name}", text) for one in returned for text in texts(one, module) if text
                )
            if not isinstance(node, ast.Call) or named(node) not in names or not node.args:
                continue
            found, where = texts(node.args[0], module), f"{path.name}:{node.lineno}"
            if named(node) in of_permission:
                assert found or ast.unparse(node.args[0]) in MADE, f"{where}: say in MADE where this sentence is made"
            yield from ((where, text) for text in found if named(node) in of_permission or HIDDEN in text)


def computed() -> Iterator[tuple[str, str]]:
    """What the rules say: to every kind of credential, role and scope, and of every level of protection."""
    for kind, action, role in product(CredentialKind, Action, (None, *Role)):
        for held, registry in product(((), *((scope,) for scope in SCOPES)), RegistryAccess):
            seen = (role, Visibility.PRIVATE, "acme/shop", Profile.GITLAB, False, registry, True)
            yield f"{kind} {action}", grants.lacking(action, Standing(kind, frozenset(held), *seen))
            yield f"{kind} {action}", scopes.lacking(kind, frozenset(held), action)
    for action, level in product((Action.PUSH, Action.DELETE), Level):
        yield "protection", protection.needs(action, "the tag v1", level)
    for path, added in product(("", "acme", "acme/shop"), (False, True)):
        yield "quota", str(QuotaExceeded(path, 2, 1, added=added))
    for path in ("", "acme/shop"):
        yield "crowded", str(StorageCrowded(path, 2, 1))
    now = datetime(2026, 3, 1, tzinfo=UTC)
    yield "life", lives.outliving(None, now)
    yield "life", lives.outgrowing(None, now, timedelta(days=1))
    yield "scope", str(InsufficientScope("api read_api", "read_user"))


def test_every_class_is_of_permission_or_says_why_not() -> None:
    assert OTHERS.keys() | set(PERMISSION) == {kind for kind in kinds() if kind.__base__ is Refusal} | {
        errors.LoginsLimited
    }
    for kind in kinds():
        assert issubclass(kind, PERMISSION) or issubclass(kind, tuple(OTHERS))


@pytest.mark.parametrize("dialect", ["oci", "gitlab", "api", "api as JSON"])
def test_every_sentence_is_explained(dialect: str) -> None:
    """As each dialect wraps it, and clients print it."""
    wrapped = {
        "oci": "Error: denied: requested access to the resource is denied: {}",
        "gitlab": '{{"errors": [{{"code": "DENIED", "message": "requested access to the resource is denied: {}"}}]}}',
        "api": "GitlabHttpError: 403: 403 Forbidden - {}",
        "api as JSON": '{{"message":"401 Unauthorized - {}"}}',
    }[dialect]
    said = dict.fromkeys((where, text) for where, text in (*written(), *computed()) if text)
    assert len(said) > 100
    unexplained = [(where, text) for where, text in said if not explained(wrapped.format(text))]
    assert not unexplained


def test_every_code_is_known_without_its_sentence() -> None:
    """Programs leave sentences out: then it is told at least that, and where the reason is."""
    lines: dict[str, Any] = {**CODES, **LINES}
    places = (errors.ProjectUnknown, errors.GroupUnknown, errors.RepositoryUnknown)
    asked = {kind for kind in (*API, *OCI, *GITLAB) if issubclass(kind, (*PERMISSION, *places))} | {errors.NotFound}
    shown = []
    for table in (OCI, GITLAB):
        codes = {code for kind, code in table.items() if kind in asked}
        shown += [f"{code.lower().replace('_', ' ')}: {lines[code].message}" for code in codes]
    shown += [f"{status} {title}" for kind, (status, title) in API.items() if kind in asked]
    shown += [f"{status} {title}" for status, title in ((401, "Unauthorized"), (403, "Forbidden"))]
    assert [message for message in shown if causes.read(message) is None] == []


def test_dialects_have_few_refusals_of_their_own() -> None:
    """What browsers alone meet, and what the API alone asks of a token."""
    only_here = [
        kind for kind in kinds() if issubclass(kind, PERMISSION) and not kind.__module__.startswith("wharfinger.domain")
    ]
    assert set(only_here) == {FormForged, InsufficientScope}
