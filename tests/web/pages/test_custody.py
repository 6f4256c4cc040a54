"""The chain of custody of an image in a browser: what is vouched for, what is said, what is stated, each apart."""

from dataclasses import replace

from playwright.sync_api import expect

from tests.domain.shelf import Shelf
from tests.domain.test_custody import COMMIT, ORIGIN, labelled, statement
from tests.serving import Server, until
from tests.web.pages.conftest import NewPerson
from wharfinger.domain import chain


def test_where_an_image_comes_from(person: NewPerson, site: Server) -> None:
    project = site.project(visibility="private")
    shelf = Shelf(site.tools, "web", project)
    shelf.caller = replace(shelf.caller, origin=ORIGIN, credential_id=17)
    digest = labelled(shelf, source="https://git.example.com/acme/shop")
    shelf.caller = replace(shelf.caller, name="scanner", origin={})
    statement(shelf, "application/sarif+json", b"{}", digest)
    cosign = "application/vnd.dev.cosign.simplesigning.v1+json"
    statement(shelf, cosign, b"signed", digest, tag=digest.replace(":", "-") + ".sig")
    assert until(lambda: not chain.anything_waits(site.tools), seconds=60), site.log()[-3000:]
    ada = person(project, "developer")
    page = ada.open(f"/{project.path}/-/custody?image={shelf.path}&digest={digest}")
    pushes = page.get_by_role("region", name="Who pushed it")
    expect(pushes).to_contain_text(COMMIT)
    expect(pushes).to_contain_text("Vouched for by the token of https://ci.example.com")
    said = page.get_by_role("region", name="What it says of itself")
    expect(said).to_contain_text("https://git.example.com/acme/shop")
    expect(said).to_contain_text("Nobody has verified it.")
    stated = page.get_by_role("region", name="Signatures, scans and attestations")
    expect(stated).to_contain_text("Scan report")
    expect(stated).to_contain_text("by scanner")
    expect(page.get_by_role("region", name="Pulls")).to_contain_text("Never pulled since pulls are counted.")
    ada.check("custody-full", hidden=["time"])
