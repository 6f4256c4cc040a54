"""From the first start of an empty installation to a first image; and the pictures of the README."""

import os
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.clients import layouts
from tests.clients.conftest import home_in
from tests.clients.programs import need
from tests.domain.gallery import Gallery
from tests.serving import Server, until
from tests.web.pages.harbour import let_it_have_grown
from tests.web.pages.people import PASSWORD, SCREENSHOTS, Person
from tests.web.pages.wares import BUILD, RUN
from wharfinger.domain import groups, members, projects, users
from wharfinger.domain.access import OPERATOR
from wharfinger.rules.roles import Role, Visibility

OWN = "the keeper's own words"
KIB = 1024


@pytest.fixture
def house(tmp_path: Path, stylesheet: None) -> Iterator[Server]:
    """A server in an empty folder."""
    (tmp_path / "house").mkdir()
    made = Server(tmp_path / "house", {"server": {"workers": 1}}).start()
    yield made
    made.stop()


@pytest.fixture
def newcomer(browser: Browser, house: Server) -> Iterator[Person]:
    """Somebody who has just started the server, and reads what it printed."""
    assert until(lambda: "one-time password" in house.output())
    said = re.search(r"one-time password +(\S+)", house.output())
    assert said is not None
    assert f"{house.url}/" in house.output()
    made = Person(browser, house, "root", said[1])
    yield made
    made.close()


def test_from_first_start_to_the_chart_of_usage(newcomer: Person, house: Server, tmp_path: Path) -> None:
    need("skopeo")
    page = newcomer.sign_in_form()
    page.get_by_label("New password").fill(OWN)
    page.get_by_label("The same again").fill(OWN)
    page.get_by_role("button", name="Set password").click()
    page.get_by_role("link", name="New group").click()
    page.get_by_label("Path").fill("quay")
    page.get_by_role("button", name="Create group").click()
    page.get_by_role("link", name="New project").first.click()
    page.get_by_label("Path").fill("lantern")
    page.get_by_role("button", name="Create project").click()
    page.wait_for_url("**/quay/lantern")
    page.goto("/profile/tokens")
    page.get_by_label("Name").fill("first")
    page.get_by_role("button", name="Create token").click()
    token = page.get_by_label("Command").first.inner_text()

    page.goto("/quay/lantern")
    expect(page.get_by_role("heading", name="Push a first image")).to_be_visible()
    programs, host = home_in(tmp_path / "home"), urlsplit(house.url).netloc
    programs.works("skopeo", "login", "--tls-verify=false", "-u", "root", "--password-stdin", host, stdin=token)
    image = layouts.single(tmp_path / "image", "first")
    programs.works(
        "skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false",
        f"oci:{image.path}:latest", f"docker://{host}/quay/lantern/web:1.0",
    )  # fmt: skip
    counted = page.get_by_role("main").get_by_role("definition").first
    expect(counted).to_have_text("1", timeout=30_000)  # by itself, without a reload
    page.goto("/profile/tokens")
    expect(page.get_by_role("row").filter(has_text="first").get_by_text("just now").first).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("row").filter(has_text="quay/lantern")).to_contain_text("1")
    newcomer.check("proof-home")
    look_delete_undo(newcomer)
    let_it_have_grown(house, "quay/lantern")
    page.get_by_role("link", name="Usage").click()
    expect(page.get_by_role("img", name=re.compile("^From .* to "))).to_be_visible()
    newcomer.check("proof-usage")


def look_delete_undo(newcomer: Person) -> None:
    """From the project to a layer of its image; then the tag goes, and comes back."""
    page = newcomer.open("/quay/lantern")
    page.get_by_role("link", name="Container Registry").first.click()
    newcomer.check("proof-registry")
    page.get_by_role("link", name="web", exact=True).click()
    page.get_by_role("link", name="1.0", exact=True).click()
    expect(page.get_by_role("img", name=re.compile("layers? by size"))).to_be_visible()
    expect(page.get_by_text(re.compile("by root, with the personal token “first”"))).to_be_visible()
    newcomer.check("proof-layers")
    page.get_by_role("button", name="Delete tag").click()
    page.get_by_role("button", name="Move 1 tag to the trash").click()
    expect(page.get_by_role("status").filter(has_text="1 tag is in the trash")).to_be_visible()
    newcomer.check("proof-deleted")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="1.0", exact=True)).to_be_visible()
    newcomer.check("proof-undone")


def test_pictures_for_the_readme(newcomer: Person, house: Server, browser: Browser) -> None:
    """Kept as CI output; `make screenshots` keeps four of them in docs/screenshots as well."""
    page = newcomer.sign_in_form()
    page.get_by_label("New password").fill(OWN)
    page.get_by_label("The same again").fill(OWN)
    page.get_by_role("button", name="Set password").click()
    furnish(house)
    page.set_viewport_size({"width": 1120, "height": 700})
    keep(newcomer, "projects", "/projects")
    keep(newcomer, "registry", "/quay/lantern/-/registry")
    page.get_by_role("link", name="api", exact=True).first.click()
    expect(page.get_by_role("link", name="2.4.0", exact=True)).to_be_visible()
    page.emulate_media(color_scheme="dark")
    keep(newcomer, "image", "")
    page.emulate_media(color_scheme="light")
    ada = Person(browser, house, "ada").sign_in()
    ada.page.set_viewport_size({"width": 1120, "height": 1360})
    page = ada.open("/help/refused")
    host = urlsplit(house.url).netloc
    page.get_by_label("Message").fill(
        f"Error: writing blob: initiating layer upload to /v2/quay/lantern/api/blobs/uploads/ in {host}: denied: "
        "requested access to the resource is denied: you are a reporter in quay/lantern; "
        "pushing needs the role developer"
    )
    page.get_by_role("button", name="Find out").click()
    expect(page.get_by_role("heading", name="quay/lantern/api")).to_be_visible()
    keep(ada, "refused", "")
    ada.close()


def keep(person: Person, name: str, path: str) -> None:
    """A picture of what is in the window."""
    if path:
        person.open(path)
    person.page.wait_for_load_state("networkidle")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    file = SCREENSHOTS / f"readme-{name}.png"
    person.page.screenshot(path=file, animations="disabled")
    if folder := os.environ.get("WHARFINGER_README_PICTURES"):
        shutil.copyfile(file, Path(folder) / f"{name}.png")


def furnish(house: Server) -> None:
    """A few projects with images of a few megabytes, the same on every run."""
    groups.create(house.tools, OPERATOR, "quay", visibility=Visibility.PUBLIC, name="The Quay")
    for name in ("ada", "grace"):
        users.create(house.tools, OPERATOR, name, password=PASSWORD)
    members.add(house.tools, OPERATOR, "quay", "grace", Role.OWNER)
    dice = random.Random(5)
    for name, images in {"lantern": ("api", "web", "worker"), "ledger": ("app",), "tides": ("app", "import")}.items():
        visibility = Visibility.PUBLIC if name == "tides" else Visibility.PRIVATE
        project = projects.create(house.tools, OPERATOR, f"quay/{name}", visibility=visibility)
        members.add(house.tools, OPERATOR, project.path, "ada", Role.REPORTER)
        for image in images:
            shelf = Gallery(house.tools, image, project)
            ground = [dice.randbytes(dice.randrange(600, 2800) * KIB) for _ in range(3)]
            for version in ("2.3.0", "2.3.1", "2.4.0"):
                config = {"os": "linux", "architecture": "amd64", "config": RUN, "history": BUILD}
                shelf.container(config, *ground, dice.randbytes(300 * KIB), dice.randbytes(40 * KIB), tag=version)
            shelf.tag("2.4.0", "latest")
