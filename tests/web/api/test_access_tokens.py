"""Access tokens of people, projects and groups, and deploy tokens."""

from datetime import UTC, datetime, timedelta

import gitlab
import httpx
import pytest

from tests.serving import Server
from tests.web.api.conftest import People, Somebody
from tests.web.api.test_users import status
from wharfinger.domain.access import Project

SOON = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()  # a run may cross midnight


@pytest.fixture
def ada(people: People) -> Somebody:
    return people.somebody()


@pytest.fixture(scope="module")
def project(server: Server) -> Project:
    return server.project(visibility="private")


@pytest.fixture(scope="module")
def maintainer(people: People, project: Project) -> Somebody:
    return people.somebody(project, "maintainer")


def works(server: Server, secret: str, path: str = "/personal_access_tokens/self") -> int:
    return httpx.get(f"{server.url}/api/v4{path}", headers={"PRIVATE-TOKEN": secret}).status_code


def test_life_of_a_personal_token(ada: Somebody, server: Server) -> None:
    body = {"name": "laptop", "scopes": ["read_registry", "write_registry"], "expires_at": SOON}
    made = ada.gitlab.http_post("/user/personal_access_tokens", post_data=body)
    assert made == made | {**body, "active": True, "revoked": False, "user_id": ada.user.id, "last_used_at": None}
    assert works(server, made["token"]) == 200
    listed = {one.id: one for one in ada.gitlab.personal_access_tokens.list()}
    assert len(listed) == 2
    assert not hasattr(listed[made["id"]], "token")
    rotated = listed[made["id"]].rotate()
    assert rotated["scopes"] == body["scopes"]
    assert [works(server, each["token"]) for each in (made, rotated)] == [401, 200]
    ada.gitlab.personal_access_tokens.delete(rotated["id"])
    assert works(server, rotated["token"]) == 401
    assert ada.gitlab.personal_access_tokens.get(rotated["id"]).revoked is True
    assert [one.id for one in ada.gitlab.personal_access_tokens.list(state="active")] != [rotated["id"]]
    assert len(ada.gitlab.personal_access_tokens.list(state="active")) == 1
    assert len(ada.gitlab.personal_access_tokens.list(revoked=True, search="LAP")) == 2


@pytest.mark.parametrize("scope", ["read_registry", "read_user", "read_api", "api"])
def test_a_token_knows_and_revokes_itself(people: People, server: Server, scope: str) -> None:
    ada = people.somebody(scopes=[scope])
    itself = ada.gitlab.personal_access_tokens.get("self")
    assert (itself.scopes, itself.user_id) == ([scope], ada.user.id)
    ada.gitlab.personal_access_tokens.delete("self")
    assert works(server, ada.token) == 401


def test_rotates_itself(ada: Somebody, server: Server) -> None:
    new = ada.gitlab.personal_access_tokens.get("self").rotate(self_rotate=True)
    assert [works(server, ada.token), works(server, new["token"])] == [401, 200]


def test_tokens_of_others(ada: Somebody, people: People, admin: Somebody) -> None:
    bea = people.somebody()
    theirs = bea.gitlab.personal_access_tokens.get("self").id
    assert status(ada.gitlab.personal_access_tokens.get, theirs) == 404
    assert status(ada.gitlab.personal_access_tokens.delete, theirs) == 404
    assert ada.http.post(f"/personal_access_tokens/{theirs}/rotate").status_code == 404
    assert status(ada.gitlab.personal_access_tokens.list, user_id=bea.user.id) == 404
    assert [one.id for one in admin.gitlab.personal_access_tokens.list(user_id=bea.user.id)] == [theirs]
    assert theirs in [one.id for one in admin.gitlab.personal_access_tokens.list(get_all=True, per_page=100)]
    made = admin.gitlab.users.get(bea.user.id).personal_access_tokens.create({"name": "by admin", "scopes": ["api"]})
    assert people.with_token(bea.user, made.token).http.get("/user").json()["id"] == bea.user.id


def test_mistakes(ada: Somebody) -> None:
    url = "/user/personal_access_tokens"
    assert ada.http.post(url, json={"name": "x"}).json() == {"error": "scopes is missing"}
    assert "choose among" in ada.http.post(url, json={"name": "x", "scopes": ["sudo"]}).json()["message"]
    old = {"name": "x", "scopes": ["api"], "expires_at": "2020-01-01"}
    assert ada.http.post(url, json=old).status_code == 400
    assert ada.http.post(url, data={"name": "x", "scopes[]": ["api", "read_api"]}).json()["scopes"] == [
        "api",
        "read_api",
    ]


def test_life_of_a_project_token(maintainer: Somebody, project: Project, server: Server, people: People) -> None:
    tokens = maintainer.gitlab.projects.get(project.id).access_tokens
    made = tokens.create({"name": "ci", "scopes": ["api"], "access_level": 30, "expires_at": SOON})
    assert (made.access_level, made.scopes, made.expires_at, made.active) == (30, ["api"], SOON, True)
    bot = gitlab.Gitlab(server.url, private_token=made.token)
    bot.auth()
    assert (bot.user.id, bot.user.bot) == (made.user_id, True)
    assert bot.projects.get(project.id).permissions["project_access"] == {"access_level": 30}
    assert [one.id for one in tokens.list()] == [made.id]
    rotated = tokens.rotate(made.id)
    assert [works(server, each) for each in (made.token, rotated["token"])] == [401, 200]
    tokens.delete(rotated["id"])
    assert works(server, rotated["token"]) == 401
    assert tokens.get(rotated["id"]).revoked is True
    assert tokens.list(state="active") == []
    too_much = {"name": "ci", "scopes": ["api"], "access_level": 50}
    assert status(tokens.create, too_much) == 403
    developer = people.somebody(project, "developer")
    assert status(developer.gitlab.projects.get(project.id).access_tokens.create, too_much) == 403


def test_life_of_a_group_token(people: People, server: Server) -> None:
    group = server.group()
    owner = people.somebody(group, "owner")
    tokens = owner.gitlab.groups.get(group.id).access_tokens
    made = tokens.create({"name": "ci", "scopes": ["read_api"], "access_level": 20})
    assert works(server, made.token, f"/groups/{group.id}") == 200
    assert [one.id for one in tokens.list()] == [made.id]
    tokens.delete(made.id)
    assert works(server, made.token) == 401
    maintainer = people.somebody(group, "maintainer")
    assert status(maintainer.gitlab.groups.get(group.id).access_tokens.list) == 403


def test_tokens_of_another_place(maintainer: Somebody, project: Project, server: Server, people: People) -> None:
    """A number of elsewhere in the path of a place that one does manage."""
    other = server.project()
    theirs = people.somebody(other, "maintainer").gitlab.projects.get(other.id)
    bot = theirs.access_tokens.create({"name": "ci", "scopes": ["api"]}).id
    deploy = theirs.deploytokens.create({"name": "ci", "scopes": ["read_registry"]}).id
    for url in (f"access_tokens/{bot}", f"access_tokens/{deploy}", f"deploy_tokens/{deploy}", f"deploy_tokens/{bot}"):
        for method in ("GET", "DELETE"):
            assert maintainer.http.request(method, f"/projects/{project.id}/{url}").status_code == 404
    assert maintainer.http.post(f"/projects/{project.id}/access_tokens/{bot}/rotate").status_code == 404


def test_life_of_a_deploy_token(maintainer: Somebody, project: Project, server: Server, admin: Somebody) -> None:
    tokens = maintainer.gitlab.projects.get(project.id).deploytokens
    scopes = ["read_registry", "write_registry"]
    made = tokens.create({"name": "ci", "scopes": scopes, "expires_at": f"{SOON}T00:00:00.000Z"})
    assert made.username.startswith("wharfinger+deploy-token-")
    assert (made.scopes, made.expires_at, made.revoked, made.expired) == (
        scopes, f"{SOON}T00:00:00.000Z", False, False,
    )  # fmt: skip
    named = tokens.create({"name": "cd", "scopes": ["read_registry"], "username": "cd-robot"})
    login = {"service": "container_registry", "scope": f"repository:{project.path}/x:pull"}
    issued = httpx.get(f"{server.url}/jwt/auth", params=login, auth=("cd-robot", named.token))
    assert issued.status_code == 200
    assert [one.id for one in tokens.list()] == [named.id, made.id]
    assert {made.id, named.id} <= {one.id for one in admin.gitlab.deploytokens.list(get_all=True)}
    tokens.delete(named.id)
    assert [one.id for one in tokens.list(active=True)] == [made.id]
    assert tokens.get(named.id).revoked is True
    assert httpx.get(f"{server.url}/jwt/auth", params=login, auth=("cd-robot", named.token)).status_code == 401
    assert status(maintainer.gitlab.deploytokens.list) == 403
    assert status(tokens.create, {"name": "x", "scopes": ["api"]}) == 400


def test_life_of_a_groups_deploy_token(people: People, server: Server) -> None:
    group = server.group()
    tokens = people.somebody(group, "owner").gitlab.groups.get(group.id).deploytokens
    made = tokens.create({"name": "ci", "scopes": ["read_registry"]})
    assert tokens.get(made.id).name == "ci"
    tokens.delete(made.id)
    assert tokens.get(made.id).revoked is True


def days(count: int) -> str:
    return (datetime.now(UTC) + timedelta(days=count)).date().isoformat()


def limited(owner: Somebody, people: People, life: int = 30) -> Somebody:
    """The same person with a token that ends."""
    body = {"name": "script", "scopes": ["api"], "expires_at": days(life)}
    made = owner.gitlab.http_post("/user/personal_access_tokens", post_data=body)
    return people.with_token(owner.user, made["token"])


def test_what_a_token_makes_ends_with_it(maintainer: Somebody, project: Project, people: People) -> None:
    script = limited(maintainer, people)
    place = script.gitlab.projects.get(project.id)
    asked = {"name": "x", "scopes": ["read_registry"]}
    own = script.gitlab.http_post("/user/personal_access_tokens", post_data=asked)
    assert own["expires_at"] == place.access_tokens.create(asked).expires_at == days(30)
    assert place.deploytokens.create(asked).expires_at.startswith(days(30))
    assert place.access_tokens.create(asked | {"expires_at": days(29)}).expires_at == days(29)


@pytest.mark.parametrize("where", ["/user/personal_access_tokens", "access_tokens", "deploy_tokens"])
def test_no_token_makes_one_that_outlives_it(
    maintainer: Somebody, project: Project, people: People, where: str
) -> None:
    script = limited(maintainer, people)
    path = where if where.startswith("/") else f"/projects/{project.id}/{where}"
    answer = script.http.post(path, json={"name": "x", "scopes": ["read_registry"], "expires_at": days(31)})
    assert answer.status_code == 403
    assert f"your token ends on {days(30)}, and what it makes or rotates may not live longer" in answer.text


def test_no_token_rotates_another_that_outlives_it(maintainer: Somebody, project: Project, people: People) -> None:
    script = limited(maintainer, people)
    tokens = script.gitlab.projects.get(project.id).access_tokens
    asked = {"name": "x", "scopes": ["read_registry"]}
    longer = maintainer.gitlab.projects.get(project.id).access_tokens.create(asked | {"expires_at": days(90)})
    for more in ({}, {"expires_at": days(31)}):
        assert status(tokens.rotate, longer.id, **more) == 403
    assert longer.id in [one.id for one in tokens.list(state="active")], "what was refused ended nothing"
    assert tokens.rotate(longer.id, expires_at=days(30))["expires_at"] == days(30)
    first = maintainer.gitlab.personal_access_tokens.get("self").id
    assert script.http.post(f"/personal_access_tokens/{first}/rotate").status_code == 403


def test_what_rotates_itself_lives_as_long_again(ada: Somebody, people: People) -> None:
    """As scripts do it every month."""
    script = limited(ada, people)
    for body in ({"expires_at": days(31)}, {"expires_at": days(3000)}):
        answer = script.http.post("/personal_access_tokens/self/rotate", json=body)
        assert answer.status_code == 403
        assert "your token was made for 30 days" in answer.text
    for more in ({}, {"expires_at": days(30)}):
        made = script.gitlab.personal_access_tokens.get("self").rotate(self_rotate=True, **more)
        assert made["expires_at"] == days(30)
        script = people.with_token(ada.user, made["token"])


def test_a_bot_rotates_itself(maintainer: Somebody, project: Project, people: People) -> None:
    asked = {"name": "ci", "scopes": ["api"], "expires_at": days(30)}
    made = maintainer.gitlab.projects.get(project.id).access_tokens.create(asked)
    bot = people.with_token(maintainer.user, made.token)
    assert (
        bot.http.post(
            f"/projects/{project.id}/access_tokens/{made.id}/rotate", json={"expires_at": days(40)}
        ).status_code
        == 403
    )
    rotated = bot.gitlab.personal_access_tokens.get("self").rotate(self_rotate=True)
    assert rotated["expires_at"] == days(30)
