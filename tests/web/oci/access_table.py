"""The access table: for every end point, who gets in and what the others are told.

The table is written down once, as data, and from no rule of the product: what each role may, what each scope is good
for, what each end point needs. `expected` crosses them. The test of the same name sends every request of the product
of all lines and compares.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# --- what a person may, by role; None is somebody signed in who is no member
READ, PUSH, DELETE = "pull", "push", "delete"
Roles = dict[str | None, frozenset[str]]
ROLES: Final[Roles] = {
    None: frozenset(),
    "guest": frozenset({READ}),
    "reporter": frozenset({READ}),
    "developer": frozenset({READ, PUSH}),
    "maintainer": frozenset({READ, PUSH, DELETE}),
    "owner": frozenset({READ, PUSH, DELETE}),
    "admin": frozenset({READ, PUSH, DELETE}),
}

GITLAB_ROLES: Final[Roles] = {
    None: frozenset(),
    "guest": frozenset(),
    "reporter": frozenset({READ}),
    "developer": frozenset({READ, PUSH, DELETE}),
    "maintainer": frozenset({READ, PUSH, DELETE}),
    "owner": frozenset({READ, PUSH, DELETE}),
    "admin": frozenset({READ, PUSH, DELETE}),
}

# --- what a token is good for, by scopes: the single ones, and the pair that pushing needs
EVERYTHING: Final = frozenset({READ, PUSH, DELETE})
SCOPES: Final[dict[str, frozenset[str]]] = {
    "api": EVERYTHING,
    "read_api": frozenset({READ}),
    "read_user": frozenset(),
    "read_repository": frozenset(),
    "write_repository": frozenset(),
    "read_registry": frozenset({READ}),
    "write_registry": frozenset({DELETE}),
    "read_virtual_registry": frozenset(),
    "write_virtual_registry": frozenset(),
    "read_registry write_registry": EVERYTHING,
}
DEPLOY_SCOPES: Final[dict[str, frozenset[str]]] = {
    "read_registry": frozenset({READ}),
    "write_registry": frozenset(),
    "read_registry write_registry": frozenset({READ, PUSH}),
    "read_repository": frozenset(),
}

# --- what an end point needs of a repository, and what it answers when it has that; "" needs no repository
ROWS: Final[dict[tuple[str, str], tuple[str, int]]] = {
    ("GET", "/v2/"): ("", 200),
    ("GET", "/v2/_catalog"): ("", 200),
    ("GET", "/v2/{name}/manifests/{reference}"): (READ, 200),
    ("PUT", "/v2/{name}/manifests/{reference}"): (PUSH, 201),
    ("DELETE", "/v2/{name}/manifests/{reference}"): (DELETE, 202),
    ("GET", "/v2/{name}/blobs/{reference}"): (READ, 200),
    ("DELETE", "/v2/{name}/blobs/{reference}"): (DELETE, 202),
    ("POST", "/v2/{name}/blobs/uploads/"): (PUSH, 202),
    ("GET", "/v2/{name}/blobs/uploads/{reference}"): (PUSH, 204),
    ("PATCH", "/v2/{name}/blobs/uploads/{reference}"): (PUSH, 202),
    ("PUT", "/v2/{name}/blobs/uploads/{reference}"): (PUSH, 201),
    ("DELETE", "/v2/{name}/blobs/uploads/{reference}"): (PUSH, 204),
    ("GET", "/v2/{name}/tags/list"): (READ, 200),
    ("GET", "/v2/{name}/referrers/{reference}"): (READ, 200),
}
REPOSITORY_ROWS: Final = {line: row for line, row in ROWS.items() if row[0]}

VISIBILITIES: Final = ("private", "internal", "public")


@dataclass(frozen=True)
class Credential:
    """Something to send, by what it should mean; making it is `credentials.py`'s part.

    `kind` is anonymous, personal, project, group, deploy, job, or the name of something that is refused; "inherited"
    and "lapsed" are personal tokens of a member of the group above, and of one whose membership is over. `role` is
    that of whoever it acts for; a deploy token's own place is "project" or "group", a job's "project"; "elsewhere" is
    another project.
    """

    kind: str
    role: str | None = None
    scopes: str = ""
    place: str = "project"

    def __str__(self) -> str:
        words = [self.kind, self.role or "", f"[{self.scopes}]" if self.scopes else ""]
        return " ".join(word for word in [*words, "" if self.place == "project" else f"of {self.place}"] if word)


REFUSED: Final = ("wrong", "unknown user", "mistyped", "expired", "revoked", "blocked", "password", "empty")


def credentials() -> Iterator[Credential]:
    """Every line of the other side of the table."""
    yield Credential("anonymous")
    yield from (Credential(kind, "owner") for kind in REFUSED)
    for role in ROLES:
        yield from (Credential("personal", role, scopes) for scopes in SCOPES)
        yield Credential("inherited", role, "read_registry write_registry")
    yield Credential("lapsed", None, "read_registry write_registry")
    for role in ("guest", "reporter", "developer", "maintainer", "owner"):
        for kind in ("project", "group"):
            yield from (
                Credential(kind, role, scopes) for scopes in ("read_registry", "read_registry write_registry", "api")
            )
    for place in ("project", "group", "elsewhere"):
        yield from (Credential("deploy", None, scopes, place) for scopes in DEPLOY_SCOPES)
    for role in ("developer", "maintainer"):
        yield from (Credential("job", role, "", place) for place in ("project", "elsewhere"))
    yield Credential("job", None, "", "elsewhere")


def expected(method: str, kind: str, visibility: str, credential: Credential, roles: Roles = ROLES) -> int:
    """The status that this credential gets here. It asks the token service first, as every client does."""
    needed, allowed = ROWS[method, kind]
    if credential.kind in REFUSED:
        return 401
    if credential.kind == "anonymous":
        return for_nobody(kind, needed, visibility, allowed)
    if not good_for(credential):
        return 403  # whatever it asks for: the token service has nothing to give
    if not needed:
        return without_repository(kind, credential)
    if not knows(credential, visibility, roles):
        return 404
    return allowed if needed in rights(credential, visibility, roles) & good_for(credential) else 403


def for_nobody(kind: str, needed: str, visibility: str, allowed: int) -> int:
    """Nobody in particular gets a token for what is open to everybody, and none where nothing is."""
    if kind == "/v2/":
        return 200
    if visibility != "public" or not needed:
        return 403
    return allowed if needed == READ else 401


def without_repository(kind: str, credential: Credential) -> int:
    """The catalog is for those who may pull at all; the base only asks whether the credential holds."""
    return 200 if kind == "/v2/" or READ in good_for(credential) else 401


def allowed_actions(credential: Credential, visibility: str) -> frozenset[str] | None:
    """What the token service grants to one who asks for everything; None where it refuses to give a token."""
    if credential.kind == "anonymous":
        return frozenset({READ}) if visibility == "public" else None
    if credential.kind in REFUSED or not good_for(credential):
        return None
    return rights(credential, visibility) & good_for(credential)


def refused_status(credential: Credential) -> int:
    """What the token service answers where it gives none: who are you, or not with this."""
    return 401 if credential.kind in REFUSED else 403


def good_for(credential: Credential) -> frozenset[str]:
    """What the credential can be used for, whoever holds it."""
    if credential.kind == "deploy":
        return DEPLOY_SCOPES[credential.scopes]
    if credential.kind == "job":
        return EVERYTHING if credential.place == "project" else frozenset({READ})
    return SCOPES[credential.scopes]


def rights(credential: Credential, visibility: str, roles: Roles = ROLES) -> frozenset[str]:
    """What whoever holds the credential may do in the project. A deploy token acts for nobody who could sign in."""
    if credential.kind == "deploy":
        own = credential.place != "elsewhere"
        return frozenset({READ, PUSH}) if own else frozenset({READ} if visibility == "public" else ())
    return roles[credential.role] | (frozenset() if visibility == "private" else frozenset({READ}))


def knows(credential: Credential, visibility: str, roles: Roles = ROLES) -> bool:
    """May the holder know that the project is there? Members may, even those who may not pull."""
    return credential.role is not None or READ in rights(credential, visibility, roles)
