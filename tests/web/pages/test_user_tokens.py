"""Access tokens that an administrator makes for somebody else: shown once, listed, rotated, revoked, written down."""

from playwright.sync_api import expect

from tests.serving import Server, until
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import confirm
from tests.web.pages.test_account import works
from tests.web.pages.visitor import Visitor, somebody
from wharfinger.domain import audit, chain, tokens
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.audit import Wanted


def names(site: Server, username: str) -> list[str]:
    """Of the tokens of somebody that are not revoked."""
    found = tokens.list_personal(site.tools, OPERATOR, username=username)
    return [one.name for one in found if one.revoked_at is None and one.kind == "personal"]


def told(site: Server, actor: str) -> list[tuple[str, str]]:
    """What the audit log says that somebody did, the latest first."""
    assert until(lambda: not chain.anything_waits(site.tools))
    found = audit.page(site.tools, OPERATOR, "", Wanted(actor=actor)).events
    return [(one.kind, one.path) for one in found if one.kind.startswith("token")]


def test_one_is_made_rotated_and_revoked(person: NewPerson, site: Server) -> None:
    root, ada = person(admin=True), site.user().username
    root.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = root.open(f"/admin/users/{ada}")
    page.get_by_role("link", name="Access tokens").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Access tokens of {ada}")
    page.get_by_text(f"Create a token for {ada}").click()
    page.get_by_label("Name").fill("nightly")
    page.get_by_label("Description").fill("For the build at night.")
    page.get_by_role("button", name="Create token").click()
    secret = page.get_by_label("Command").first.inner_text()
    page.get_by_role("button", name="Copy the token").click()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    expect(page.get_by_text(f"--username {ada}")).to_be_visible()
    assert works(site, ada, secret)
    root.check("user-tokens-new", hidden=["section code"])
    page.goto(f"/admin/users/{ada}/tokens")
    expect(page.get_by_text(secret)).to_have_count(0)
    page.get_by_role("button", name="Rotate").click()
    page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    new = page.get_by_label("Command").first.inner_text()
    assert (works(site, ada, secret), works(site, ada, new)) == (False, True)
    page.get_by_role("button", name="Revoke").click()
    confirm(page, "Revoke", "nightly")
    expect(page.get_by_role("status").first).to_contain_text(f"The token of {ada} is good for nothing any more.")
    assert not works(site, ada, new)
    assert told(site, root.username) == [("token revoked", ada), ("token rotated", ada), ("token created", ada)]


def test_what_is_wrong_is_said_and_kept(person: NewPerson, site: Server) -> None:
    ada = site.user().username
    page = person(admin=True).open(f"/admin/users/{ada}/tokens")
    page.get_by_text(f"Create a token for {ada}").click()
    page.get_by_label("Name").fill("late")
    page.get_by_label("Expires on").fill("2001-01-01")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("alert")).to_contain_text("which is over: choose later")
    expect(page.get_by_label("Name")).to_have_value("late")
    assert names(site, ada) == []


def test_rotating_takes_no_day_that_is_over(site: Server) -> None:
    root, ada = somebody(site, admin=True), site.user().username
    made = tokens.create_personal(site.tools, OPERATOR, "own", ["api"], username=ada)
    for day in ("2001-01-01", "tomorrow"):
        sent = {"token": made.token.id, "ends": day}
        assert root.post(f"/admin/users/{ada}/tokens/rotate", sent).status_code == 422
    assert names(site, ada) == ["own"]
    assert tokens.authenticate(site.tools, ada, made.secret, "192.0.2.1")


def test_a_token_of_somebody_else_or_of_another_kind_is_not_there(site: Server) -> None:
    root, ada, bob, project = somebody(site, admin=True), site.user(), site.user(), site.project()
    others = (
        tokens.create_personal(site.tools, OPERATOR, "own", ["api"], username=bob.username),
        tokens.create_deploy(site.tools, OPERATOR, project.path, "own", ["read_registry"]),
    )
    for other in others:
        for deed in ("rotate", "revoke"):
            sent = {"token": other.token.id, "typed": "own"}
            assert root.post(f"/admin/users/{ada.username}/tokens/{deed}", sent).status_code == 404
        assert tokens.authenticate(site.tools, other.token.username, other.secret, "192.0.2.1")
    assert root.get("/admin/users/no-such-person/tokens").status_code == 404
    assert root.post("/admin/users/no-such-person/tokens", {"name": "x", "scopes": "api"}).status_code == 404


def statuses(visitor: Visitor, username: str, token: int) -> list[int]:
    top = f"/admin/users/{username}/tokens"
    answers = [
        visitor.get(top),
        visitor.post(top, {"name": "more", "scopes": "api"}),
        visitor.post(f"{top}/rotate", {"token": token}),
        visitor.post(f"{top}/revoke", {"token": token, "typed": "own"}),
        visitor.post(f"{top}/revoke_all", {"typed": username}),
    ]
    return [answer.status_code for answer in answers]


def test_it_is_for_administrators_alone(site: Server) -> None:
    """Not for the person either, who has a page of their own."""
    ada, stranger = somebody(site), somebody(site)
    own = tokens.create_personal(site.tools, OPERATOR, "own", ["api"], username=ada.username)
    for visitor in (ada, stranger):
        assert statuses(visitor, ada.username, own.token.id) == [404] * 5
    assert statuses(Visitor(site), ada.username, own.token.id) == [303] * 5
    assert names(site, ada.username) == ["own"]
