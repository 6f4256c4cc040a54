"""crane: the client that is written closest to the spec: layouts, copies by mount, checks of what is there."""

from pathlib import Path

import pytest

from tests.clients import layouts
from tests.clients.layouts import Layout
from tests.clients.programs import Programs, need
from tests.clients.shop import Login, Shop

PLAIN = "--insecure"


@pytest.fixture
def crane(programs: Programs) -> Programs:
    need("crane")
    return programs


def log_in(crane: Programs, login: Login, host: str) -> None:
    crane.works("crane", PLAIN, "auth", "login", "-u", login.username, "--password-stdin", host, stdin=login.token)


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_round_trip(crane: Programs, shop: Shop, request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    layout: Layout = request.getfixturevalue(kind)
    image = shop.image(kind, ":1")
    log_in(crane, shop.developer, shop.host)
    assert crane.works("crane", PLAIN, "push", "--index", layout.path, image)
    log_in(crane, shop.guest, shop.host)
    crane.works("crane", PLAIN, "validate", "--remote", image)
    crane.works("crane", PLAIN, "pull", "--format", "oci", image, tmp_path / "back")
    back = layouts.read(tmp_path / "back")
    assert layout.reachable() <= back.reachable()
    assert all(back.blob(digest) == layout.blob(digest) for digest in layout.reachable())


def test_copy_by_mount(crane: Programs, shop: Shop, single: Layout) -> None:
    log_in(crane, shop.developer, shop.host)
    first, second = shop.image("web", ":1"), shop.image("promoted", ":1")
    crane.works("crane", PLAIN, "push", single.path, first)
    digest = crane.works("crane", PLAIN, "digest", first)
    said = crane("crane", PLAIN, "copy", first, second)
    assert said.code == 0, said.text
    assert said.text.count("mounted blob") == len(single.document(single.digest)["layers"]) + 1
    assert crane.works("crane", PLAIN, "digest", second) == digest


def test_append_and_mutate(crane: Programs, shop: Shop, single: Layout, tmp_path: Path) -> None:
    """A layer more and a label changed in the registry, without pulling the rest."""
    log_in(crane, shop.developer, shop.host)
    base, image = shop.image("web", ":base"), shop.image("web", ":more")
    crane.works("crane", PLAIN, "push", single.path, base)
    (tmp_path / "layer.tar").write_bytes(layouts.tarred({"srv/more": b"more\n"}))
    crane.works("crane", PLAIN, "append", "-b", base, "-f", tmp_path / "layer.tar", "-t", image)
    crane.works("crane", PLAIN, "mutate", "--label", "org.example.answer=42", "-t", image, image)
    config = layouts.parsed(crane.works("crane", PLAIN, "config", image))
    assert len(config["rootfs"]["diff_ids"]) == 4
    assert config["config"]["Labels"] == {"org.example.answer": "42"}
    assert crane.works("crane", PLAIN, "ls", shop.image("web")).split() == ["base", "more"]


def test_a_tag_goes_and_its_sibling_stays(crane: Programs, shop: Shop, single: Layout) -> None:
    log_in(crane, shop.maintainer, shop.host)
    first = shop.image("web", ":1")
    crane.works("crane", PLAIN, "push", single.path, first)
    crane.works("crane", PLAIN, "tag", first, "2")
    crane.works("crane", PLAIN, "delete", first)
    assert crane.works("crane", PLAIN, "ls", shop.image("web")).split() == ["2"]
    crane.works("crane", PLAIN, "validate", "--remote", shop.image("web", ":2"))


def test_catalog(crane: Programs, shop: Shop, single: Layout) -> None:
    log_in(crane, shop.developer, shop.host)
    crane.works("crane", PLAIN, "push", single.path, shop.image("web", ":1"))
    assert f"{shop.path}/web" in crane.works("crane", PLAIN, "catalog", shop.host).split()


def test_export_of_a_file(crane: Programs, shop: Shop, single: Layout, tmp_path: Path) -> None:
    """Flattened from layers fetched one by one."""
    log_in(crane, shop.developer, shop.host)
    crane.works("crane", PLAIN, "push", single.path, shop.image("web", ":1"))
    crane.works("crane", PLAIN, "export", shop.image("web", ":1"), tmp_path / "flat.tar")
    assert b"hello\n" in (tmp_path / "flat.tar").read_bytes()


def test_refusals_say_why(crane: Programs, shop: Shop, single: Layout) -> None:
    image = shop.image("web", ":1")
    log_in(crane, shop.reporter, shop.host)
    assert "developer" in crane.fails("crane", PLAIN, "push", single.path, image).lower()
    log_in(crane, shop.read_only, shop.host)
    assert "write_registry" in crane.fails("crane", PLAIN, "push", single.path, image)
    log_in(crane, Login("ada", "hunter2"), shop.host)
    assert "token" in crane.fails("crane", PLAIN, "digest", image)
