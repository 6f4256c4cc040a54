"""Why was I refused? What real programs print is pasted, and the page says which rule it was and who can help."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.clients import layouts
from tests.clients.conftest import home_in
from tests.clients.programs import Programs, Said, need
from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import Person, with_password
from tests.web.pages.test_refused import ask, row
from wharfinger.domain import groups, protection, quotas, tokens
from wharfinger.domain.access import OPERATOR, Project
from wharfinger.rules.protection import Kind, Level, Rule


class Quay:
    """A project with a developer, who has an image `web:v1` there, and a maintainer."""

    def __init__(self, site: Server, person: NewPerson, folder: Path) -> None:
        self.site, self.host = site, urlsplit(site.url).netloc
        self.project: Project = site.project(f"{site.group().path}/shop")
        self.path = f"{self.project.path}/web"
        self.keeper, self.ada = person(self.project, "maintainer"), person(self.project, "developer")
        self.programs: Programs = home_in(folder / "home")
        self.layout = layouts.single(folder / "image", "one")
        self.other = layouts.single(folder / "other", "two")
        self.secret = self.token("read_registry", "write_registry")
        assert not self.push("v1").code

    def token(self, *scopes: str, name: str = "laptop", person: Person | None = None) -> str:
        """A new token of ada's, or of somebody else's."""
        username = (person or self.ada).username
        return tokens.create_personal(self.site.tools, OPERATOR, name, list(scopes), username=username).secret

    def push(self, tag: str, *, layout: layouts.Layout | None = None, secret: str = "", path: str = "") -> Said:
        """What skopeo says to a push."""
        return self.programs(
            "skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false",
            "--dest-creds", f"{self.ada.username}:{secret or self.secret}",
            f"oci:{(layout or self.layout).path}:latest", f"docker://{self.host}/{path or self.path}:{tag}",
        )  # fmt: skip

    def refused(self, tag: str, **how: Any) -> str:
        """What it says where that is refused."""
        said = self.push(tag, **how)
        assert said.code
        return said.text


@pytest.fixture
def quay(site: Server, person: NewPerson, tmp_path: Path) -> Iterator[Quay]:
    need("skopeo")
    return Quay(site, person, tmp_path)


def test_a_role_that_is_missing(quay: Quay, person: NewPerson) -> None:
    guest = person(quay.project, "guest")
    ask(guest, quay.refused("v2", secret=quay.token("read_registry", "write_registry", person=guest)))
    expect(row(guest, "Push")).to_contain_text("needs the role developer")
    expect(row(guest, "Push")).to_contain_text(quay.keeper.username)
    expect(row(guest, "Pull")).to_contain_text("There is no tag v2")


def test_a_scope_that_is_missing(quay: Quay) -> None:
    said = quay.refused("v2", secret=quay.token("read_registry", name="narrow"))
    ask(quay.ada, said, token="Personal token “narrow”")
    expect(row(quay.ada, "Push")).to_contain_text("needs write_registry")
    expect(quay.ada.page.locator("#what-it-says")).to_contain_text("The access token is not good for this")


def test_a_protected_repository(quay: Quay) -> None:
    rule = Rule(Kind.REPOSITORY, f"{quay.project.path}/w*", push=Level.MAINTAINER)
    protection.add(quay.site.tools, OPERATOR, quay.project.path, rule)
    ask(quay.ada, quay.refused("v2", layout=quay.other))
    expect(row(quay.ada, "Push")).to_contain_text(f"the rule “{quay.project.path}/w*”")
    expect(row(quay.ada, "Push")).to_contain_text(quay.keeper.username)
    expect(quay.ada.page.locator("#what-it-says")).to_contain_text("A rule protects it")
    quay.ada.check("refused-protected")


def test_a_protected_tag(quay: Quay) -> None:
    protection.add(quay.site.tools, OPERATOR, quay.project.path, Rule(Kind.TAG, "^v", push=Level.OWNER))
    ask(quay.ada, quay.refused("v2", layout=quay.other))
    expect(row(quay.ada, "Push")).to_contain_text("The tag v2 is protected, pushing needs an owner")
    expect(row(quay.ada, "Push")).to_contain_text("“^v”")


def test_an_immutable_tag(quay: Quay) -> None:
    protection.add(quay.site.tools, OPERATOR, quay.project.path, Rule(Kind.IMMUTABLE, "^v"))
    ask(quay.ada, quay.refused("v1", layout=quay.other))
    expect(row(quay.ada, "Push")).to_contain_text("The tag v1 is immutable")
    expect(quay.ada.page.locator("#what-it-says")).to_contain_text("Push under another tag")


def test_a_limit_that_is_reached(quay: Quay, person: NewPerson) -> None:
    above = quay.project.path.rpartition("/")[0]
    owner = person(groups.get(quay.site.tools, OPERATOR, above), "owner")
    quotas.set_limit(quay.site.tools, OPERATOR, quay.project.path, 100)
    ask(quay.ada, quay.refused("v2", layout=quay.other))
    push = row(quay.ada, "Push")
    expect(push).to_contain_text(f"The storage of {quay.project.path} is full: it uses")
    expect(push).to_contain_text(f"an owner of {above}, by a higher limit ({owner.username})")
    expect(row(quay.ada, "Pull").first).to_be_visible()


def test_a_token_that_was_revoked(quay: Quay) -> None:
    secret = quay.token("read_registry", name="old")
    listed = tokens.list_personal(quay.site.tools, OPERATOR, username=quay.ada.username)
    tokens.revoke(quay.site.tools, OPERATOR, next(each.id for each in listed if each.name == "old"))
    ask(quay.ada, quay.refused("v2", secret=secret))
    expect(quay.ada.page.locator("#what-it-says")).to_contain_text("The access token was revoked")
    expect(quay.ada.page.locator("#what-it-says")).to_contain_text("neither your account nor the address")


def test_a_wrong_path_leads_to_the_right_one(quay: Quay) -> None:
    group, _, _ = quay.project.path.rpartition("/")
    ask(quay.ada, quay.refused("v2", path=f"{group}/shoppe/web"))
    page = quay.ada.page
    expect(page.get_by_role("alert")).to_contain_text(f"no project for {group}/shoppe/web")
    page.get_by_role("link", name=quay.path, exact=True).click()
    expect(row(quay.ada, "Push")).to_contain_text("Allowed")


def test_maintainers_ask_for_somebody_else(quay: Quay, person: NewPerson) -> None:
    guest = person(quay.project, "guest")
    page = quay.keeper.open(f"/help/refused?path={quay.path}")
    expect(row(quay.keeper, "Push")).to_contain_text("Allowed")
    page.get_by_role("textbox", name="Who").fill(guest.username)
    page.get_by_role("button", name="Find out").click()
    expect(page.get_by_role("heading", name=f"{quay.path} and {guest.username}")).to_be_visible()
    expect(row(quay.keeper, "Push")).to_contain_text("needs the role developer")
    page = guest.open(f"/help/refused?path={quay.path}&action=push")
    page.get_by_role("textbox", name="Who").fill(quay.ada.username)
    page.get_by_role("button", name="Find out").click()
    expect(page.get_by_role("alert")).to_contain_text("is for maintainers")


@pytest.mark.parametrize("program", ["podman", "buildah", "docker"])
def test_other_programs_say_the_same(quay: Quay, program: str) -> None:
    """The words of a push that a rule refuses, as each program wraps them."""
    protection.add(quay.site.tools, OPERATOR, quay.project.path, Rule(Kind.TAG, "^v", push=Level.OWNER))
    reason = "denied: requested access to the resource is denied: the tag v2 is protected, pushing needs an owner"
    image = f"{quay.host}/{quay.path}"
    said = {
        "podman": f"Copying blob 5f70 done\nError: writing manifest: uploading manifest v2 to {image}: {reason}",
        "buildah": f'Error: pushing image "x" to "docker://{image}:v2": writing manifest: {reason}',
        "docker": f"The push refers to repository [{image}]\n5f70bf18a086: Layer already exists\n{reason}",
    }[program]
    ask(quay.ada, said)
    expect(quay.ada.page.locator("#reasons").get_by_role("heading")).to_have_text(f"{quay.path}:v2")
    expect(row(quay.ada, "Push")).to_contain_text("The tag v2 is protected, pushing needs an owner")


def test_a_lockout_ends_by_itself(tmp_path: Path, browser: Browser, stylesheet: None) -> None:
    need("skopeo")
    changes = {"server": {"workers": 1}, "logins": {"failures": 3}}
    server = Server(tmp_path, changes).start()
    try:
        ada = Person(browser, server, with_password(server)).sign_in()
        programs, host = home_in(tmp_path / "home"), urlsplit(server.url).netloc
        said = [
            programs.fails("skopeo", "login", "--tls-verify=false", "-u", "ada", "-p", "whf_pat_wrong", host)
            for _ in range(5)
        ][-1]
        ask(ada, said)
        told = ada.page.locator("#what-it-says")
        expect(told).to_contain_text("Too many failed logins")
        expect(told).to_contain_text("logins from the address of this browser are refused for another")
        ada.close()
    finally:
        server.stop()
