"""What protects the pages: proofs of forms, cookies, headers, redirects, escaping, and who gets in."""

import re

import pytest

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import PASSWORD, with_password
from tests.web.pages.visitor import Visitor, somebody
from wharfinger.domain import groups, projects, sessions, tokens, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.tokens import NewToken
from wharfinger.web.pages.front import SEALS
from wharfinger.web.pages.line import Line, Who
from wharfinger.web.pages.routes import TABLE

POSTS = [line for line in TABLE if line.method == "POST"]
GETS = [line for line in TABLE if line.method == "GET"]
FORM = re.compile(r"<form.*?</form>", re.DOTALL)
LOOKED_FOR = {
    "q",
    "search",
    "sort",
    "state",
    "role",
    "level",
    "within",
    "visibility",
    "all",
    "from",
    "to",
    "platform",
    "days",
    "who",
    "what",
    "path",
    "address",
    "since",
    "before",
}
NASTY = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"


def named(line: Line) -> str:
    return f"{line.method} {line.path}"


@pytest.fixture(scope="module")
def place(site: Server) -> str:
    return site.project().path


@pytest.fixture(scope="module")
def member(site: Server, place: str) -> Visitor:
    return somebody(site, projects.get(site.tools, OPERATOR, place), "owner")


@pytest.fixture(scope="module")
def root(site: Server) -> Visitor:
    return somebody(site, admin=True)


@pytest.fixture
def nobody(site: Server) -> Visitor:
    return Visitor(site)


def filled(line: Line, place: str) -> str:
    """A path that the line answers."""
    path = line.path.replace("{place:place}", place).replace("{username}", "root")
    return re.sub(r"\{[^}]*\}", "1", path)


@pytest.mark.parametrize("line", POSTS, ids=named)
def test_a_form_without_its_proof_is_refused(root: Visitor, member: Visitor, line: Line, place: str) -> None:
    visitor = root if line.who is Who.ADMIN else member
    path, proof = filled(line, place), visitor.proof()
    for sent in ({}, {"proof": ""}, {"proof": "0" * 64}, {"proof": proof[:-1]}, {"proof": proof.upper()}):
        assert visitor.client.post(path, data=sent).status_code == 403
    elsewhere = {"sec-fetch-site": "cross-site"}
    assert visitor.client.post(path, data={"proof": proof}, headers=elsewhere).status_code == 403


def test_the_proof_of_another_session_is_refused(site: Server) -> None:
    one, other = somebody(site), somebody(site)
    answer = one.client.post("/profile", data={"proof": other.proof(), "name": "Changed"})
    assert answer.status_code == 403
    assert users.get(site.tools, OPERATOR, one.username).name == one.username


def test_a_proof_from_before_signing_in_is_worth_nothing_after(site: Server) -> None:
    visitor = Visitor(site)
    before = visitor.proof("/login")
    visitor.username = with_password(site)
    assert visitor.sign_in().status_code == 303
    assert visitor.client.post("/profile", data={"proof": before, "name": "Changed"}).status_code == 403


@pytest.mark.parametrize("line", [line for line in TABLE if line.who is not Who.EVERYBODY], ids=named)
def test_who_is_not_signed_in_is_led_to_sign_in(nobody: Visitor, line: Line, place: str) -> None:
    path = filled(line, place)
    answer = nobody.get(path) if line.method == "GET" else nobody.post(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("line", [line for line in TABLE if line.who is Who.ADMIN], ids=named)
def test_pages_for_administrators_do_not_exist_for_others(member: Visitor, line: Line, place: str) -> None:
    path = filled(line, place)
    assert (member.get(path) if line.method == "GET" else member.post(path)).status_code in (404, 405)


@pytest.mark.parametrize("line", [line for line in TABLE if "{place:place}" in line.path], ids=named)
def test_a_hidden_place_does_not_exist_for_others(site: Server, place: str, line: Line, stranger: Visitor) -> None:
    """Whatever is sent there: the answer is that of a place that never was."""
    answers = [
        stranger.get(path) if line.method == "GET" else stranger.post(path)
        for path in (filled(line, place), filled(line, place.replace("project", "absent")))
    ]
    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.fixture(scope="module")
def stranger(site: Server) -> Visitor:
    return somebody(site)


@pytest.mark.parametrize("line", GETS, ids=named)
def test_no_secret_goes_into_an_address(root: Visitor, line: Line, place: str) -> None:
    """What is asked for in the address is what one looks for; whatever changes something or is a secret is posted."""
    for form in FORM.findall(root.get(filled(line, place)).text):
        if 'method="post"' in form:
            continue
        fields = set(re.findall(r' name="([^"]+)"', form))
        assert fields <= LOOKED_FOR, fields
        assert 'type="password"' not in form


@pytest.mark.parametrize("line", GETS, ids=named)
def test_every_page_is_sealed(root: Visitor, nobody: Visitor, line: Line, place: str) -> None:
    for visitor in (root, nobody):
        answer = visitor.get(filled(line, place))
        assert answer.status_code < 500
        assert {name: answer.headers.get(name) for name in SEALS} == SEALS
        assert answer.headers["cache-control"] == "no-store"


def test_nothing_else_is_unsealed(nobody: Visitor) -> None:
    for path in ("/static/app.css", "/static/nothing.js", "/static/..%2fvisit.py", "/no/such/page", "/-x"):
        answer = nobody.get(path)
        assert {name: answer.headers.get(name) for name in SEALS} == SEALS
    assert nobody.client.put("/profile").status_code == 405
    assert nobody.get("/static/..%2fvisit.py").status_code == 404


def test_the_policy_has_no_hole() -> None:
    policy = SEALS["content-security-policy"]
    assert "default-src 'none'" in policy
    assert not {"unsafe", "*", "http:", "https:", "nonce"} & set(policy.replace("'", " ").split())


def test_scripts_and_styles_are_files(root: Visitor, place: str) -> None:
    for path in ("/", "/login", "/admin/settings", f"/{place}", f"/{place}/-/members", "/profile/second-factor"):
        text = root.get(path).text
        assert " style=" not in text
        assert "<style" not in text
        assert " onclick" not in text
        assert "<script>" not in text


# --- cookies


def test_the_session_changes_at_every_step(site: Server) -> None:
    username = with_password(site)
    visitor = Visitor(site)
    visitor.client.cookies.set("wharfinger", "chosen-by-somebody-else", domain="127.0.0.1")
    once = users.generate_password(site.tools, OPERATOR, username)
    visitor.username = username
    seen = ["chosen-by-somebody-else"]
    visitor.sign_in(once)
    seen.append(visitor.session)
    fields = {"proof": visitor.proof("/login/password"), "password": PASSWORD, "again": PASSWORD}
    assert visitor.client.post("/login/password", data=fields).headers["location"] == "/"
    seen.append(visitor.session)
    assert len(set(seen)) == 3
    for old in seen[:2]:
        other = Visitor(site)
        other.client.cookies.set("wharfinger", old, domain="127.0.0.1")
        assert other.get("/profile").status_code == 303


def test_who_signed_out_is_out(site: Server) -> None:
    visitor = somebody(site)
    kept = visitor.session
    assert visitor.post("/logout").status_code == 303
    visitor.client.cookies.set("wharfinger", kept, domain="127.0.0.1")
    assert visitor.get("/profile").status_code == 303


def test_flags_of_cookies(site: Server, member: Visitor) -> None:
    visitor = Visitor(site)
    visitor.username = member.username
    given = [*visitor.get("/login").headers.get_list("set-cookie"), *visitor.sign_in().headers.get_list("set-cookie")]
    assert len(given) >= 2
    for cookie in given:
        words = cookie.lower().split("; ")
        assert {"httponly", "samesite=lax", "path=/"} <= set(words)
        assert not any(word.startswith("domain") for word in words)


def test_over_tls_cookies_are_of_this_host_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Behind a proxy that speaks TLS, as its headers say."""
    changes = {"server": {"trusted_proxies": ["127.0.0.1/32"], "workers": 1}}
    server = Server(tmp_path_factory.mktemp("tls"), changes).start()
    try:
        headers = {"x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.1"}
        visitor = Visitor(server, headers=headers)
        for cookie in visitor.get("/login").headers.get_list("set-cookie"):
            assert cookie.startswith("__Host-wharfinger")
            assert "secure" in cookie.lower().split("; ")
    finally:
        server.stop()


def test_a_session_rotates_and_revokes_no_token_that_has_its_number(site: Server) -> None:
    """Whoever signs in often enough has a session of any number they like."""
    owner, thief = with_password(site), somebody(site)
    made = token_of(site, owner)
    while made.token.id <= session_number(site, thief):
        made = token_of(site, owner)
    while session_number(site, thief) < made.token.id:
        thief = Visitor(site, thief.username)
    assert session_number(site, thief) == made.token.id
    for deed in ("rotate", "revoke"):
        answer = thief.post(f"/profile/tokens/{deed}", {"token": made.token.id})
        assert answer.status_code == 404
        assert "whf_pat_" not in answer.text
    assert tokens.authenticate(site.tools, owner, made.secret, "192.0.2.1").name == owner


def token_of(site: Server, username: str) -> NewToken:
    return tokens.create_personal(site.tools, OPERATOR, "laptop", {"api"}, username=username)


def session_number(site: Server, visitor: Visitor) -> int:
    found = sessions.find(site.tools, visitor.session, "192.0.2.1")
    assert found is not None
    return found.session.id


# --- redirects, escaping, oddities


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "evil",
     "/\t/evil.example", "/x\r\nset-cookie: a=b", "///evil.example", " //evil.example", "/\x00", "/é"],
)  # fmt: skip
def test_no_redirect_leads_elsewhere(site: Server, member: Visitor, target: str) -> None:
    visitor = Visitor(site)
    fields = {"username": member.username, "password": PASSWORD, "next": target}
    answer = visitor.post("/login", fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert member.get("/login", params={"next": target}).headers["location"] == "/"


def test_names_are_never_markup(site: Server, root: Visitor) -> None:
    group = site.group()
    project = site.project(f"{group.path}/shop", "public")
    owner = somebody(site, group, "owner")
    groups.change(site.tools, OPERATOR, group.path, name=NASTY)
    projects.change(site.tools, OPERATOR, project.path, name=NASTY)
    users.change(site.tools, OPERATOR, owner.username, name=NASTY, email='"<script>@example.com')
    owner.post("/profile/tokens", {"name": NASTY, "scopes": "read_registry"})
    owner.post(f"/{project.path}/-/tokens", {"name": NASTY, "scopes": "api", "kind": "access", "role": "guest"})
    refused = owner.post("/groups/new", {"path": NASTY, "name": NASTY, "parent": NASTY, "visibility": NASTY})
    asked = owner.post("/help/refused", {"message": NASTY, "path": NASTY})
    pages = [
        owner.get(f"/{path}{page}")
        for path in (group.path, project.path)
        for page in ("", "/-/members", "/-/tokens", "/-/settings", f"?q={NASTY}")
    ]
    pages += [owner.get(path) for path in ("/", "/profile", "/profile/tokens", "/projects", "/groups", "/projects/new")]
    pages += [root.get("/admin/users"), root.get(f"/admin/users/{owner.username}"), root.get(f"/admin/users?q={NASTY}")]
    pages += [owner.get("/login", params={"next": f"/{NASTY}"}), owner.get(f"/groups/new?parent={NASTY}")]
    for page in (*pages, refused, asked):
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    assert "&lt;script&gt;" in pages[0].text
    assert "{{7*7}}" in pages[0].text


def test_a_name_that_is_markup_runs_nothing(person: NewPerson, site: Server) -> None:
    project = site.project()
    owner = person(project, "owner")
    projects.change(site.tools, OPERATOR, project.path, name=NASTY)
    fired: list[str] = []
    owner.page.on("dialog", lambda dialog: (fired.append(dialog.message), dialog.dismiss()))
    for page in ("", "/-/members", "/-/settings"):
        owner.open(f"/{project.path}{page}")
    assert not fired
    assert not owner.complaints


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 422),
        (b"x", "multipart/form-data; boundary=x", 422),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 422),
        (b"a=1&" * 6000, "application/x-www-form-urlencoded", 422),
        (b"a" * (1024 * 1024 + 1), "application/x-www-form-urlencoded", 413),
    ],
)
def test_strange_bodies_are_refused(member: Visitor, body: bytes, kind: str, status: int) -> None:
    answer = member.client.post("/profile", content=body, headers={"content-type": kind})
    assert answer.status_code == status


def test_no_password_or_token_is_logged(site: Server) -> None:
    visitor = somebody(site)
    made = visitor.post("/profile/tokens", {"name": "logged", "scopes": "read_registry"}).text
    secret = made.partition("whf_pat_")[2][:33]
    assert len(secret) == 33
    log = site.log()
    assert secret not in log
    assert PASSWORD not in log
    assert visitor.session not in log
