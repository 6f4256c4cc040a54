"""skopeo: copies in both directions and between formats, listing, deleting, and what it says when refused."""

from pathlib import Path

import pytest

from tests.clients import layouts
from tests.clients.layouts import Layout
from tests.clients.programs import Programs, need
from tests.clients.shop import Login, Shop

PLAIN = ("--insecure-policy",)
TO, FROM = ("--dest-tls-verify=false",), ("--src-tls-verify=false",)
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


@pytest.fixture(autouse=True)
def _skopeo() -> None:
    need("skopeo")


def push(layout: Layout, image: str, login: Login, *options: str) -> list[str | Path]:
    """The command that copies the layout to the registry."""
    source = f"oci:{layout.path}:latest"
    return ["skopeo", *PLAIN, "copy", *TO, *options, "--dest-creds", str(login), source, f"docker://{image}"]


def pull(image: str, folder: Path, login: Login, *options: str) -> list[str | Path]:
    """The command that copies from the registry to an OCI layout."""
    return [
        "skopeo",
        *PLAIN,
        "copy",
        *FROM,
        *options,
        "--src-creds",
        str(login),
        f"docker://{image}",
        f"oci:{folder}:latest",
    ]


def digest(programs: Programs, image: str, login: Login) -> str:
    return programs.works(
        "skopeo", "inspect", "--tls-verify=false", "--creds", str(login), "--format", "{{.Digest}}", f"docker://{image}"
    )


def test_login_round_trip(programs: Programs, shop: Shop, single: Layout, tmp_path: Path) -> None:
    """Logged in once, the stored credential pushes and pulls the same bytes."""
    login = shop.developer
    programs.works(
        "skopeo", "login", "--tls-verify=false", "-u", login.username, "--password-stdin", shop.host, stdin=login.token
    )
    image = f"docker://{shop.image('web', ':1.0')}"
    programs.works("skopeo", *PLAIN, "copy", *TO, f"oci:{single.path}:latest", image)
    programs.works("skopeo", *PLAIN, "copy", *FROM, image, f"oci:{tmp_path / 'back'}:latest")
    back = layouts.read(tmp_path / "back")
    assert back.digest == single.digest
    assert back.reachable() == single.reachable()
    assert all(back.blob(digest) == single.blob(digest) for digest in single.reachable())
    programs.works("skopeo", "logout", shop.host)
    said = programs.fails("skopeo", *PLAIN, "copy", *FROM, image, f"oci:{tmp_path / 'again'}:latest")
    assert "403 (Forbidden)" in said, "skopeo 1.9 shows no more of what the token service tells nobody in particular"


def test_login_with_a_wrong_token_says_so(programs: Programs, shop: Shop, single: Layout) -> None:
    """skopeo has words of its own for a refused login; the server's come out when it is used."""
    said = programs.fails("skopeo", "login", "--tls-verify=false", "-u", "ada", "-p", "hunter2", shop.host)
    assert "invalid username/password" in said
    assert shop.host not in (programs.home / "auth.json").read_text()
    assert "token" in programs.fails(*push(single, shop.image("web", ":1"), Login("ada", "hunter2")))


def test_index_of_two_architectures(programs: Programs, shop: Shop, multi: Layout, tmp_path: Path) -> None:
    image = shop.image("multi", ":1.0")
    programs.works(*push(multi, image, shop.developer, "--all"))
    assert digest(programs, image, shop.reporter) == multi.digest
    programs.works(*pull(image, tmp_path / "back", shop.reporter, "--all"))
    back = layouts.read(tmp_path / "back")
    assert (back.digest, back.reachable()) == (multi.digest, multi.reachable())


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_one_architecture_out_of_an_index(
    programs: Programs, shop: Shop, multi: Layout, tmp_path: Path, architecture: str
) -> None:
    image = shop.image("multi", ":1.0")
    programs.works(*push(multi, image, shop.developer, "--all"))
    chosen = ["skopeo", "--override-arch", architecture, *pull(image, tmp_path / "back", shop.reporter)[1:]]
    programs.works(*chosen)
    children = multi.document(multi.digest)["manifests"]
    (wanted,) = [child["digest"] for child in children if child["platform"]["architecture"] == architecture]
    assert layouts.read(tmp_path / "back").digest == wanted


def test_docker_schema_2(programs: Programs, shop: Shop, single: Layout, multi: Layout, tmp_path: Path) -> None:
    """Converted on the way in, kept as sent, and pulled as what it is."""
    for layout, name, media_type in ((single, "one", DOCKER_MANIFEST), (multi, "two", DOCKER_LIST)):
        image = shop.image(name, ":docker")
        programs.works(*push(layout, image, shop.developer, "--all", "--format", "v2s2"))
        inspect = ["skopeo", "inspect", "--raw", "--tls-verify=false", "--creds", str(shop.guest), f"docker://{image}"]
        assert f'"{media_type}"' in programs.works(*inspect)
        folder = tmp_path / name
        programs.works(
            "skopeo", *PLAIN, "copy", *FROM, "--all", "--preserve-digests", "--src-creds", str(shop.guest),
            f"docker://{image}", f"dir:{folder}",
        )  # fmt: skip
        assert layouts.digest((folder / "manifest.json").read_bytes()) == digest(programs, image, shop.guest)


def test_schema_1_is_refused_with_the_way_out(programs: Programs, shop: Shop, single: Layout) -> None:
    said = programs.fails(*push(single, shop.image("old", ":1"), shop.developer, "--format", "v2s1"))
    assert "schema" in said.lower()


def test_copy_inside_the_registry(programs: Programs, shop: Shop, single: Layout, tmp_path: Path) -> None:
    """From one repository to another, by mounting: the digest stays."""
    first, second = shop.image("web", ":1"), shop.image("promoted/web", ":1")
    programs.works(*push(single, first, shop.developer))
    programs.works(
        "skopeo", *PLAIN, "copy", *FROM, *TO, "--src-creds", str(shop.developer), "--dest-creds", str(shop.developer),
        f"docker://{first}", f"docker://{second}",
    )  # fmt: skip
    assert digest(programs, second, shop.developer) == single.digest


def test_tags_are_listed_in_order(programs: Programs, shop: Shop, single: Layout) -> None:
    for tag in ("b", "a", "10", "9", "B"):
        programs.works(*push(single, shop.image("web", f":{tag}"), shop.developer))
    image = f"docker://{shop.image('web')}"
    listed = programs.works("skopeo", "list-tags", "--tls-verify=false", "--creds", str(shop.guest), image)
    assert layouts.parsed(listed)["Tags"] == ["10", "9", "B", "a", "b"]


def test_delete_by_a_maintainer(programs: Programs, shop: Shop, single: Layout) -> None:
    image = shop.image("web", ":1")
    programs.works(*push(single, image, shop.developer))
    delete = ["skopeo", "delete", "--tls-verify=false", "--creds"]
    assert "delet" in programs.fails(*delete, str(shop.developer), f"docker://{image}").lower()
    programs.works(*delete, str(shop.maintainer), f"docker://{image}")
    assert "manifest unknown" in programs.fails(*pull(image, programs.home / "gone", shop.guest))


@pytest.mark.parametrize("role", ["guest", "reporter"])
def test_push_by_one_who_may_only_pull(programs: Programs, shop: Shop, single: Layout, role: str) -> None:
    """Refused in words: what is missing, and how to get it."""
    said = programs.fails(*push(single, shop.image("web", ":1"), shop.logins[role]))
    assert "denied" in said
    assert "developer" in said.lower()


def test_push_with_a_token_that_may_only_read(programs: Programs, shop: Shop, single: Layout) -> None:
    said = programs.fails(*push(single, shop.image("web", ":1"), shop.read_only))
    assert "write_registry" in said


def test_a_stranger_learns_nothing(programs: Programs, shop: Shop, single: Layout) -> None:
    """To one who may not read it, a project that is there answers like one that is not."""
    programs.works(*push(single, shop.image("web", ":1"), shop.developer))
    absent = f"{shop.host}/nobody/nothing/web:1"
    there = programs.fails(*pull(shop.image("web", ":1"), programs.home / "x", shop.stranger))
    nowhere = programs.fails(*pull(absent, programs.home / "x", shop.stranger))
    there, nowhere = (said.split("msg=", 1)[1] for said in (there, nowhere))
    assert there.replace(f"{shop.path}/web", "nobody/nothing/web") == nowhere
