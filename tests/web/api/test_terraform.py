"""What GitLab's Terraform provider and its command line client (`glab`) send, and need in the answers.

Neither program can be had from the package registries that these tests use, so their calls are sent by hand: method,
path and JSON body as their Go client writes them, read in its source and in the provider's. A resource is made, read,
changed and deleted as `terraform apply` does it; what it reads has to be what was asked for, or every plan would show a
difference. It is no proof that the programs themselves work.
"""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.actors import fresh
from tests.serving import Server
from tests.web.api.conftest import People, Somebody

# As the schema of the provider has them, where a configuration says nothing: sent on creation, compared on reading.
PROJECT = {
    "request_access_enabled": True,
    "issues_enabled": True,
    "merge_requests_enabled": True,
    "jobs_enabled": True,
    "approvals_before_merge": 0,
    "wiki_enabled": True,
    "snippets_enabled": True,
    "container_registry_enabled": True,
    "lfs_enabled": True,
    "visibility": "private",
    "merge_method": "merge",
    "only_allow_merge_if_pipeline_succeeds": False,
    "only_allow_merge_if_all_discussions_are_resolved": False,
    "allow_merge_on_skipped_pipeline": False,
    "remove_source_branch_after_merge": False,
    "packages_enabled": True,
    "printing_merge_request_link_enabled": True,
    "mirror": False,
    "ci_config_path": "",
    "ci_forward_deployment_enabled": True,
    "pages_access_level": "private",
    "squash_option": "default_off",
}
GROUP = {
    "lfs_enabled": True,
    "request_access_enabled": False,
    "require_two_factor_authentication": False,
    "two_factor_grace_period": 48,
    "project_creation_level": "maintainer",
    "auto_devops_enabled": False,
    "emails_disabled": False,
    "mentions_disabled": False,
    "share_with_group_lock": False,
    "default_branch_protection": 2,
}
POLICY = {
    "cadence": "7d",
    "keep_n": 5,
    "older_than": "30d",
    "name_regex_delete": "dev-.*",
    "name_regex_keep": "main",
    "enabled": True,
}


class Client:
    """Sends what the Go client sends."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Private-Token": token, "Accept": "application/json", "User-Agent": "go-gitlab"}
        self.http = httpx.Client(base_url=f"{url}/api/v4/", headers=headers, timeout=60)

    def __call__(self, method: str, path: str, body: dict[str, Any] | None = None, *, status: int = 200) -> Any:
        answer = self.http.request(method, path, json=body)
        assert answer.status_code == status, (method, path, answer.text)
        return answer.json() if answer.content else None


def escaped(path: str) -> str:
    """A path as the Go client writes it into a URL: dots as well."""
    return quote(path, safe="").replace(".", "%2E")


@pytest.fixture(scope="module")
def ada(people: People) -> Somebody:
    return people.somebody()


@pytest.fixture(scope="module")
def client(server: Server, ada: Somebody) -> Client:
    return Client(server.url, ada.token)


@pytest.fixture(scope="module")
def group(client: Client) -> dict[str, Any]:
    return dict(client("POST", "groups", {"name": "Acme", "path": fresh("acme.corp"), **GROUP}, status=201))


def same(read: dict[str, Any], wanted: dict[str, Any]) -> None:
    """A plan would show no difference."""
    assert {name: read[name] for name in wanted} == wanted


def test_it_looks_at_the_version(client: Client) -> None:
    major, minor = client("GET", "version")["version"].split(".", 2)[:2]
    assert (int(major), int(minor)) >= (18, 0)
    assert client.http.get("").status_code < 500, "a look at the limits of the server"
    same(client("GET", "metadata"), {"enterprise": False})


def test_gitlab_group(client: Client) -> None:
    path = fresh("g")
    made = client("POST", "groups", {"name": "G", "path": path, "description": "Wares", **GROUP}, status=201)
    read = client("GET", f"groups/{made['id']}")
    same(read, {**GROUP, "name": "G", "path": path, "full_path": path, "full_name": "G", "description": "Wares"})
    same(read, {"visibility": "private", "parent_id": None})
    client("PUT", f"groups/{made['id']}", {"name": "H", "visibility": "private", "description": ""})
    same(client("GET", f"groups/{made['id']}"), {"name": "H", "description": ""})
    inner = client("POST", "groups", {"name": "I", "path": "i", "parent_id": made["id"], **GROUP}, status=201)
    same(client("GET", f"groups/{escaped(inner['full_path'])}"), {"parent_id": made["id"], "full_name": f"{path} / I"})
    for one in (inner, made):
        client("DELETE", f"groups/{one['id']}", status=202)
        client("GET", f"groups/{one['id']}", status=404)


def test_gitlab_project(client: Client, group: dict[str, Any]) -> None:
    asked = {**PROJECT, "name": "Shop & Co", "namespace_id": group["id"], "description": "Wares"}
    policy = {"container_expiration_policy_attributes": POLICY}
    made = client("POST", "projects", {**asked, **policy}, status=201)
    assert made["import_status"] == "none", "it waits for any other to finish"
    client("GET", f"projects/{made['id']}/repository/branches/", status=404)
    extra = {"mirror_overwrites_diverged_branches": False, "only_mirror_protected_branches": False, "import_url": ""}
    client("PUT", f"projects/{made['id']}", {**extra, "merge_pipelines_enabled": False})
    client("GET", f"projects/{made['id']}/push_rule", status=404)
    read = client("GET", f"projects/{made['id']}")
    same(read, {**PROJECT, "name": "Shop & Co", "description": "Wares", "path": "shop-co", "archived": False})
    same(read, {"path_with_namespace": f"{group['full_path']}/shop-co"})
    assert (read["namespace"]["id"], read["namespace"]["kind"]) == (group["id"], "group")
    same(read["container_expiration_policy"], POLICY)
    assert read["container_expiration_policy"]["next_run_at"]
    changed = {"container_expiration_policy_attributes": {**POLICY, "keep_n": 10}}
    client("PUT", f"projects/{made['id']}", {"name": "Shop", "container_registry_access_level": "private", **changed})
    read = client("GET", f"projects/{escaped(read['path_with_namespace'])}")
    same(read, {"name": "Shop", "container_registry_access_level": "private", "container_registry_enabled": True})
    assert read["container_expiration_policy"]["keep_n"] == 10
    other = client("POST", "groups", {"name": "O", "path": fresh("o"), **GROUP}, status=201)
    client("PUT", f"projects/{made['id']}/transfer", {"namespace": other["id"]})
    client("DELETE", f"projects/{made['id']}", status=202)
    client("GET", f"projects/{made['id']}", status=404)


def test_a_policy_that_cannot_be_makes_no_project(client: Client, group: dict[str, Any]) -> None:
    asked = {"name": fresh("p"), "namespace_id": group["id"]}
    wrong = {"container_expiration_policy_attributes": {"name_regex_delete": "("}}
    assert "name_regex" in client("POST", "projects", {**asked, **wrong}, status=400)["message"]
    client("GET", f"projects/{escaped(group['full_path'] + '/' + asked['name'])}", status=404)


@pytest.mark.parametrize("noun", ["projects", "groups"])
def test_gitlab_membership(client: Client, people: People, group: dict[str, Any], noun: str) -> None:
    """It writes an empty text for an end that there is none of."""
    place = group
    if noun == "projects":
        place = client("POST", "projects", {**PROJECT, "name": fresh("p"), "namespace_id": group["id"]}, status=201)
    bea, members = people.somebody().user, f"{noun}/{place['id']}/members"
    client("POST", members, {"user_id": bea.id, "access_level": 20, "expires_at": ""}, status=201)
    same(client("GET", f"{members}/{bea.id}"), {"id": bea.id, "access_level": 20, "expires_at": None})
    client("PUT", f"{members}/{bea.id}", {"access_level": 30, "expires_at": "2099-01-02"})
    same(client("GET", f"{members}/{bea.id}"), {"access_level": 30, "expires_at": "2099-01-02"})
    client("PUT", f"{members}/{bea.id}", {"access_level": 30, "expires_at": ""})
    same(client("GET", f"{members}/{bea.id}"), {"access_level": 30, "expires_at": None})
    client("DELETE", f"{members}/{bea.id}", status=204)
    client("GET", f"{members}/{bea.id}", status=404)


@pytest.mark.parametrize("noun", ["projects", "groups"])
def test_gitlab_deploy_token(client: Client, group: dict[str, Any], noun: str) -> None:
    """It writes an empty user name where the configuration has none, and finds the token in the first page."""
    place = group
    if noun == "projects":
        place = client("POST", "projects", {**PROJECT, "name": fresh("p"), "namespace_id": group["id"]}, status=201)
    tokens, asked = f"{noun}/{place['id']}/deploy_tokens", {"name": "ci", "scopes": ["read_registry"]}
    made = client("POST", tokens, {**asked, "username": "", "expires_at": "2099-01-02T03:04:05Z"}, status=201)
    assert made["username"]
    assert made["token"]
    (read,) = [one for one in client("GET", tokens) if one["id"] == made["id"]]
    same(read, {**asked, "username": made["username"], "expires_at": "2099-01-02T03:04:05.000Z", "revoked": False})
    same(client("GET", f"{tokens}/{made['id']}"), asked)
    client("DELETE", f"{tokens}/{made['id']}", status=204)


@pytest.mark.parametrize("noun", ["projects", "groups"])
def test_gitlab_access_token(client: Client, group: dict[str, Any], noun: str) -> None:
    place = group
    if noun == "projects":
        place = client("POST", "projects", {**PROJECT, "name": fresh("p"), "namespace_id": group["id"]}, status=201)
    tokens = f"{noun}/{place['id']}/access_tokens"
    asked = {
        "name": "ci",
        "description": "to deploy",
        "scopes": ["read_registry", "write_registry"],
        "access_level": 30,
        "expires_at": "2099-01-02",
    }
    made = client("POST", tokens, asked, status=201)
    assert made["token"]
    read = client("GET", f"{tokens}/{made['id']}")
    same(read, {**asked, "active": True, "revoked": False, "user_id": made["user_id"]})
    rotated = client("POST", f"{tokens}/{made['id']}/rotate", {"expires_at": "2099-02-03"})
    same(client("GET", f"{tokens}/{rotated['id']}"), {**asked, "expires_at": "2099-02-03"})
    client("DELETE", f"{tokens}/{rotated['id']}", status=204)
    same(client("GET", f"{tokens}/{rotated['id']}"), {"active": False, "revoked": True})


def test_gitlab_project_container_repository_protection(client: Client, group: dict[str, Any]) -> None:
    """It finds the rule among all of them; an empty level takes one away."""
    made = client("POST", "projects", {**PROJECT, "name": fresh("p"), "namespace_id": group["id"]}, status=201)
    rules = f"projects/{made['id']}/registry/protection/repository/rules"
    asked = {
        "repository_path_pattern": f"{made['path_with_namespace']}/web*",
        "minimum_access_level_for_push": "maintainer",
        "minimum_access_level_for_delete": "admin",
    }
    rule = client("POST", rules, asked, status=201)
    (read,) = [one for one in client("GET", rules) if one["id"] == rule["id"]]
    same(read, {**asked, "project_id": made["id"]})
    client("PATCH", f"{rules}/{rule['id']}", {**asked, "minimum_access_level_for_delete": ""})
    same(client("GET", rules)[0], {**asked, "minimum_access_level_for_delete": None})
    client("POST", rules, asked, status=422)
    client("DELETE", f"{rules}/{rule['id']}", status=204)
    assert client("GET", rules) == []


def test_gitlab_user(server: Server, admin: Somebody) -> None:
    """By administrators; it is found by name and by number, and gone when it was deleted."""
    client, name = Client(server.url, admin.token), fresh("bo")
    asked = {"email": f"{name}@example.com", "username": name, "name": "Bo"}
    made = client("POST", "users", {**asked, "force_random_password": True, "skip_confirmation": True}, status=201)
    same(client("GET", f"users/{made['id']}"), {**asked, "state": "active", "is_admin": False, "external": False})
    (found,) = client("GET", f"users?username={name}")
    assert found["id"] == made["id"]
    client("PUT", f"users/{made['id']}", {"name": "Bobo", "admin": False})
    same(client("GET", f"users/{made['id']}"), {"name": "Bobo"})
    client("DELETE", f"users/{made['id']}?hard_delete=true", status=204)
    client("GET", f"users/{made['id']}", status=404)


def test_glab(client: Client, ada: Somebody, group: dict[str, Any]) -> None:
    """`auth status`, `repo list`, `repo view`, `token list`, `token create`, `token rotate`, `token revoke`."""
    same(client("GET", "user"), {"id": ada.user.id, "username": ada.user.username})
    same(client("GET", "personal_access_tokens/self"), {"scopes": ["api"], "active": True})
    made = client("POST", "projects", {"name": fresh("p"), "namespace_id": group["id"]}, status=201)
    listed = client("GET", "projects?order_by=last_activity_at&owned=true&page=1&per_page=30&sort=desc")
    assert made["id"] in [one["id"] for one in listed]
    viewed = client("GET", f"projects/{escaped(made['path_with_namespace'])}?license=true&with_custom_attributes=true")
    assert viewed["web_url"].endswith(made["path_with_namespace"])
    (found,) = client("GET", f"users?username={ada.user.username}")
    asked = {"name": "cli", "description": "by glab", "scopes": ["read_repository"], "expires_at": "2099-01-02"}
    tokens = f"projects/{escaped(made['path_with_namespace'])}/access_tokens"
    token = client("POST", tokens, {**asked, "access_level": 30}, status=201)
    assert token["token"]
    same(client("POST", f"{tokens}/{token['id']}/rotate", {"expires_at": "2099-02-03"}), {"description": "by glab"})
    own = client("POST", "user/personal_access_tokens", {**asked, "scopes": ["read_user"]}, status=201)
    same(client("GET", f"personal_access_tokens/{own['id']}"), {"description": "by glab"})
    assert own["id"] in [one["id"] for one in client("GET", f"personal_access_tokens?user_id={found['id']}")]
    client("DELETE", f"personal_access_tokens/{own['id']}", status=204)
    images = client("GET", f"projects/{made['id']}/registry/repositories?tags=true&tags_count=true")
    assert images == []
