"""All deploy tokens, and all personal ones, of the installation, as administrators look through them and revoke one."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.actors import fresh
from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import confirm
from tests.web.pages.visitor import somebody
from wharfinger.domain import tokens, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import CredentialRefused
from wharfinger.domain.tokens import NewToken


def made(site: Server, path: str, name: str, **more: object) -> NewToken:
    return tokens.create_deploy(site.tools, OPERATOR, path, name, ["read_registry"], **more)  # type: ignore[arg-type]


def following(text: str, page: str, kept: str) -> str:
    """Where a page says that the next one is, which keeps what was asked for."""
    found = re.search(rf'href="(/admin/{page}\?{kept}&amp;after=[\w-]+)"', text)
    assert found is not None
    return found[1].replace("&amp;", "&")


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
    page.get_by_label("Show", exact=True).select_option("All")
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
    rest = root.get(following(first, "deploy_tokens", f"q={word}")).text
    assert rest.count('<tr id="token-') == 1
    assert f'id="token-{ids[0]}"' in rest


def personal(site: Server, username: str, name: str, **more: object) -> NewToken:
    return tokens.create_personal(site.tools, OPERATOR, name, ["read_api"], username=username, **more)  # type: ignore[arg-type]


def test_those_of_people_are_found_and_revoked(person: NewPerson, site: Server) -> None:
    ada, bob, word = site.user(), site.user(), fresh("laptop")
    users.change(site.tools, OPERATOR, ada.username, name=f"Ada {word} Größe")
    one = personal(site, ada.username, "vagabond", description="For the train.")
    other = personal(site, bob.username, f"{word}-other", expires_at=site.tools.clock() + timedelta(days=3, hours=1))
    tokens.revoke(site.tools, OPERATOR, personal(site, bob.username, f"{word}-gone").token.id)
    root = person(admin=True)
    page = root.open("/admin/users")
    page.get_by_role("main").get_by_role("link", name="Access tokens").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Access tokens")
    page.get_by_label("Find an access token").fill(word.upper())
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text(f"2 access tokens in use with “{word.upper()}”")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="vagabond")
    expect(row).to_contain_text("For the train.")
    expect(row.get_by_role("link", name=ada.username)).to_have_attribute("href", f"/admin/users/{ada.username}/tokens")
    expect(page.get_by_role("row").filter(has_text=f"{word}-other")).to_contain_text("in 3 days")
    root.check("admin-all-tokens", ("time",))
    row.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"Everything that logs in as {ada.username} with this token")
    confirm(page, "Revoke", "vagabond")
    expect(page.get_by_role("status").first).to_contain_text(
        f"The token vagabond of {ada.username} is good for nothing"
    )
    expect(page.get_by_label("Find an access token")).to_have_value(word.upper())
    expect(page.get_by_text(f"1 access token in use with “{word.upper()}”")).to_be_visible()
    for state, count in (("Revoked", 2), ("All", 3), ("Expired", 0), ("In use", 1)):
        page.get_by_label("Show", exact=True).select_option(state)
        expect(page.get_by_text(re.compile(rf"^{count} access tokens?"))).to_be_visible()
    with pytest.raises(CredentialRefused):
        tokens.authenticate(site.tools, ada.username, one.secret, "192.0.2.1")
    assert tokens.authenticate(site.tools, bob.username, other.secret, "192.0.2.1")


def test_many_of_people_are_shown_page_by_page(site: Server) -> None:
    root, ada = somebody(site, admin=True), site.user()
    ids = [personal(site, ada.username, f"n{number}").token.id for number in range(51)]
    for number in ids[:2]:
        tokens.revoke(site.tools, OPERATOR, number)
    asked = {"q": ada.username, "state": "all"}
    first = root.get("/admin/tokens", params=asked).text
    rest = root.get(following(first, "tokens", f"q={ada.username}&amp;state=all")).text
    shown = [int(number) for text in (first, rest) for number in re.findall(r'<tr id="token-(\d+)"', text)]
    assert shown == ids[::-1]
    assert root.get("/admin/tokens", params={**asked, "after": "nonsense"}).status_code == 422


@pytest.mark.parametrize("page", ["tokens", "deploy_tokens"])
def test_a_token_of_another_kind_is_not_there(site: Server, page: str) -> None:
    root, ada, project = somebody(site, admin=True), site.user(), site.project()
    own = personal(site, ada.username, "laptop")
    other = made(site, project.path, "laptop") if page == "tokens" else own
    answer = root.post(f"/admin/{page}/revoke", {"token": other.token.id, "typed": "laptop"})
    assert answer.status_code == 404
    assert tokens.authenticate(site.tools, other.token.username, other.secret, "192.0.2.1")


def test_a_name_that_was_not_typed_ends_nothing_and_keeps_the_list(site: Server) -> None:
    root, ada = somebody(site, admin=True), site.user()
    token = personal(site, ada.username, "laptop")
    answer = root.post(f"/admin/tokens/revoke?q={ada.username}", {"token": token.token.id, "typed": "other"})
    assert answer.status_code == 422
    assert f'value="{ada.username}"' in answer.text
    assert tokens.authenticate(site.tools, ada.username, token.secret, "192.0.2.1").name == ada.username


def test_others_are_told_that_there_is_no_such_page(site: Server) -> None:
    project = site.project()
    owner = somebody(site, project, "owner")
    for page, token in (
        ("deploy_tokens", made(site, project.path, "cluster")),
        ("tokens", personal(site, owner.username, "cluster")),
    ):
        assert owner.get(f"/admin/{page}").status_code == 404
        sent = {"token": token.token.id, "typed": "cluster"}
        assert owner.post(f"/admin/{page}/revoke", sent).status_code == 404
        assert tokens.authenticate(site.tools, token.token.username, token.secret, "192.0.2.1")
