"""cosign: signatures and attestations, under tags of their own and as referrers."""

from pathlib import Path

import pytest

from tests.clients import layouts
from tests.clients.layouts import Layout
from tests.clients.programs import Programs, need
from tests.clients.shop import Shop

OFFLINE = ("--allow-http-registry", "--allow-insecure-registry")


@pytest.fixture
def cosign(programs: Programs) -> Programs:
    """cosign with a key pair in its home, and nothing of it sent to a public log."""
    need("cosign", "skopeo")
    ours = programs.also(COSIGN_PASSWORD="", COSIGN_YES="true")
    said = ours.works("cosign", "version")
    if "v3" in said:
        pytest.skip("this cosign keeps signatures in another shape and wants a trust root of its own")
    ours.works("cosign", "generate-key-pair")
    return ours


@pytest.fixture
def image(cosign: Programs, shop: Shop, single: Layout) -> str:
    """A pushed image, by digest, with its developer logged in."""
    (cosign.home / "auth.json").unlink()
    login = shop.developer
    for program in ("skopeo", "cosign"):
        secure = ["--tls-verify=false"] if program == "skopeo" else []
        cosign.works(program, "login", *secure, "-u", login.username, "--password-stdin", shop.host, stdin=login.token)
    cosign.works(
        "skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false", f"oci:{single.path}:latest",
        f"docker://{shop.image('web', ':1')}",
    )  # fmt: skip
    return shop.image("web", f"@{single.digest}")


def verify(cosign: Programs, image: str, *options: str) -> str:
    return cosign.works(
        "cosign", "verify", *OFFLINE, "--key", "cosign.pub", "--insecure-ignore-tlog=true", *options, image
    )


def test_signature_under_a_tag(cosign: Programs, shop: Shop, single: Layout, image: str) -> None:
    """Signing again pushes to the same tag again."""
    for note in ("one", "two"):
        cosign.works(
            "cosign", "sign", *OFFLINE, "--key", "cosign.key", "--tlog-upload=false", "-a", f"note={note}", image
        )
    assert single.digest in verify(cosign, image)
    verify(cosign, image, "-a", "note=two")
    tags = cosign.works("skopeo", "list-tags", "--tls-verify=false", f"docker://{shop.image('web')}")
    assert layouts.parsed(tags)["Tags"] == ["1", f"{single.digest.replace(':', '-')}.sig"]


def test_signature_as_referrer(cosign: Programs, shop: Shop, single: Layout, image: str) -> None:
    experimental = cosign.also(COSIGN_EXPERIMENTAL="1")
    experimental.works(
        "cosign",
        "sign",
        *OFFLINE,
        "--key",
        "cosign.key",
        "--tlog-upload=false",
        "--registry-referrers-mode",
        "oci-1-1",
        image,
    )
    assert single.digest in verify(experimental, image, "--experimental-oci11")
    tags = cosign.works("skopeo", "list-tags", "--tls-verify=false", f"docker://{shop.image('web')}")
    assert layouts.parsed(tags)["Tags"] == ["1"], "a registry with the referrers API needs no extra tag"


def test_attestation(cosign: Programs, image: str, tmp_path: Path) -> None:
    (tmp_path / "predicate.json").write_text('{"built": "here"}')
    keyed = ["--type", "custom", "--key"]
    cosign.works(
        "cosign", "attest", *OFFLINE, *keyed, "cosign.key", "--tlog-upload=false",
        "--predicate", tmp_path / "predicate.json", image,
    )  # fmt: skip
    said = cosign.works(
        "cosign", "verify-attestation", *OFFLINE, *keyed, "cosign.pub", "--insecure-ignore-tlog=true", image
    )
    assert layouts.parsed(said.splitlines()[-1])["payloadType"] == "application/vnd.in-toto+json"


def test_a_changed_image_has_no_signature(cosign: Programs, shop: Shop, image: str, multi: Layout) -> None:
    cosign.works("cosign", "sign", *OFFLINE, "--key", "cosign.key", "--tlog-upload=false", image)
    cosign.works(
        "skopeo", "--insecure-policy", "copy", "--all", "--dest-tls-verify=false", f"oci:{multi.path}:latest",
        f"docker://{shop.image('web', ':1')}",
    )  # fmt: skip
    said = cosign.fails(
        "cosign", "verify", *OFFLINE, "--key", "cosign.pub", "--insecure-ignore-tlog=true", shop.image("web", ":1")
    )
    assert "no signatures" in said
