"""What the API can do, the pages can: a new route of the API needs a line here, and with it a page."""

import re

import pytest

from wharfinger.web.api.application import PREFIX, routes
from wharfinger.web.gitlab.routes import ROUTES
from wharfinger.web.pages.routes import TABLE

# A number or a name in a path is {}, the path of a project or group {place}. Behind each route of the API are the page
# that shows what it answers, or the form that does what it does.
PAGES = """
GET /metadata = GET /admin
GET /version = GET /admin

GET /user = GET /profile
GET /users = GET /admin/users
POST /users = POST /admin/users
GET /users/{} = GET /admin/users/{}
PUT /users/{} = POST /admin/users/{}
DELETE /users/{} = POST /admin/users/{}/delete
POST /users/{}/block = POST /admin/users/{}/block
POST /users/{}/unblock = POST /admin/users/{}/block
GET /users/{}/projects = GET /{place}
GET /namespaces = GET /projects/new
GET /namespaces/{} = GET /{place}

GET /groups = GET /groups
POST /groups = POST /groups/new
GET /projects = GET /projects
POST /projects = POST /projects/new
GET /{place} = GET /{place}
PUT /{place} = POST /{place}/-/settings
DELETE /{place} = POST /{place}/-/settings/delete
PUT /{place}/transfer = POST /{place}/-/settings/move
POST /{place}/transfer = POST /{place}/-/settings/move
POST /{place}/projects/{} = POST /{place}/-/settings/move
GET /{place}/projects = GET /{place}
GET /{place}/subgroups = GET /{place}
GET /{place}/descendant_groups = GET /{place}

GET /{place}/members = GET /{place}/-/members
POST /{place}/members = POST /{place}/-/members
GET /{place}/members/{} = GET /{place}/-/members
PUT /{place}/members/{} = POST /{place}/-/members
DELETE /{place}/members/{} = POST /{place}/-/members/remove
GET /{place}/members/all = GET /{place}/-/members
GET /{place}/members/all/{} = GET /{place}/-/members

GET /personal_access_tokens = GET /admin/tokens
GET /personal_access_tokens/{} = GET /profile/tokens
GET /personal_access_tokens/self = GET /profile/tokens
POST /personal_access_tokens/{}/rotate = POST /profile/tokens/rotate
POST /personal_access_tokens/self/rotate = POST /profile/tokens/rotate
DELETE /personal_access_tokens/{} = POST /profile/tokens/revoke
DELETE /personal_access_tokens/self = POST /profile/tokens/revoke
POST /user/personal_access_tokens = POST /profile/tokens
POST /users/{}/personal_access_tokens = POST /admin/users/{}/tokens
GET /{place}/access_tokens = GET /{place}/-/tokens
POST /{place}/access_tokens = POST /{place}/-/tokens
GET /{place}/access_tokens/{} = GET /{place}/-/tokens
DELETE /{place}/access_tokens/{} = POST /{place}/-/tokens/revoke
POST /{place}/access_tokens/{}/rotate = POST /{place}/-/tokens/rotate
GET /deploy_tokens = GET /admin/deploy_tokens
GET /{place}/deploy_tokens = GET /{place}/-/tokens
POST /{place}/deploy_tokens = POST /{place}/-/tokens
GET /{place}/deploy_tokens/{} = GET /{place}/-/tokens
DELETE /{place}/deploy_tokens/{} = POST /{place}/-/tokens/revoke

GET /{place}/job_token_scope = GET /{place}/-/settings/ci_cd
PATCH /{place}/job_token_scope = POST /{place}/-/settings/ci_cd
GET /{place}/job_token_scope/allowlist = GET /{place}/-/settings/ci_cd
POST /{place}/job_token_scope/allowlist = POST /{place}/-/settings/ci_cd/allow
DELETE /{place}/job_token_scope/allowlist/{} = POST /{place}/-/settings/ci_cd/forbid
GET /{place}/job_token_scope/groups_allowlist = GET /{place}/-/settings/ci_cd
POST /{place}/job_token_scope/groups_allowlist = POST /{place}/-/settings/ci_cd/allow
DELETE /{place}/job_token_scope/groups_allowlist/{} = POST /{place}/-/settings/ci_cd/forbid

GET /{place}/registry/repositories = GET /{place}/-/registry
GET /registry/repositories/{} = GET /{place}/-/registry/{}
PUT /{place}/registry/repositories/{} = POST /{place}/-/registry/{}/rename
DELETE /{place}/registry/repositories/{} = POST /{place}/-/registry/{}/delete
GET /{place}/registry/repositories/{}/custody = GET /{place}/-/custody
GET /{place}/registry/repositories/{}/tags = GET /{place}/-/registry/{}
DELETE /{place}/registry/repositories/{}/tags = POST /{place}/-/registry/{}/bulk/delete
GET /{place}/registry/repositories/{}/tags/{} = GET /{place}/-/registry/{}/tags/{}
DELETE /{place}/registry/repositories/{}/tags/{} = POST /{place}/-/registry/{}/tags/delete
GET /{place}/registry/trash = GET /{place}/-/trash
DELETE /{place}/registry/trash = POST /{place}/-/trash/empty
POST /{place}/registry/trash/restore = POST /{place}/-/trash/restore
POST /{place}/registry/trash/{}/restore = POST /{place}/-/trash/restore
DELETE /{place}/registry/trash/{} = POST /{place}/-/trash/empty
GET /{place}/registry/statistics/pulls = GET /{place}/-/usage
GET /{place}/registry/statistics/unpulled = GET /{place}/-/usage/unpulled

GET /{place}/registry/protection/rules = GET /{place}/-/protection
POST /{place}/registry/protection/rules = POST /{place}/-/protection
PATCH /{place}/registry/protection/rules/{} = POST /{place}/-/protection/change
DELETE /{place}/registry/protection/rules/{} = POST /{place}/-/protection/remove
GET /{place}/registry/protection/repository/rules = GET /{place}/-/protection
POST /{place}/registry/protection/repository/rules = POST /{place}/-/protection
PATCH /{place}/registry/protection/repository/rules/{} = POST /{place}/-/protection/change
DELETE /{place}/registry/protection/repository/rules/{} = POST /{place}/-/protection/remove
GET /{place}/registry/protection/tag/rules = GET /{place}/-/protection
POST /{place}/registry/protection/tag/rules = POST /{place}/-/protection
PATCH /{place}/registry/protection/tag/rules/{} = POST /{place}/-/protection/change
DELETE /{place}/registry/protection/tag/rules/{} = POST /{place}/-/protection/remove

GET /admin/cleanup/policies = GET /admin/cleanup
PUT /admin/cleanup/policies/{} = POST /admin/cleanup
DELETE /admin/cleanup/policies/{} = POST /admin/cleanup/remove
GET /admin/cleanup/preview = POST /admin/cleanup/preview
POST /admin/cleanup/preview = POST /admin/cleanup/preview
GET /{place}/cleanup/policies = GET /{place}/-/cleanup
PUT /{place}/cleanup/policies/{} = POST /{place}/-/cleanup
DELETE /{place}/cleanup/policies/{} = POST /{place}/-/cleanup/remove
GET /{place}/cleanup/preview = POST /{place}/-/cleanup/preview
POST /{place}/cleanup/preview = POST /{place}/-/cleanup/preview
POST /{place}/cleanup/policies/{}/run = POST /{place}/-/cleanup/run
GET /{place}/cleanup/runs = GET /{place}/-/cleanup/runs
GET /{place}/cleanup/runs/{} = GET /{place}/-/cleanup/runs
POST /{place}/cleanup/runs/{}/stop = POST /{place}/-/cleanup/stop
POST /{place}/cleanup/runs/{}/restore = POST /{place}/-/cleanup/restore

GET /application/quota = GET /admin/usage
PUT /application/quota = POST /admin/usage/limit
GET /application/usage = GET /admin/usage
GET /{place}/quota = GET /{place}/-/usage
PUT /{place}/quota = POST /{place}/-/usage/limit
GET /{place}/usage = GET /{place}/-/usage

GET /audit_events = GET /admin/audit
GET /audit_events/export = GET /admin/audit/export
GET /{place}/audit_events = GET /{place}/-/audit
GET /{place}/audit_events/export = GET /{place}/-/audit/export

GET /hooks = GET /admin/webhooks
POST /hooks = POST /admin/webhooks
GET /hooks/{} = GET /admin/webhooks/{}
PUT /hooks/{} = POST /admin/webhooks/{}
POST /hooks/{} = POST /admin/webhooks/{}/test
DELETE /hooks/{} = POST /admin/webhooks/{}/delete
GET /hooks/{}/events = GET /admin/webhooks/{}
GET /{place}/hooks = GET /{place}/-/webhooks
POST /{place}/hooks = POST /{place}/-/webhooks
GET /{place}/hooks/{} = GET /{place}/-/webhooks/{}
PUT /{place}/hooks/{} = POST /{place}/-/webhooks/{}
DELETE /{place}/hooks/{} = POST /{place}/-/webhooks/{}/delete
POST /{place}/hooks/{}/test/{} = POST /{place}/-/webhooks/{}/test
GET /{place}/hooks/{}/events = GET /{place}/-/webhooks/{}
POST /{place}/hooks/{}/events/{}/resend = POST /{place}/-/webhooks/{}/redeliver

GET /gitlab/v1/ = GET /admin
GET /gitlab/v1/statistics/ = GET /admin
GET /gitlab/v1/repositories/{}/ = GET /{place}/-/registry/{}
PATCH /gitlab/v1/repositories/{}/ = POST /{place}/-/registry/{}/rename
GET /gitlab/v1/repositories/{}/tags/list/ = GET /{place}/-/registry/{}
GET /gitlab/v1/repositories/{}/tags/detail/{}/ = GET /{place}/-/registry/{}/tags/{}
GET /gitlab/v1/repository-paths/{}/repositories/list/ = GET /{place}/-/registry
"""

_LINES = dict(line.split(" = ") for line in PAGES.strip().splitlines() if line)
_PLACE = re.compile(r"^/(projects|groups)/\{id\}")


def _unnamed(path: str) -> str:
    return re.sub(r"\{(?!place\})[^}]*\}", "{}", path)


def _of_the_api() -> set[str]:
    found = {
        f"{method.upper()} {_unnamed(_PLACE.sub('/{place}', path.removeprefix(PREFIX)))}"
        for path, methods in routes().openapi()["paths"].items()
        for method in methods
    }
    return found | {f"{route.method} {_unnamed(route.kind)}" for route in ROUTES}


def _of_the_pages() -> set[str]:
    return {f"{line.method} {_unnamed(line.path.replace('{place:place}', '{place}'))}" for line in TABLE}


def test_every_route_of_the_api_has_a_page() -> None:
    assert _of_the_api() == set(_LINES)


@pytest.mark.parametrize("page", sorted(set(_LINES.values())))
def test_the_page_is_there(page: str) -> None:
    assert page in _of_the_pages()
