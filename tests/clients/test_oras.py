"""oras: artifacts that are no images, what is attached to them, and copies between repositories."""

from pathlib import Path

import pytest

from tests.clients import layouts
from tests.clients.layouts import Layout
from tests.clients.programs import Programs, need
from tests.clients.shop import Login, Shop

PLAIN = "--plain-http"
MODEL = "application/vnd.example.model"


@pytest.fixture
def oras(programs: Programs) -> Programs:
    need("oras")
    return programs


def log_in(oras: Programs, login: Login, host: str) -> None:
    oras.works("oras", "login", PLAIN, "-u", login.username, "--password-stdin", host, stdin=login.token)


def files(oras: Programs, **contents: bytes) -> list[str]:
    """Files in the home folder, as oras names them: relative, with a media type."""
    for name, data in contents.items():
        (oras.home / name).write_bytes(data)
    return [f"{name}:application/octet-stream" for name in contents]


def pushed(oras: Programs, image: str, *options: str, **contents: bytes) -> str:
    """Push an artifact of these files; returns its digest."""
    template = ["--format", "go-template={{.digest}}"]
    return oras.works("oras", "push", PLAIN, *template, *options, image, *files(oras, **contents))


def test_artifact_round_trip(oras: Programs, shop: Shop, tmp_path: Path) -> None:
    log_in(oras, shop.developer, shop.host)
    contents = {"weights": b"\x00\x01" * 50_000, "card": b"# a model\n", "nothing": b""}
    digest = pushed(oras, shop.image("model", ":1"), "--artifact-type", MODEL, **contents)
    log_in(oras, shop.guest, shop.host)
    oras.works("oras", "pull", PLAIN, "-o", tmp_path / "back", shop.image("model", f"@{digest}"))
    assert {path.name: path.read_bytes() for path in (tmp_path / "back").iterdir()} == contents
    manifest = oras.works("oras", "manifest", "fetch", PLAIN, shop.image("model", ":1"))
    assert layouts.parsed(manifest)["artifactType"] == MODEL


def test_several_tags_at_once(oras: Programs, shop: Shop) -> None:
    log_in(oras, shop.developer, shop.host)
    digest = pushed(oras, shop.image("model", ":1,latest,stable"), "--artifact-type", MODEL, card=b"x")
    oras.works("oras", "tag", PLAIN, shop.image("model", ":1"), "archived")
    assert oras.works("oras", "repo", "tags", PLAIN, shop.image("model")).split() == [
        "1",
        "archived",
        "latest",
        "stable",
    ]
    for tag in (":latest", ":archived"):
        assert oras.works("oras", "resolve", PLAIN, shop.image("model", tag)) == digest


def test_attached_things_are_found_by_type(oras: Programs, shop: Shop) -> None:
    log_in(oras, shop.developer, shop.host)
    image = shop.image("model", ":1")
    subject = pushed(oras, image, "--artifact-type", MODEL, card=b"x")
    attach = ["oras", "attach", PLAIN, "--distribution-spec", "v1.1-referrers-api"]
    for kind, note in (("sbom", "one"), ("signature", "two"), ("sbom", "three")):
        described = ["--artifact-type", f"application/vnd.example.{kind}", "--annotation", f"org.example.note={note}"]
        oras.works(*attach, *described, image, *files(oras, **{note: note.encode()}))
    log_in(oras, shop.guest, shop.host)
    discover = ["oras", "discover", PLAIN, "--distribution-spec", "v1.1-referrers-api", "--format", "json"]
    everything = layouts.parsed(oras.works(*discover, image))["manifests"]
    assert len(everything) == 3
    filtered = oras.works(
        *discover, "--artifact-type", "application/vnd.example.sbom", shop.image("model", f"@{subject}")
    )
    notes = {found["annotations"]["org.example.note"] for found in layouts.parsed(filtered)["manifests"]}
    assert notes == {"one", "three"}


def test_copy_with_all_that_is_attached(oras: Programs, shop: Shop) -> None:
    """`oras cp -r` carries referrers along and mounts the blobs."""
    log_in(oras, shop.developer, shop.host)
    first, second = shop.image("model", ":1"), shop.image("copies/model", ":1")
    digest = pushed(oras, first, "--artifact-type", MODEL, weights=b"w" * 100_000)
    oras.works(
        "oras", "attach", PLAIN, "--artifact-type", "application/vnd.example.sbom", first, *files(oras, sbom=b"s")
    )
    oras.works("oras", "cp", "-r", "--from-plain-http", "--to-plain-http", first, second)
    assert oras.works("oras", "resolve", PLAIN, second) == digest
    found = layouts.parsed(oras.works("oras", "discover", PLAIN, "--format", "json", second))["manifests"]
    assert [each["artifactType"] for each in found] == ["application/vnd.example.sbom"]


def test_image_layout_in_and_out(oras: Programs, shop: Shop, multi: Layout, tmp_path: Path) -> None:
    log_in(oras, shop.developer, shop.host)
    image = shop.image("multi", ":1")
    oras.works("oras", "cp", "--from-oci-layout", "--to-plain-http", f"{multi.path}:latest", image)
    oras.works("oras", "cp", "--from-plain-http", "--to-oci-layout", image, f"{tmp_path / 'back'}:latest")
    back = layouts.read(tmp_path / "back")
    assert (back.digest, back.reachable()) == (multi.digest, multi.reachable())


def test_deleting_a_manifest_and_a_blob(oras: Programs, shop: Shop) -> None:
    log_in(oras, shop.maintainer, shop.host)
    image = shop.image("model", ":1")
    digest = pushed(oras, image, "--artifact-type", MODEL, card=b"to be deleted")
    (layer,) = layouts.parsed(oras.works("oras", "manifest", "fetch", PLAIN, image))["layers"]
    oras.works("oras", "manifest", "delete", PLAIN, "--force", shop.image("model", f"@{digest}"))
    assert "not found" in oras.fails("oras", "resolve", PLAIN, image)
    blob = shop.image("model", f"@{layer['digest']}")
    oras.works("oras", "blob", "delete", PLAIN, "--force", blob)
    assert "not found" in oras.fails("oras", "blob", "fetch", PLAIN, "--descriptor", blob)


def test_catalog_shows_what_one_may_read(oras: Programs, shop: Shop) -> None:
    log_in(oras, shop.developer, shop.host)
    pushed(oras, shop.image("model", ":1"), "--artifact-type", MODEL, card=b"x")
    assert f"{shop.path}/model" in oras.works("oras", "repo", "ls", PLAIN, shop.host).split()
    log_in(oras, shop.stranger, shop.host)
    assert f"{shop.path}/model" not in oras.works("oras", "repo", "ls", PLAIN, shop.host).split()


def test_login_with_a_wrong_token_says_so(oras: Programs, shop: Shop) -> None:
    said = oras.fails("oras", "login", PLAIN, "-u", "ada", "--password-stdin", shop.host, stdin="hunter2")
    assert "unauthorized" in said
    assert "token" in said


def test_push_by_one_who_may_only_pull(oras: Programs, shop: Shop) -> None:
    """One blob at a time: two refusals at once make oras 1.2 stumble over itself."""
    log_in(oras, shop.reporter, shop.host)
    (oras.home / "card").write_bytes(b"x")
    said = oras.fails("oras", "blob", "push", PLAIN, shop.image("model"), "card")
    assert "denied" in said
    assert "developer" in said.lower()
