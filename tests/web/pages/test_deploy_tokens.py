"""All deploy tokens of the installation, as administrators look through them and revoke one."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.actors import fresh
from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import confirm
from tests.web.pages.visitor import somebody
from wharfinger.domain import tokens
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import CredentialRefused
from wharfinger.domain.tokens import NewToken


def made(site: Server, path: str, name: str, **more: object) -> NewToken:
    return tokens.create_deploy(site.tools, OPERATOR, path, name, ["read_registry"], **more)  # type: ignore[arg-type]


def test_they_are_found_looked_at_and_revoked(person: NewPerson, site: Server) -> None:
    group, word = site.group(), fresh("cluster")
    project = site.project(f"{group.path}/shop")
    one = made(site, project.path, f"{word}-one")
    other = made(site, group.path, f"{word}-other", expires_at=site.tools.clock() + timedelta(days=3, hours=1))
    tokens.revoke(site.tools, OPERATOR, made(site, project.path, f"{word}-gone").token.id)
    root = person(admin=True)
    page = root.open("/admin")
    page.get_by_role("link", name="Deploy tokens").click()
    page.get_by_label("Find a deploy token").fill(word.upper())
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text(f"2 deploy tokens in use with “{word.upper()}”")).to_be_visible()
    row = page.get_by_role("row").filter(has_text=f"{word}-one")
    expect(row).to_contain_text(f"logs in as {one.token.username}")
    expect(row.get_by_role("link", name=project.path)).to_have_attribute("href", f"/{project.path}/-/tokens")
    expect(page.get_by_role("row").filter(has_text=f"{word}-other")).to_contain_text("in 3 days")
    root.check("admin-deploy-tokens", ("time",))
    row.get_by_role("button", name="Revoke").click()
    confirm(page, "Revoke", f"{word}-one")
    expect(page.get_by_role("status").first).to_contain_text(f"The deploy token {word}-one is good for nothing")
    page.goto(f"/admin/deploy_tokens?q={group.path}")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_label("Show", exact=True).select_option("Expired and revoked too")
    expect(page.get_by_role("row")).to_have_count(4)
    gone = page.get_by_role("row").filter(has_text=f"{word}-gone")
    expect(gone).to_contain_text("Revoked")
    expect(gone.get_by_role("button")).to_have_count(0)
    with pytest.raises(CredentialRefused):
        tokens.authenticate(site.tools, one.token.username, one.secret, "192.0.2.1")
    assert tokens.authenticate(site.tools, other.token.username, other.secret, "192.0.2.1")


def test_many_are_shown_page_by_page(site: Server) -> None:
    root, project, word = somebody(site, admin=True), site.project(), fresh("page")
    ids = [made(site, project.path, f"{word}-{number}").token.id for number in range(51)]
    first = root.get("/admin/deploy_tokens", params={"q": word}).text
    assert first.count('<tr id="token-') == 50
    following = f"/admin/deploy_tokens?q={word}&amp;after={ids[1]}"
    assert f'href="{following}"' in first
    rest = root.get(following.replace("&amp;", "&")).text
    assert rest.count('<tr id="token-') == 1
    assert f'id="token-{ids[0]}"' in rest


def test_a_token_of_another_kind_is_not_there(site: Server) -> None:
    root, ada = somebody(site, admin=True), site.user()
    other = tokens.create_personal(site.tools, OPERATOR, "laptop", ["api"], username=ada.username)
    answer = root.post("/admin/deploy_tokens/revoke", {"token": other.token.id, "typed": "laptop"})
    assert answer.status_code == 404
    assert tokens.authenticate(site.tools, ada.username, other.secret, "192.0.2.1").name == ada.username


def test_others_are_told_that_there_is_no_such_page(site: Server) -> None:
    project = site.project()
    token, owner = made(site, project.path, "cluster"), somebody(site, project, "owner")
    assert owner.get("/admin/deploy_tokens").status_code == 404
    sent = {"token": token.token.id, "typed": "cluster"}
    assert owner.post("/admin/deploy_tokens/revoke", sent).status_code == 404
    assert tokens.authenticate(site.tools, token.token.username, token.secret, "192.0.2.1")
