"""The access table of the registry's own API: for every end point, what it needs and what it answers then.

The other side, every credential and what it may, is that of the access table of `/v2`.
"""

from typing import Final

from tests.web.oci.access_table import DELETE, PUSH, READ, REFUSED, Credential, good_for, knows, rights

ADMIN: Final = "an administrator"

# --- what an end point needs of a repository, the scopes to ask for ({name} is the repository), what it answers.
# PATCH is sent as a dry run, for the name "held" beside it.
ROWS: Final[dict[tuple[str, str], tuple[str, str, int]]] = {
    ("GET", "/gitlab/v1/"): ("", "", 200),
    ("GET", "/gitlab/v1/statistics/"): (ADMIN, "registry:statistics:*", 200),
    ("GET", "/gitlab/v1/repositories/{name}/"): (READ, "repository:{name}:pull", 200),
    ("PATCH", "/gitlab/v1/repositories/{name}/"): (
        f"{DELETE} {PUSH}",
        "repository:{name}:delete repository:{above}/held:push",
        202,
    ),
    ("GET", "/gitlab/v1/repositories/{name}/tags/list/"): (READ, "repository:{name}:pull", 200),
    ("GET", "/gitlab/v1/repositories/{name}/tags/detail/{tag}/"): (READ, "repository:{name}:pull", 200),
    ("GET", "/gitlab/v1/repository-paths/{name}/repositories/list/"): (READ, "repository:{name}/*:pull", 200),
}


def expected(method: str, kind: str, visibility: str, credential: Credential) -> int:
    """The status that this credential gets here; it asks the token service first."""
    needed, _, allowed = ROWS[method, kind]
    if credential.kind in REFUSED:
        return 401
    if credential.kind == "anonymous":
        return _for_nobody(needed, visibility, allowed)
    if not good_for(credential):
        return 403  # whatever it asks for: the token service has nothing to give
    if needed == ADMIN:
        return allowed if (credential.role, credential.scopes) == ("admin", "api") else 401
    if not needed:
        return allowed
    if not knows(credential, visibility):
        return 404
    return allowed if rights(credential, visibility) & good_for(credential) >= set(needed.split()) else 403


def _for_nobody(needed: str, visibility: str, allowed: int) -> int:
    """Nobody in particular gets a token for what is open to everybody, and none where nothing is."""
    if not needed:
        return allowed
    return allowed if needed == READ and visibility == "public" else 403
