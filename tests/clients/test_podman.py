"""podman and buildah: build for real, push, pull into an empty store, compare, run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.clients import layouts
from tests.clients.programs import Programs, need
from tests.clients.shop import Login, Shop

PLAIN = "--tls-verify=false"
# Machines differ in what a container may have; these limits are low enough for a bounded one.
CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


@dataclass(frozen=True)
class Engine:
    """podman or buildah with a store of its own."""

    name: str
    programs: Programs
    store: Path

    @property
    def command(self) -> list[str | Path]:
        return [self.name, "--root", self.store / "root", "--runroot", self.store / "run", "--storage-driver", "vfs"]

    def __call__(self, *words: str | Path, stdin: str = "") -> str:
        return self.programs.works(*self.command, *words, stdin=stdin)

    def fails(self, *words: str | Path, stdin: str = "") -> str:
        return self.programs.fails(*self.command, *words, stdin=stdin)

    def log_in(self, login: Login, host: str) -> None:
        self("login", PLAIN, "-u", login.username, "--password-stdin", host, stdin=login.token)

    def digest(self, image: str) -> str:
        return self("inspect", "--type", "image", "--format", self.digest_field, image)

    @property
    def digest_field(self) -> str:
        return "{{.Digest}}" if self.name == "podman" else "{{.FromImageDigest}}"


def engine(name: str, programs: Programs, store: Path) -> Engine:
    need(name, root=True)
    settings = programs.home / "containers.conf"
    settings.write_text(CONTAINERS_CONF)
    store.mkdir(parents=True, exist_ok=True)
    return Engine(name, programs.also(CONTAINERS_CONF=str(settings)), store)


@pytest.fixture
def stores() -> Iterator[Path]:
    """Where stores go: podman wants a path of under 50 characters, and pytest's own are longer."""
    with TemporaryDirectory(prefix="wf-") as folder:
        yield Path(folder)


@pytest.fixture
def podman(programs: Programs, stores: Path) -> Engine:
    return engine("podman", programs, stores / "store")


@pytest.fixture
def empty_podman(programs: Programs, stores: Path) -> Engine:
    """Somebody else's machine: the same program, none of the layers."""
    return engine("podman", programs, stores / "empty")


@pytest.fixture
def buildah(programs: Programs, stores: Path) -> Engine:
    return engine("buildah", programs, stores / "store")


def build(engine: Engine, context: Path, image: str) -> None:
    engine("build", "--isolation", "chroot", "--layers", "-q", "-t", image, context)


def round_trip(builder: Engine, other: Engine, shop: Shop, context: Path, image: str, *options: str) -> str:
    """Build and push as developer, pull as guest elsewhere; returns the digest both agree on."""
    build(builder, context, image)
    builder.log_in(shop.developer, shop.host)
    told = builder.store / "digest"
    builder("push", PLAIN, "-q", "--digestfile", told, *options, image)
    other.log_in(shop.guest, shop.host)
    other("pull", PLAIN, "-q", image)
    digest = told.read_text().strip()
    assert other.digest(image) == digest
    assert diff_ids(other, image) == diff_ids(builder, image), "the layers unpack to what was built"
    return digest


def diff_ids(engine: Engine, image: str) -> str:
    """The layers of an image as podman unpacks them."""
    return engine("inspect", "--type", "image", "--format", "{{json .RootFS.Layers}}", image)


@pytest.mark.parametrize("options", [(), ("--format", "v2s2")], ids=["oci", "docker"])
def test_image_from_scratch(
    podman: Engine, empty_podman: Engine, shop: Shop, busybox_context: Path, options: tuple[str, ...]
) -> None:
    image = shop.image("busybox", ":1")
    round_trip(podman, empty_podman, shop, busybox_context, image, *options)
    run = ["run", "--rm", "--network", "none"]
    assert empty_podman(*run, image) == podman(*run, image) != ""


def test_image_from_a_debian_root(podman: Engine, empty_podman: Engine, shop: Shop, debian_context: Path) -> None:
    image = shop.image("debian", ":12")
    digest = round_trip(podman, empty_podman, shop, debian_context, image)
    empty_podman("pull", PLAIN, "-q", shop.image("debian", f"@{digest}"))
    mounted = Path(empty_podman("image", "mount", image))
    assert "base-files" in (mounted / "srv" / "packages").read_text()
    assert not (mounted / "usr" / "bin" / "yes").exists()
    empty_podman("image", "umount", image)


def test_buildah_pushes_what_podman_pulls(buildah: Engine, podman: Engine, empty_podman: Engine, shop: Shop) -> None:
    """An image made step by step, with no Dockerfile, under two tags."""
    container = buildah("from", "scratch")
    (buildah.store / "hello").write_text("hello\n")
    buildah("copy", container, buildah.store / "hello", "/hello")
    buildah("config", "--label", "org.example.answer=42", "--cmd", "/hello", container)
    image = shop.image("made", ":1")
    buildah("commit", "-q", container, image)
    buildah("tag", image, shop.image("made", ":2"))
    buildah.log_in(shop.developer, shop.host)
    for tag in (":1", ":2"):
        buildah("push", PLAIN, "-q", shop.image("made", tag))
    empty_podman.log_in(shop.guest, shop.host)
    first, second = (empty_podman("pull", PLAIN, "-q", shop.image("made", tag)) for tag in (":1", ":2"))
    assert first == second == podman("inspect", "--type", "image", "--format", "{{.Id}}", image)
    label = '{{index .Config.Labels "org.example.answer"}}'
    assert empty_podman("inspect", "--type", "image", "--format", label, image) == "42"


def test_manifest_list(podman: Engine, empty_podman: Engine, shop: Shop, multi: layouts.Layout) -> None:
    """A list put together locally, pushed with all it names."""
    listed, image = "localhost/list:1", shop.image("many", ":1")
    podman("manifest", "create", listed)
    podman("manifest", "add", "--all", listed, f"oci:{multi.path}:latest")
    podman.log_in(shop.developer, shop.host)
    podman("manifest", "push", PLAIN, "--all", listed, f"docker://{image}")
    inspected = podman.programs.works("skopeo", "inspect", "--raw", PLAIN, f"docker://{image}")
    architectures = {child["platform"]["architecture"] for child in layouts.parsed(inspected)["manifests"]}
    assert architectures == {"amd64", "arm64"}
    empty_podman.log_in(shop.guest, shop.host)
    empty_podman("pull", PLAIN, "-q", "--arch", "arm64", image)
    assert empty_podman("inspect", "--type", "image", "--format", "{{.Architecture}}", image) == "arm64"


def test_login_with_a_wrong_token_says_so(podman: Engine, shop: Shop) -> None:
    """podman has words of its own for a refused login; the server's come out when it is used."""
    said = podman.fails("login", PLAIN, "-u", "ada", "--password-stdin", shop.host, stdin="hunter2")
    assert "invalid username/password" in said
    assert "token" in podman.fails("pull", PLAIN, "--creds", "ada:hunter2", shop.image("web", ":1"))


def test_push_by_one_who_may_only_pull(podman: Engine, shop: Shop, busybox_context: Path) -> None:
    image = shop.image("busybox", ":1")
    build(podman, busybox_context, image)
    podman.log_in(shop.reporter, shop.host)
    said = podman.fails("push", PLAIN, image)
    assert "denied" in said
    assert "developer" in said.lower()


def test_search_of_tags(podman: Engine, shop: Shop, multi: layouts.Layout, programs: Programs) -> None:
    """`podman search --list-tags` pages through the tag list."""
    podman.log_in(shop.developer, shop.host)
    for tag in ("1.0", "1.1", "2.0"):
        destination = f"docker://{shop.image('many', f':{tag}')}"
        programs.works(
            "skopeo",
            "--insecure-policy",
            "copy",
            "--all",
            "--dest-tls-verify=false",
            f"oci:{multi.path}:latest",
            destination,
        )
    listed = podman("search", PLAIN, "--list-tags", "--limit", "2", shop.image("many"))
    assert [line.split()[-1] for line in listed.splitlines()] == ["TAG", "1.0", "1.1"]
