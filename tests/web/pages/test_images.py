"""Looking at images in a browser: what is in a registry, what a tag points to, what changed."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.wares import EVIL, Wares
from wharfinger.domain import projects, repositories, tags
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import policies
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.rules.roles import Visibility
from wharfinger.web.pages import words


@pytest.fixture(scope="module")
def wares(site: Server) -> Wares:
    return Wares(site.tools).everything()


def registry(wares: Wares) -> str:
    return f"/{wares.project}/-/registry"


def image(wares: Wares) -> str:
    return f"{registry(wares)}/{repositories.get(wares.tools, OPERATOR, wares.path).id}"


def rows(page: Page) -> list[str]:
    """The first words of the rows of the table."""
    return [text.split()[0] for text in page.locator("tbody tr").all_inner_texts()]


def test_from_the_registry_to_a_layer(person: NewPerson, wares: Wares) -> None:
    ada = person(wares.place, "guest")
    page = ada.open(f"/{wares.project}")
    page.get_by_role("link", name="Container Registry").first.click()
    expect(page.locator("tbody [data-of=Tags]")).to_have_text("5")
    ada.check("registry-guest")
    page.get_by_role("link", name="web", exact=True).click()
    assert sorted(rows(page)) == ["1.0", "1.1", "1.2", "2.0", "evil"], "signatures' tags are folded"
    page.get_by_role("link", name="1.2", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1.2")
    expect(page.get_by_text("RUN pip install --no-cache-dir -r requirements.txt", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("5 layers by size"))).to_be_visible()
    described = page.get_by_role("definition").filter(has_text="application/vnd.oci.image.config.v1+json")
    expect(described).to_contain_text(str(tags.get(wares.tools, OPERATOR, wares.path, "1.2").config_digest))
    for said in ("serve", "LANTERN_MODE", "org.opencontainers.image.revision", "8080/tcp", "1000:1000"):
        expect(page.get_by_text(said, exact=True).first).to_be_visible()
    page.get_by_text("Raw manifest").click()
    expect(page.get_by_label("Raw manifest").get_by_text('"schemaVersion": 2')).to_be_visible()
    ada.check("tag")


def test_developers_are_told_of_cleanup(person: NewPerson, site: Server) -> None:
    wares = Wares(site.tools)
    wares.built("kept", "1.0")
    ada = person(wares.place, "developer")
    page = ada.open(registry(wares))
    expect(page.get_by_text("Cleanup off")).to_be_visible()
    policies.save(site.tools, OPERATOR, wares.project, Terms(enabled=True))
    page.reload()
    expect(page.get_by_text("Cleanup on")).to_be_visible()
    ada.check("registry-cleanup")
    person(wares.place, "guest").open(registry(wares)).get_by_role("link", name="web", exact=True).wait_for()


def test_an_index_leads_to_its_platforms(person: NewPerson, wares: Wares) -> None:
    ada = person(wares.place, "reporter")
    page = ada.open(f"{image(wares)}/tags/2.0")
    platforms = page.get_by_role("table").first
    expect(platforms.get_by_role("row")).to_have_count(4)
    expect(platforms.get_by_role("row").filter(has_text="linux/s390x")).to_contain_text("Not in this repository")
    expect(page.get_by_text("unknown/unknown")).to_have_count(0)
    expect(page.get_by_text("About this image: 3 signatures, SBOMs and attestations")).to_be_visible()
    ada.check("index")
    platforms.get_by_role("link", name="linux/arm64").click()
    expect(page.get_by_text("Pull exactly this one, by digest")).to_be_visible()
    expect(page.get_by_text("COPY . .", exact=True)).to_be_visible()
    page.go_back()
    page.get_by_role("link", name=re.compile("^sha256:")).last.click()
    expect(page.get_by_text("This is about another manifest")).to_be_visible()
    ada.check("sbom")


def test_what_would_be_a_script_is_text(person: NewPerson, wares: Wares) -> None:
    ada = person(wares.place, "guest")
    page = ada.open(f"{image(wares)}/tags/evil")
    assert page.get_by_text(EVIL).count() >= 8
    page.get_by_text("Raw manifest").click()
    ada.check("tag-evil")
    ada.open(image(wares))
    ada.open(f"{image(wares)}/compare?from=1.0&to=evil")
    ada.check("compare-evil")
    for path in (f"/search?q={EVIL}", f"{image(wares)}?q={EVIL}", f"{registry(wares)}?q={EVIL}&sort={EVIL}"):
        ada.open(path)
        expect(page.get_by_text("<script>", exact=False).first).to_be_visible()
    assert not ada.complaints
    assert page.title() != "owned"


def test_charts_and_other_things_are_shown_as_what_they_are(person: NewPerson, site: Server) -> None:
    wares = Wares(site.tools, "shop")
    wares.chart()
    wares.artifact("application/vnd.cncf.model.manifest.v1+json", b"weights", tag="model")
    ada = person(wares.place, "guest")
    page = ada.open(image(wares))
    expect(page.get_by_role("row", name=re.compile("0.4.1"))).to_contain_text("Helm chart")
    expect(page.get_by_role("row", name=re.compile("model"))).to_contain_text("Model")
    page.get_by_role("link", name="0.4.1").click()
    expect(page.get_by_text("A shop on the quay")).to_be_visible()
    expect(
        page.get_by_text(f"helm pull oci://{site.url.removeprefix('http://')}/{wares.path} --version 0.4.1")
    ).to_be_visible()
    ada.check("chart")


def test_two_tags_compared(person: NewPerson, wares: Wares) -> None:
    ada = person(wares.place, "guest")
    page = ada.open(f"{image(wares)}/tags/1.0")
    page.get_by_role("link", name="Compare").click()
    page.get_by_label("To").fill("1.1")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("Only in 1.1", exact=True)).to_have_count(2)
    expect(page.get_by_text("In both", exact=True)).to_have_count(3)
    expect(page.get_by_text("Both configs say the same.")).to_be_visible()
    ada.check("compare")


def test_tags_are_filtered_and_sorted(person: NewPerson, wares: Wares) -> None:
    page = person(wares.place, "guest").open(image(wares))
    page.get_by_label("Sort by").select_option("name-down")
    page.wait_for_url("**sort=name-down*")
    assert rows(page) == ["evil", "2.0", "1.2", "1.1", "1.0"]
    page.get_by_role("searchbox", name="Filter tags by name").fill("1.")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("3 tags with “1.” in the name")).to_be_visible()
    assert rows(page) == ["1.2", "1.1", "1.0"]
    page.get_by_role("link", name="All", exact=True).click()
    page.get_by_role("link", name="List their tags too").click()
    assert len(rows(page)) == 6


def test_search_as_one_types(person: NewPerson, wares: Wares) -> None:
    ada = person(wares.place, "guest")
    page = ada.open("/")
    box = page.get_by_role("searchbox", name="Search projects")
    box.press_sequentially(f"{wares.path}:1")
    page.get_by_role("link", name=f"{wares.path}:1.1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1.1")
    box = page.get_by_role("searchbox", name="Search projects")
    box.fill(wares.project)
    box.press("Enter")
    expect(page.get_by_role("region", name="Projects").get_by_role("link")).to_have_text(wares.project)
    ada.check("search")


def test_a_project_without_images_says_how_to_push_one(person: NewPerson, site: Server) -> None:
    project = site.project()
    ada = person(project, "developer")
    page = ada.open(f"/{project.path}/-/registry")
    expect(page.get_by_role("heading", name="Push a first image")).to_be_visible()
    ada.check("registry-empty")
    person(project, "guest").open(f"/{project.path}/-/registry").get_by_text("Whoever is a developer here").wait_for()


def test_strangers_see_what_is_not_there(person: NewPerson, wares: Wares) -> None:
    stranger = person()
    number = image(wares).rpartition("/")[2]
    hidden = (registry(wares), image(wares), f"{image(wares)}/tags/1.0", f"{image(wares)}/compare?from=1.0&to=1.1")
    absent = ("/no/such/-/registry", f"/no/such/-/registry/{number}", f"/no/such/-/registry/{number}/tags/1.0",
              f"/no/such/-/registry/{number}/compare?from=1.0&to=1.1")  # fmt: skip
    for one, other in zip(hidden, absent, strict=True):
        texts = [stranger.open(path).locator("main").inner_text() for path in (one, other)]
        assert texts[0] == texts[1]
        assert texts[0].startswith("404")


def test_a_repository_is_found_in_its_own_project_only(person: NewPerson, wares: Wares, site: Server) -> None:
    other = site.project(visibility="public")
    page = person(wares.place, "guest").open(f"/{other.path}/-/registry/{image(wares).rpartition('/')[2]}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is here")


def test_the_registry_of_a_group(person: NewPerson, wares: Wares) -> None:
    ada = person(wares.place, "guest")
    page = ada.open(f"/{wares.project.partition('/')[0]}/-/registry")
    expect(page.get_by_role("link", name=wares.path)).to_be_visible()
    ada.check("registry-group")


def test_everybody_looks_at_what_is_public(person: NewPerson, site: Server) -> None:
    wares = Wares(site.tools)
    projects.change(site.tools, OPERATOR, wares.project, visibility=Visibility.PUBLIC)
    wares.built("public", "1.0")
    nobody = person(None)
    page = nobody.open(registry(wares))
    page.get_by_role("link", name="web", exact=True).click()
    expect(page.get_by_role("checkbox")).to_have_count(0)
    page.get_by_text("CLI commands").click()
    expect(page.get_by_text(f"docker pull {site.url.removeprefix('http://')}/{wares.path}", exact=True)).to_be_visible()
    nobody.check("image-public")
    page.get_by_role("link", name="1.0", exact=True).click()
    expect(page.get_by_role("button", name="Delete tag")).to_have_count(0)
    page.goto(f"/search?q={wares.path}")
    expect(page.get_by_role("region", name="Images").get_by_role("link")).to_have_text(wares.path)
    page.goto(f"/{wares.project}/-/trash")
    assert "/login" in page.url


def test_how_much_lies_below_an_image(person: NewPerson, site: Server) -> None:
    """An image tells its own size, and that of all below its path, where the same bytes are counted once."""
    wares = Wares(site.tools)
    parts = [Wares(site.tools, name, wares.place) for name in ("web/api", "web/db", "webs")]
    wares.container({"os": "linux"}, b"shared" * 50_000, tag="1.0")
    for part in parts:
        part.container({"os": "linux"}, b"shared" * 50_000, part.path.encode() * 20_000, tag="1.0")
    ada = person(wares.place, "guest")
    page = ada.open(image(wares))
    facts = page.locator("main dl > div")
    size = repositories.get(site.tools, OPERATOR, wares.path, sized=True).size_bytes
    below = repositories.tree_size(site.tools, OPERATOR, wares.path)
    expect(facts.filter(has_text="Size")).to_contain_text(words.size(size))
    tree = facts.filter(has_text="With all below it")
    expect(tree).to_contain_text(f"{words.size(below)}, with 2 images")
    ada.check("image-tree")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_load_state("networkidle")
    expect(tree).to_contain_text("with 2 images")
    tree.get_by_role("link").click()
    assert sorted(rows(page)) == ["web/api", "web/db"]
    page.get_by_role("link", name="web/db", exact=True).click()
    expect(facts.filter(has_text="Size")).to_be_visible()
    expect(facts.filter(has_text="With all below it")).to_have_count(0)
    assert person(None).page.request.get(f"{image(wares)}/size/tree").status == 404
