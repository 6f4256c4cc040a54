"""Signing in through an identity provider, and what of it is not believed."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from tests.actors import fresh
from tests.serving import Server, until
from tests.web.pages.people import Person, with_password
from tests.web.pages.provider import CLIENT, SECRET, Provider
from tests.web.pages.visitor import Visitor
from wharfinger.db.tables.audit import audit as audit_log
from wharfinger.db.tables.work import events
from wharfinger.domain import users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import UserUnknown


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.stop()


def settings(provider: Provider, failures: int = 10_000) -> dict[str, dict[str, object]]:
    """Those of a server that lets the provider's people sign up, if they are of the crew."""
    oidc: dict[str, object] = {"issuer": provider.url, "client_id": CLIENT, "client_secret": SECRET}
    oidc |= {"name": "Harbour ID", "sign_up": "groups", "groups": "crew, captains", "admin_group": "captains"}
    return {
        "oidc": oidc,
        "outbound": {"allow": ["127.0.0.1/32"]},
        "server": {"workers": 1},
        "logins": {"failures": failures},
    }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, provider: Provider, stylesheet: None) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("oidc"), settings(provider)).start()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def honest(provider: Provider) -> None:
    """Every test starts with a provider that tells the truth, of somebody new in the crew."""
    provider.person = {
        "sub": fresh("sub"),
        "preferred_username": fresh("sailor"),
        "name": "A Sailor",
        "groups": ["crew"],
    }
    provider.bend, provider.signer = {}, provider.key


def go(visitor: Visitor, path: str = "/login/oidc") -> httpx.Response:
    """Through the provider and back: the answer to the callback."""
    return visitor.get(back(visitor, path))


def back(visitor: Visitor, path: str = "/login/oidc") -> str:
    """To the provider; where it sends the browser."""
    sent = visitor.get(path)
    assert sent.status_code == 303
    onward = httpx.get(sent.headers["location"], follow_redirects=False).headers["location"]
    return str(onward.removeprefix(visitor.server.url))


def happened(house: Server, username: str) -> list[str]:
    """What was written down of a person, sealed yet or not."""
    with house.tools.db.read() as tx:
        order = {"audit": audit_log.c.number, "events": events.c.id}
        tables = (audit_log, events)
        found = (select(table.c.kind).where(table.c.path == username).order_by(order[table.name]) for table in tables)
        return [kind for statement in found for kind in tx.scalars(statement)]


def exists(house: Server, username: str) -> bool:
    try:
        return users.get(house.tools, OPERATOR, username) is not None
    except UserUnknown:
        return False


def test_somebody_new_gets_an_account_and_the_same_one_again(
    browser: Browser, house: Server, provider: Provider
) -> None:
    sailor = Person(browser, house)
    page = sailor.open("/groups")
    page.get_by_role("link", name="Sign in").click()
    sailor.check("login-single-sign-on")
    page.get_by_role("link", name="Continue with Harbour ID").click()
    page.wait_for_url("**/groups")
    expect(page.get_by_label("Account of " + provider.person["preferred_username"])).to_be_visible()
    page.goto("/profile")
    sailor.check("profile-single-sign-on")
    sailor.context.clear_cookies()
    page.goto("/login/oidc")
    expect(page.get_by_label("Account of " + provider.person["preferred_username"])).to_be_visible()
    sailor.close()


def test_a_name_that_is_taken_is_never_taken_over(house: Server, provider: Provider) -> None:
    taken = with_password(house)
    provider.person |= {"preferred_username": taken, "email": f"{taken}@example.com", "email_verified": True}
    visitor = Visitor(house)
    assert go(visitor).headers["location"] == "/"
    assert f"{taken}-2" in visitor.get("/profile").text


def test_who_is_not_of_the_crew_gets_no_account(house: Server, provider: Provider) -> None:
    provider.person["groups"] = ["passengers"]
    answer = go(Visitor(house))
    assert answer.status_code == 403
    assert "ask an administrator for an account" in answer.text
    assert not exists(house, provider.person["preferred_username"])
    assert until(lambda: "sign_up is groups, and the claim groups has ['passengers']" in house.log())


def test_what_the_operator_set_wrongly_is_in_the_log(house: Server, provider: Provider) -> None:
    visitor = Visitor(house)
    state = parse_qs(urlsplit(back(visitor)).query)["state"][0]
    assert visitor.get(f"/login/oidc/callback?error=access_denied&state={state}").status_code == 403
    assert until(lambda: "the provider did not sign somebody in: 'access_denied'" in house.log())
    said = house.command("doctor").stdout
    assert f"warn  single sign-on: {provider.url} answers, and does not know where we are" in said


def test_administrators_are_whom_the_provider_says(house: Server, provider: Provider) -> None:
    provider.person["groups"] = ["captains"]
    visitor = Visitor(house)
    go(visitor)
    assert visitor.get("/admin").status_code == 200
    provider.person["groups"] = ["crew"]
    go(Visitor(house))
    assert visitor.get("/admin").status_code == 404


def test_an_account_is_connected_and_disconnected_by_its_owner(house: Server, provider: Provider) -> None:
    provider.person["groups"] = []
    visitor = Visitor(house, with_password(house))
    assert go(visitor, connecting(visitor)).headers["location"] == "/profile"
    other = Visitor(house)
    assert go(other).headers["location"] == "/"
    assert visitor.username in other.get("/profile").text
    second = Visitor(house, with_password(house))
    assert go(second, connecting(second)).status_code == 403  # it is somebody's already
    visitor.post("/profile/oidc/disconnect")
    assert go(Visitor(house)).status_code == 403
    assert [kind for kind in happened(house, visitor.username) if kind.startswith("identity")] == [
        "identity connected",
        "identity disconnected",
    ]


def test_nothing_is_connected_because_another_site_sent_the_browser_here(house: Server) -> None:
    """At the provider it may be signed in as the attacker, who could then sign in as its owner here."""
    visitor, other = Visitor(house, with_password(house)), Visitor(house, with_password(house))
    for path in ("/login/oidc", "/login/oidc?connect=", connecting(other), f"/login/oidc?connect={visitor.proof()}"):
        assert visitor.get(path).status_code == 403
    began = Visitor(house)
    there = back(began)
    began.username = visitor.username
    began.sign_in()
    assert began.get(there).status_code == 403  # begun before signing in: that was no wish to connect
    assert "Disconnect" not in visitor.get("/profile").text


def connecting(visitor: Visitor) -> str:
    """The link on the profile."""
    found = re.search(r'href="(/login/oidc\?connect=[0-9a-f]+)"', visitor.get("/profile").text)
    assert found is not None
    return found[1]


def test_a_blocked_account_stays_out(house: Server, provider: Provider) -> None:
    go(Visitor(house))
    users.block(house.tools, OPERATOR, provider.person["preferred_username"])
    answer = go(Visitor(house))
    assert answer.status_code == 403
    assert "blocked" in answer.text


@pytest.mark.parametrize(
    "lie",
    [{"iss": "https://evil.example"}, {"aud": "another"}, {"nonce": "another"}, {"exp": 1}, {"sub": ""}, {"sub": 7},
     {"aud": [CLIENT, "another"]}, {"azp": "another"}, {"iat": 2**40}],
    ids=str,
)  # fmt: skip
def test_a_token_that_lies_is_not_believed(house: Server, provider: Provider, lie: dict[str, object]) -> None:
    provider.bend = lie
    visitor = Visitor(house)
    assert go(visitor).status_code == 403
    assert not visitor.session
    assert not exists(house, provider.person["preferred_username"])


def test_a_token_signed_by_somebody_else_is_not_believed(house: Server, provider: Provider) -> None:
    provider.signer = ECKey.generate_key("P-256", parameters={"kid": "one"})
    assert go(Visitor(house)).status_code == 403


def test_what_comes_back_must_be_what_this_browser_began(house: Server) -> None:
    one, other = Visitor(house), Visitor(house)
    there = back(one)
    other.get("/login/oidc")
    assert other.get(there).status_code == 403  # somebody else's code: signing in as the attacker
    assert Visitor(house).get(there).status_code == 403
    state = parse_qs(urlsplit(there).query)["state"][0]
    assert one.get(there.replace(state, state[::-1])).status_code == 403


def test_a_code_is_good_once(house: Server) -> None:
    visitor = Visitor(house)
    there = back(visitor)
    held = visitor.client.cookies.get("wharfinger-sign-in")
    assert visitor.get(there).headers["location"] == "/"
    again = Visitor(house)
    again.client.cookies.set("wharfinger-sign-in", str(held), domain="127.0.0.1")
    assert again.get(there).status_code == 403


def test_the_browser_does_not_follow_a_next_that_leads_elsewhere(house: Server) -> None:
    assert go(Visitor(house), "/login/oidc?next=//evil.example").headers["location"] == "/"


def test_what_the_provider_says_of_itself_is_remembered(house: Server, provider: Provider) -> None:
    """So beginning to sign in, which anybody can, makes us ask nobody; a new key counts at once all the same."""
    assert go(Visitor(house)).status_code == 303
    asked = list(provider.asked)
    for _ in range(5):
        assert Visitor(house).get("/login/oidc").status_code == 303
    assert provider.asked == asked
    provider.rotate("two")
    assert go(Visitor(house)).status_code == 303
    assert provider.asked.count("/keys") == asked.count("/keys") + 1
    provider.rotate("one")


def test_failed_sign_ins_count_like_wrong_passwords(
    tmp_path_factory: pytest.TempPathFactory, provider: Provider, stylesheet: None
) -> None:
    server = Server(tmp_path_factory.mktemp("limited"), settings(provider, failures=3)).start()
    try:
        provider.bend = {"aud": "another"}
        visitor = Visitor(server)
        assert [go(visitor).status_code for _ in range(3)] == [403] * 3
        provider.bend = {}
        answer = visitor.get("/login/oidc")
        assert answer.status_code == 403
        assert "too many failed logins" in answer.text.lower()
    finally:
        server.stop()


def test_a_provider_that_is_gone_is_told(
    tmp_path_factory: pytest.TempPathFactory, provider: Provider, stylesheet: None
) -> None:
    server = Server(tmp_path_factory.mktemp("elsewhere"), settings(provider)).start()
    provider_url, provider.url = provider.url, "http://127.0.0.1:9/elsewhere"
    try:
        answer = Visitor(server).get("/login/oidc")
        assert answer.status_code == 403
        assert "could not be asked" in answer.text
        assert "calls itself" in server.log()
        assert SECRET not in server.log()
    finally:
        provider.url = provider_url
        server.stop()
