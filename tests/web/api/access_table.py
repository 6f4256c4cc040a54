"""The access table of the API: for every route, who gets in and what the others are told.

Written down once, as data, and from no rule of the product. A new route needs a row here: what it needs, what it
answers then, what to send, and what `World` has to make for it. `expected` crosses rows and credentials; the test of
the same name sends all of them. Everything happens in a private project, in a private group whose members have the
roles.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

ROLES: Final = ("guest", "reporter", "developer", "maintainer", "owner")

# --- what a row can need besides a role in the place that its path names
ANYBODY = "anybody"  # what is listed differs, not whether there is a listing
SIGNED_IN = "signed in"
PERSON = "a person"  # and not the bot of a token
ADMIN = "an administrator"
ITSELF = "the token itself"


@dataclass(frozen=True)
class Row:
    """One route: what it needs, what it answers to one who has that, and what is sent.

    `made` is what `World` makes before each request, for what the path names beyond the project or group. `others` is
    the answer to one who is signed in and has too little, `nobody` that to anonymous, where these are not the usual.
    """

    needs: str
    ok: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    made: str = ""
    others: int = 0
    nobody: int = 0
    jobs: bool = False
    person: bool = False  # no bots, even where their role is enough
    read_user: bool = False
    reads: bool = False  # a token that reads is enough, though a guest's role is not


_TOKEN: Final = {"name": "t", "scopes": ["read_registry"]}
_BOT: Final = {**_TOKEN, "access_level": 10}


def _of_place(noun: str, needs: str, manages: str) -> dict[tuple[str, str], Row]:
    """The routes that projects and groups share."""
    return {
        ("GET", f"/{noun}/{{id}}/members"): Row("guest"),
        ("POST", f"/{noun}/{{id}}/members"): Row(manages, 201, {"access_level": 10}, "person in the body"),
        ("GET", f"/{noun}/{{id}}/members/all"): Row("guest"),
        ("GET", f"/{noun}/{{id}}/members/all/{{user_id}}"): Row("guest", made=f"member of {noun}"),
        ("GET", f"/{noun}/{{id}}/members/{{user_id}}"): Row("guest", made=f"member of {noun}"),
        ("PUT", f"/{noun}/{{id}}/members/{{user_id}}"): Row(manages, 200, {"access_level": 10}, f"member of {noun}"),
        ("DELETE", f"/{noun}/{{id}}/members/{{user_id}}"): Row(manages, 204, {}, f"member of {noun}"),
        ("GET", f"/{noun}/{{id}}/access_tokens"): Row(manages),
        ("POST", f"/{noun}/{{id}}/access_tokens"): Row(manages, 201, _BOT, person=True),
        ("GET", f"/{noun}/{{id}}/access_tokens/{{token_id}}"): Row(manages, made=f"bot of {noun}"),
        ("DELETE", f"/{noun}/{{id}}/access_tokens/{{token_id}}"): Row(manages, 204, {}, f"bot of {noun}"),
        ("POST", f"/{noun}/{{id}}/access_tokens/{{token_id}}/rotate"): Row(manages, 200, {}, f"bot of {noun}"),
        ("GET", f"/{noun}/{{id}}/deploy_tokens"): Row(manages),
        ("POST", f"/{noun}/{{id}}/deploy_tokens"): Row(manages, 201, _TOKEN),
        ("GET", f"/{noun}/{{id}}/deploy_tokens/{{token_id}}"): Row(manages, made=f"deploy token of {noun}"),
        ("DELETE", f"/{noun}/{{id}}/deploy_tokens/{{token_id}}"): Row(manages, 204, {}, f"deploy token of {noun}"),
    }


def _hooks(noun: str, needs: str) -> dict[tuple[str, str], Row]:
    """The routes of webhooks below projects or groups."""
    one, made = f"/{noun}/{{id}}/hooks/{{hook_id}}", f"webhook of {noun}"
    return {
        ("GET", f"/{noun}/{{id}}/hooks"): Row(needs),
        ("POST", f"/{noun}/{{id}}/hooks"): Row(needs, 201, _HOOK),
        ("GET", one): Row(needs, made=made),
        ("PUT", one): Row(needs, 200, _HOOK, made),
        ("DELETE", one): Row(needs, 204, {}, made),
        ("GET", f"{one}/events"): Row(needs, made=made),
        ("POST", f"{one}/test/{{trigger}}"): Row(needs, 201, {}, made),
        ("POST", f"{one}/events/{{hook_event_id}}/resend"): Row(needs, 201, {}, f"delivery of {noun}"),
    }


def _protection(kind: str, body: dict[str, Any]) -> dict[tuple[str, str], Row]:
    """The routes of rules of protection of one kind."""
    rules, made = f"/projects/{{id}}/registry/protection/{kind}", f"rule of {kind}"
    return {
        ("GET", rules): Row("developer", reads=True),
        ("POST", rules): Row("maintainer", 201, body, made=f"new rule of {kind}"),
        ("PATCH", f"{rules}/{{rule_id}}"): Row(
            "maintainer", 200, body | {"minimum_access_level_for_push": "owner"}, made
        ),
        ("DELETE", f"{rules}/{{rule_id}}"): Row("maintainer", 204, {}, made),
    }


_JOBS: Final = "/projects/{id}/job_token_scope"
_JOB_SCOPE: Final = {
    ("GET", _JOBS): Row("maintainer"),
    ("PATCH", _JOBS): Row("maintainer", 204, {"enabled": False}),
    ("GET", f"{_JOBS}/allowlist"): Row("maintainer"),
    ("POST", f"{_JOBS}/allowlist"): Row("maintainer", 201, {}, "project for jobs"),
    ("DELETE", f"{_JOBS}/allowlist/{{target_project_id}}"): Row("maintainer", 204, {}, "let in of projects"),
    ("GET", f"{_JOBS}/groups_allowlist"): Row("maintainer"),
    ("POST", f"{_JOBS}/groups_allowlist"): Row("maintainer", 201, {}, "group for jobs"),
    ("DELETE", f"{_JOBS}/groups_allowlist/{{target_group_id}}"): Row("maintainer", 204, {}, "let in of groups"),
}
_HOOK: Final = {"url": "https://hooks.invalid/x"}
LEVELS: Final = {"minimum_access_level_for_push": "maintainer", "minimum_access_level_for_delete": "maintainer"}
_REPOSITORIES: Final = "/projects/{id}/registry/repositories"
_TRASH: Final = "/projects/{id}/registry/trash"
_HIDDEN: Final = {"others": 404, "nobody": 404}

ROWS: Final[dict[tuple[str, str], Row]] = {
    ("GET", "/version"): Row(SIGNED_IN, read_user=True),
    ("GET", "/metadata"): Row(SIGNED_IN, read_user=True),
    ("GET", "/user"): Row(SIGNED_IN, read_user=True),
    ("GET", "/users"): Row(SIGNED_IN),
    ("POST", "/users"): Row(ADMIN, 201, {}, "new user name"),
    ("GET", "/users/{user_id}"): Row(ADMIN, made="person", **_HIDDEN),
    ("PUT", "/users/{user_id}"): Row(ADMIN, 200, {"name": "x"}, "person"),
    ("DELETE", "/users/{user_id}"): Row(ADMIN, 204, {}, "person", **_HIDDEN),
    ("POST", "/users/{user_id}/block"): Row(ADMIN, 201, {}, "person", **_HIDDEN),
    ("POST", "/users/{user_id}/unblock"): Row(ADMIN, 201, {}, "person", **_HIDDEN),
    ("GET", "/users/{user_id}/projects"): Row(ADMIN, made="person", **_HIDDEN),
    ("GET", "/namespaces"): Row(SIGNED_IN),
    ("GET", "/namespaces/{id}"): Row("guest", made="group"),
    ("GET", "/groups"): Row(ANYBODY),
    ("POST", "/groups"): Row(PERSON, 201, {"name": "g"}, "new path"),
    ("GET", "/groups/{id}"): Row("guest"),
    ("PUT", "/groups/{id}"): Row("owner", 200, {"name": "g"}),
    ("DELETE", "/groups/{id}"): Row("owner", 202, {}, "empty group"),
    ("GET", "/groups/{id}/subgroups"): Row("guest"),
    ("GET", "/groups/{id}/descendant_groups"): Row("guest"),
    ("POST", "/groups/{id}/transfer"): Row("owner", 201, {}, "group in a group"),
    ("GET", "/groups/{id}/projects"): Row("guest"),
    ("POST", "/groups/{id}/projects/{project_id}"): Row("owner", 201, {}, "project in a group"),
    ("GET", "/projects"): Row(ANYBODY),
    ("POST", "/projects"): Row("maintainer", 201, {}, "new project in a group"),
    ("GET", "/projects/{id}"): Row("guest"),
    ("PUT", "/projects/{id}"): Row("maintainer", 200, {"name": "p"}),
    ("DELETE", "/projects/{id}"): Row("owner", 202, {}, "project"),
    ("PUT", "/projects/{id}/transfer"): Row("owner", 200, {}, "namespace in the body"),
    ("GET", "/projects/{id}/quota"): Row("guest"),
    ("PUT", "/projects/{id}/quota"): Row("owner", 200, {"limit_bytes": None}),
    ("GET", "/groups/{id}/quota"): Row("guest"),
    ("PUT", "/groups/{id}/quota"): Row("owner", 200, {"limit_bytes": None}, "empty group"),
    ("GET", "/application/quota"): Row(ADMIN),
    ("GET", "/projects/{id}/usage"): Row("guest"),
    ("GET", "/groups/{id}/usage"): Row("guest"),
    ("GET", "/application/usage"): Row(ADMIN),
    ("PUT", "/application/quota"): Row(ADMIN, 200, {"limit_bytes": None}),
    ("GET", "/projects/{id}/registry/statistics/pulls"): Row("guest"),
    ("GET", "/projects/{id}/registry/statistics/unpulled"): Row("guest"),
    ("GET", "/groups/{id}/registry/statistics/pulls"): Row("guest"),
    ("GET", "/groups/{id}/registry/statistics/unpulled"): Row("guest"),
    **_of_place("projects", "guest", "maintainer"),
    **_of_place("groups", "guest", "owner"),
    ("GET", "/personal_access_tokens"): Row(SIGNED_IN, others=403),
    ("POST", "/user/personal_access_tokens"): Row(PERSON, 201, _TOKEN),
    ("POST", "/users/{user_id}/personal_access_tokens"): Row(ADMIN, 201, _TOKEN, "person", **_HIDDEN),
    ("GET", "/personal_access_tokens/self"): Row(ITSELF),
    ("DELETE", "/personal_access_tokens/self"): Row(ITSELF, 204),
    ("POST", "/personal_access_tokens/self/rotate"): Row(ITSELF, 200),
    ("GET", "/personal_access_tokens/{token_id}"): Row(ADMIN, made="personal token", others=404),
    ("DELETE", "/personal_access_tokens/{token_id}"): Row(ADMIN, 204, {}, "personal token", others=404),
    ("POST", "/personal_access_tokens/{token_id}/rotate"): Row(ADMIN, 200, {}, "personal token", others=404),
    ("GET", "/deploy_tokens"): Row(ADMIN),
    **_hooks("projects", "maintainer"),
    **_hooks("groups", "owner"),
    ("GET", "/hooks"): Row(ADMIN),
    ("POST", "/hooks"): Row(ADMIN, 201, _HOOK),
    ("GET", "/hooks/{hook_id}"): Row(ADMIN, made="webhook of all"),
    ("PUT", "/hooks/{hook_id}"): Row(ADMIN, 200, _HOOK, "webhook of all"),
    ("POST", "/hooks/{hook_id}"): Row(ADMIN, 201, {}, "webhook of all"),
    ("DELETE", "/hooks/{hook_id}"): Row(ADMIN, 204, {}, "webhook of all"),
    ("GET", "/hooks/{hook_id}/events"): Row(ADMIN, made="webhook of all"),
    ("GET", "/audit_events"): Row(ADMIN),
    ("GET", "/audit_events/export"): Row(ADMIN),
    ("GET", "/projects/{id}/audit_events"): Row("maintainer"),
    ("GET", "/projects/{id}/audit_events/export"): Row("maintainer"),
    ("GET", "/groups/{id}/audit_events"): Row("owner"),
    ("GET", "/groups/{id}/audit_events/export"): Row("owner"),
    ("GET", _REPOSITORIES + "/{repository_id}/custody"): Row("developer", made="image", reads=True),
    ("GET", "/projects/{id}/cleanup/policies"): Row("developer", reads=True),
    ("PUT", "/projects/{id}/cleanup/policies/{name}"): Row("maintainer", made="policy of projects"),
    ("DELETE", "/projects/{id}/cleanup/policies/{name}"): Row("maintainer", 204, {}, "policy of projects"),
    ("POST", "/projects/{id}/cleanup/policies/{name}/run"): Row("maintainer", 404, {}, "no policy"),
    ("GET", "/groups/{id}/cleanup/policies"): Row("developer", reads=True),
    ("PUT", "/groups/{id}/cleanup/policies/{name}"): Row("maintainer", made="policy of groups"),
    ("DELETE", "/groups/{id}/cleanup/policies/{name}"): Row("maintainer", 204, {}, "policy of groups"),
    ("GET", "/admin/cleanup/policies"): Row(ADMIN),
    ("PUT", "/admin/cleanup/policies/{name}"): Row(ADMIN, made="policy of all"),
    ("DELETE", "/admin/cleanup/policies/{name}"): Row(ADMIN, 204, {}, "policy of all"),
    ("GET", "/projects/{id}/cleanup/preview"): Row("developer", reads=True),
    ("POST", "/projects/{id}/cleanup/preview"): Row("developer"),
    ("GET", "/groups/{id}/cleanup/preview"): Row("developer", reads=True),
    ("POST", "/groups/{id}/cleanup/preview"): Row("developer"),
    ("GET", "/admin/cleanup/preview"): Row(ADMIN),
    ("POST", "/admin/cleanup/preview"): Row(ADMIN),
    ("GET", "/projects/{id}/cleanup/runs"): Row("developer", reads=True),
    ("GET", "/projects/{id}/cleanup/runs/{run_id}"): Row("developer", 404, {}, "no run", reads=True),
    ("POST", "/projects/{id}/cleanup/runs/{run_id}/stop"): Row("maintainer", 404, {}, "no run"),
    ("POST", "/projects/{id}/cleanup/runs/{run_id}/restore"): Row(
        "developer", 404, {}, "no run"
    ),  # a run is looked up first
    ("GET", _TRASH): Row("maintainer"),
    ("DELETE", _TRASH): Row("maintainer"),
    ("POST", _TRASH + "/restore"): Row("maintainer", 404, {"batch": "nothing"}),
    ("POST", _TRASH + "/{thing_id}/restore"): Row("maintainer", made="thing in the trash"),
    ("DELETE", _TRASH + "/{thing_id}"): Row("maintainer", 204, {}, "thing in the trash"),
    **_protection("repository/rules", LEVELS),
    **_protection("rules", LEVELS),
    **_protection("tag/rules", LEVELS),
    **_JOB_SCOPE,
    ("GET", _REPOSITORIES): Row("guest", jobs=True),
    ("GET", "/groups/{id}/registry/repositories"): Row("guest"),
    ("GET", "/registry/repositories/{repository_id}"): Row("guest", made="repository", jobs=True),
    ("PUT", _REPOSITORIES + "/{repository_id}"): Row("maintainer", 200, {}, "repository and its name"),
    ("DELETE", _REPOSITORIES + "/{repository_id}"): Row("maintainer", 202, {}, "new repository", jobs=True),
    ("GET", _REPOSITORIES + "/{repository_id}/tags"): Row("guest", made="repository", jobs=True),
    ("DELETE", _REPOSITORIES + "/{repository_id}/tags"): Row(
        "maintainer", 202, {"name_regex_delete": "none"}, "new repository", jobs=True
    ),
    ("GET", _REPOSITORIES + "/{repository_id}/tags/{tag_name}"): Row("guest", made="tag", jobs=True),
    ("DELETE", _REPOSITORIES + "/{repository_id}/tags/{tag_name}"): Row("maintainer", 200, {}, "tag", jobs=True),
}


@dataclass(frozen=True)
class Credential:
    """Something to send; `role` is that of whoever it acts for, None for one who is no member."""

    kind: str
    role: str | None = None
    scopes: str = "api"

    def __str__(self) -> str:
        return " ".join(word for word in (self.kind, self.role or "", f"[{self.scopes}]") if word)


REFUSED: Final = ("wrong", "revoked", "deploy")


def credentials() -> Iterator[Credential]:
    """Every line of the other side of the table."""
    yield Credential("anonymous", None, "")
    yield from (Credential(kind, "owner") for kind in REFUSED)
    for role in (None, *ROLES, "admin"):
        yield Credential("personal", role)
    for scopes in ("read_api", "read_user", "read_registry write_registry", "write_repository"):
        yield Credential("personal", "owner", scopes)
    yield Credential("personal", "admin", "read_api")
    yield from (Credential("bot", role) for role in ("guest", "maintainer", "owner"))
    yield from (Credential("job", role, "") for role in ("developer", "maintainer"))
    yield Credential("job of elsewhere", "maintainer", "")
    yield Credential("job of elsewhere", None, "")


def expected(method: str, row: Row, who: Credential) -> int:
    """The status that this credential gets here."""
    if who.kind in REFUSED:
        return 401
    if who.kind == "anonymous":
        return _for_nobody(row)
    if who.kind.startswith("job"):
        return _for_a_job(row, who)
    if not _opened_by_scopes(method, row, who):
        return 403
    return _for_somebody(row, who)


def _for_nobody(row: Row) -> int:
    usual = {ANYBODY: row.ok, SIGNED_IN: 401, PERSON: 401, ADMIN: 401, ITSELF: 401}
    return row.nobody or usual.get(row.needs, 404)


def _for_a_job(row: Row, who: Credential) -> int:
    if not row.jobs:
        return 403
    if who.role is None:
        return 404
    if who.kind != "job":
        return 403
    return row.ok if ROLES.index(who.role) >= ROLES.index(row.needs) else 403


def _opened_by_scopes(method: str, row: Row, who: Credential) -> bool:
    scopes = set(who.scopes.split())
    if (row.needs == ITSELF and row.ok != 200) or (row.needs == ITSELF and method == "GET"):
        return True
    reading = {"api", "read_api"} | ({"read_user"} if row.read_user else set())
    return bool(scopes & (reading if method == "GET" else {"api"}))


def _for_somebody(row: Row, who: Credential) -> int:
    if row.needs == SIGNED_IN and row.others and "api" not in who.scopes.split():
        return row.others
    if row.needs in (ANYBODY, SIGNED_IN, ITSELF):
        return row.ok
    if row.needs == PERSON:
        return row.ok if who.kind != "bot" else 403
    if row.needs == ADMIN:
        if not _may_change(row, who):
            return 403
        return row.ok if who.role == "admin" else row.others or 403
    if who.role is None:
        return 404
    enough = who.role == "admin" or ROLES.index(who.role) >= ROLES.index(row.needs)
    if not enough or (row.person and who.kind == "bot") or not _may_change(row, who):
        return 403
    return row.ok


def _may_change(row: Row, who: Credential) -> bool:
    """Tokens, even when they are only looked at, and all that administrators do, take a token that may change."""
    reads = row.reads or row.needs == "guest" or (row.needs == ADMIN and row.made == "person")
    return reads or "api" in who.scopes.split()
