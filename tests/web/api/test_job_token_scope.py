"""Whose jobs are let into a project, as python-gitlab sets it."""

from tests.serving import Server
from tests.web.api.conftest import People
from tests.web.api.test_users import status


def test_life_of_an_allowlist(people: People, server: Server) -> None:
    group = server.group()
    project, other = (server.project(f"{group.path}/{name}") for name in ("base", "shop"))
    owner = people.somebody(group, "owner")
    found = owner.gitlab.projects.get(project.id)
    scope = found.job_token_scope.get()
    assert (scope.inbound_enabled, scope.outbound_enabled) == (False, False)
    scope.enabled = True
    scope.save()
    scope = found.job_token_scope.get()
    assert scope.inbound_enabled is True
    scope.allowlist.create({"target_project_id": other.id})
    assert [one.id for one in scope.allowlist.list()] == [project.id, other.id]
    assert status(scope.allowlist.create, {"target_project_id": other.id}) == 422
    assert status(scope.allowlist.create, {"target_project_id": 10**9}) == 404
    scope.allowlist.delete(other.id)
    assert [one.id for one in scope.allowlist.list()] == [project.id]
    assert status(scope.allowlist.delete, other.id) == 404
    scope.groups_allowlist.create({"target_group_id": group.id})
    (listed,) = scope.groups_allowlist.list()
    assert (listed.id, listed.name) == (group.id, group.name)
    scope.groups_allowlist.delete(group.id)
    assert scope.groups_allowlist.list() == []
    developer = people.somebody(project, "developer")
    assert status(developer.gitlab.projects.get(project.id).job_token_scope.get) == 403
