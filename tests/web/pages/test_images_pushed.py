"""What real clients push appears while one looks, and is shown as what it is."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.clients import layouts
from tests.clients.conftest import home_in
from tests.clients.layouts import Layout
from tests.clients.programs import Programs, need
from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from wharfinger.domain.access import Project

APPEARS = 40_000  # milliseconds: a page looks every five seconds


class Bench:
    """A project, somebody who pushes to it, and programs that are logged in."""

    def __init__(self, site: Server, programs: Programs) -> None:
        self.programs, self.host = programs, urlsplit(site.url).netloc
        self.project: Project = site.project()
        user = site.user(self.project, "developer")
        self.name, self.token = user.username, site.token(user)
        self.path = self.project.path

    def push(self, layout: Layout, image: str) -> None:
        """skopeo copy."""
        self.programs.works(
            "skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false", "--all",
            "--dest-creds", f"{self.name}:{self.token}", f"oci:{layout.path}:latest",
            f"docker://{self.host}/{self.path}/{image}",
        )  # fmt: skip

    def log_in(self, program: str, *options: str) -> None:
        """With the token as the password."""
        self.programs.works(
            program, *options, "-u", self.name, "--password-stdin", self.host, stdin=self.token
        )  # fmt: skip


@pytest.fixture
def bench(site: Server, tmp_path: Path) -> Bench:
    need("skopeo")
    return Bench(site, home_in(tmp_path / "home"))


def test_from_a_push_to_the_trash_and_back(person: NewPerson, bench: Bench, tmp_path: Path) -> None:
    ada = person(bench.project, "maintainer")
    page = ada.open(f"/{bench.path}/-/registry")
    expect(page.get_by_role("heading", name="Push a first image")).to_be_visible()
    bench.push(layouts.single(tmp_path / "one", "one"), "web:1.0")
    page.get_by_role("link", name="web", exact=True).click(timeout=APPEARS)
    expect(page.get_by_role("link", name="1.0", exact=True)).to_be_visible()
    bench.push(layouts.multi(tmp_path / "two", "two"), "web:2.0")
    expect(page.get_by_role("link", name="2.0", exact=True)).to_be_visible(timeout=APPEARS)
    expect(page.get_by_role("row").filter(has_text="2.0")).to_contain_text("linux/arm64")

    page.get_by_role("link", name="1.0", exact=True).click()
    expect(page.get_by_text("layer 1", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(f"by {bench.name}, with the personal token “token-")).first).to_be_visible()
    page.go_back()

    page.get_by_label("Tick 1.0").check()
    page.get_by_role("button", name="Delete ticked (1)").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete 1 tag?")
    ada.check("tags-delete")
    page.get_by_role("button", name="Move 1 tag to the trash").click()
    expect(page.get_by_role("status").filter(has_text="1 tag is in the trash")).to_be_visible()
    expect(page.get_by_role("link", name="1.0", exact=True)).to_have_count(0)
    ada.check("tags-deleted")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").filter(has_text="1 tag is back")).to_be_visible()
    expect(page.get_by_role("link", name="1.0", exact=True)).to_be_visible()

    page.get_by_role("button", name="Delete image").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Move it to the trash")).to_be_disabled()
    dialog.get_by_label("to go on").fill(f"{bench.path}/web")
    ada.check("image-delete")
    dialog.get_by_role("button", name="Move it to the trash").click()
    expect(page.get_by_role("heading", name="Push a first image")).to_be_visible(timeout=APPEARS)
    expect(page.get_by_role("status").filter(has_text=f"{bench.path}/web is in the trash")).to_be_visible()
    ada.check("image-deleted")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").filter(has_text="is back with all its tags")).to_be_visible()
    expect(page.get_by_role("link", name="web", exact=True)).to_be_visible()


def test_a_chart_of_helm(person: NewPerson, bench: Bench) -> None:
    need("helm")
    helm = bench.programs
    bench.log_in("helm", "registry", "login", "--insecure")
    helm.works("helm", "create", "shop")
    helm.works("helm", "package", "shop")
    helm.works("helm", "push", "--plain-http", "shop-0.1.0.tgz", f"oci://{bench.host}/{bench.path}")
    page = person(bench.project, "guest").open(f"/{bench.path}/-/registry")
    page.get_by_role("link", name="shop", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="0.1.0")).to_contain_text("Helm chart")
    page.get_by_role("link", name="0.1.0", exact=True).click()
    expect(page.get_by_role("region", name="What it says of itself")).to_contain_text("A Helm chart for Kubernetes")
    expect(page.get_by_text(f"helm pull oci://{bench.host}/{bench.path}/shop --version 0.1.0")).to_be_visible()


@pytest.mark.parametrize("mode", ["legacy", "oci-1-1"])
def test_a_signature_of_cosign(person: NewPerson, bench: Bench, tmp_path: Path, mode: str) -> None:
    need("cosign")
    layout = layouts.single(tmp_path / "signed", mode)
    bench.push(layout, "web:1")
    cosign = bench.programs.also(COSIGN_PASSWORD="", COSIGN_YES="true", COSIGN_EXPERIMENTAL="1")
    if "v3" in cosign.works("cosign", "version"):
        pytest.skip("this cosign keeps signatures in another shape and wants a trust root of its own")
    bench.log_in("cosign", "login")
    cosign.works("cosign", "generate-key-pair")
    cosign.works(
        "cosign", "sign", "--allow-http-registry", "--allow-insecure-registry", "--key", "cosign.key",
        "--tlog-upload=false", "--registry-referrers-mode", mode, f"{bench.host}/{bench.path}/web@{layout.digest}",
    )  # fmt: skip
    page = person(bench.project, "guest").open(f"/{bench.path}/-/registry")
    page.get_by_role("link", name="web", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("row").filter(has_text="1")).to_contain_text("Signed")
    page.get_by_role("link", name="1", exact=True).click()
    expect(page.get_by_text("About this image: 1 signature, SBOM or attestation")).to_be_visible()
