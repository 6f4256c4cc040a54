"""docker: a daemon of our own that builds, pushes and pulls, and the docker command's own manifest lists.

The daemon shares the machine's network without touching it (no bridge, no firewall rules), so that it reaches the
server on 127.0.0.1, which docker takes for plain HTTP.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.clients import layouts
from tests.clients.programs import Programs, need
from tests.clients.shop import Login, Shop
from tests.serving import Server
from wharfinger.domain import protection
from wharfinger.domain.access import OPERATOR
from wharfinger.rules.protection import Kind, Level, Rule

QUIET = ("--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false")


def answers(socket: Path, programs: Programs) -> bool:
    return programs("docker", "-H", f"unix://{socket}", "version").code == 0


@pytest.fixture(scope="module")
def daemon() -> Iterator[Path]:
    """The socket of a docker daemon with an empty store; it and all it started are gone afterwards."""
    need("dockerd", "docker", "containerd", "runc", root=True)
    folder = Path(mkdtemp(prefix="wf-"))
    programs, socket = Programs(folder), folder / "docker.sock"
    command = ["dockerd", "--data-root", folder / "data", "--exec-root", folder / "exec", "--pidfile", folder / "pid"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "-H", f"unix://{socket}", *QUIET],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=programs.environment, start_new_session=True,
        )  # fmt: skip
    try:
        while process.poll() is None and not answers(socket, programs):
            time.sleep(0.2)
        if process.poll() is not None:
            pytest.skip(f"dockerd does not start here: {(folder / 'log').read_text().strip().splitlines()[-1]}")
        yield socket
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def docker(programs: Programs, daemon: Path) -> Iterator[Programs]:
    """The docker command, talking to that daemon; leaves no image behind for the next test."""
    ours = programs.also(DOCKER_HOST=f"unix://{daemon}", DOCKER_CLI_EXPERIMENTAL="enabled")
    yield ours
    forget(ours)


def forget(docker: Programs) -> None:
    """Remove every image and layer, so that a pull has to fetch all of it."""
    docker.works("docker", "system", "prune", "--all", "--force")


def log_in(docker: Programs, login: Login, host: str) -> None:
    docker.works("docker", "login", "-u", login.username, "--password-stdin", host, stdin=login.token)


def another(docker: Programs, name: str) -> Programs:
    """Another person at the same daemon."""
    home = docker.home / name
    (home / "docker").mkdir(parents=True)
    return replace(docker, home=home)


def build(docker: Programs, image: str, context: Path) -> None:
    docker.works("docker", "build", "--network=none", "-q", "-t", image, context)


def pushed_digest(said: str) -> str:
    """What `docker push` reports last: `tag: digest: sha256:… size: …`."""
    return said.rsplit("digest: ", 1)[1].split(maxsplit=1)[0]


@pytest.mark.parametrize("context", ["busybox_context", "debian_context"])
def test_build_push_pull_run(docker: Programs, shop: Shop, request: pytest.FixtureRequest, context: str) -> None:
    """Built in layers by the developer; the guest pulls the same image and it runs."""
    image = shop.image(context.split("_", maxsplit=1)[0], ":1.0")
    build(docker, image, request.getfixturevalue(context))
    built = docker.works("docker", "image", "inspect", "--format", "{{.Id}} {{.RootFS.Layers}}", image)
    log_in(docker, shop.developer, shop.host)
    digest = pushed_digest(docker.works("docker", "push", image))
    forget(docker)
    guest = another(docker, "guest")
    log_in(guest, shop.guest, shop.host)
    assert digest in guest.works("docker", "pull", image)
    assert guest.works("docker", "image", "inspect", "--format", "{{.Id}} {{.RootFS.Layers}}", image) == built
    assert guest.works("docker", "run", "--rm", "--network=none", image)


def test_pull_by_digest(docker: Programs, shop: Shop, busybox_context: Path) -> None:
    image = shop.image("busybox", ":1.0")
    build(docker, image, busybox_context)
    log_in(docker, shop.developer, shop.host)
    digest = pushed_digest(docker.works("docker", "push", image))
    forget(docker)
    pinned = shop.image("busybox", f"@{digest}")
    docker.works("docker", "pull", pinned)
    assert docker.works("docker", "image", "inspect", "--format", "{{index .RepoDigests 0}}", pinned) == pinned


def test_second_repository_mounts_the_layers(docker: Programs, shop: Shop, busybox_context: Path) -> None:
    first, second = shop.image("busybox", ":1.0"), shop.image("busybox/again", ":1.0")
    build(docker, first, busybox_context)
    log_in(docker, shop.developer, shop.host)
    digest = pushed_digest(docker.works("docker", "push", first))
    docker.works("docker", "tag", first, second)
    said = docker.works("docker", "push", second)
    assert f"Mounted from {shop.path}/busybox" in said
    assert pushed_digest(said) == digest


def test_push_all_tags(docker: Programs, shop: Shop, busybox_context: Path) -> None:
    build(docker, shop.image("busybox", ":1"), busybox_context)
    for tag in (":2", ":3"):
        docker.works("docker", "tag", shop.image("busybox", ":1"), shop.image("busybox", tag))
    log_in(docker, shop.developer, shop.host)
    docker.works("docker", "push", "--all-tags", shop.image("busybox"))
    forget(docker)
    docker.works("docker", "pull", "--all-tags", shop.image("busybox"))
    listed = docker.works("docker", "image", "ls", "--format", "{{.Tag}}", shop.image("busybox"))
    assert sorted(listed.split()) == ["1", "2", "3"]


def test_manifest_list(docker: Programs, shop: Shop, busybox_context: Path) -> None:
    """`docker manifest` puts two images under one tag, and docker pulls the one that fits."""
    log_in(docker, shop.developer, shop.host)
    parts = []
    for architecture in ("amd64", "arm64"):
        part = shop.image("busybox", f":{architecture}")
        (busybox_context / "salt").write_text(architecture)
        dockerfile = busybox_context / "Dockerfile"
        dockerfile.write_text(f"{dockerfile.read_text()}LABEL architecture={architecture}\n")
        build(docker, part, busybox_context)
        docker.works("docker", "push", part)
        parts.append(part)
    image = shop.image("busybox", ":all")
    docker.works("docker", "manifest", "create", "--insecure", image, *parts)
    docker.works("docker", "manifest", "annotate", "--arch", "arm64", image, parts[1])
    digest = docker.works("docker", "manifest", "push", "--insecure", image)
    inspected = layouts.parsed(docker.works("docker", "manifest", "inspect", "--insecure", image))
    assert {child["platform"]["architecture"] for child in inspected["manifests"]} == {"amd64", "arm64"}
    forget(docker)
    assert digest in docker.works("docker", "pull", image)
    label = '{{index .Config.Labels "architecture"}}'
    assert docker.works("docker", "image", "inspect", "--format", label, image) == "amd64"


def test_login_with_a_wrong_token_says_so(docker: Programs, shop: Shop) -> None:
    said = docker.fails(
        "docker", "login", "-u", shop.developer.username, "--password-stdin", shop.host, stdin="hunter2"
    )
    assert "unauthorized" in said
    assert "token" in said


@pytest.mark.parametrize("role", ["guest", "reporter"])
def test_push_by_one_who_may_only_pull(docker: Programs, shop: Shop, busybox_context: Path, role: str) -> None:
    image = shop.image("busybox", ":1.0")
    build(docker, image, busybox_context)
    log_in(docker, shop.logins[role], shop.host)
    said = docker.fails("docker", "push", image)
    assert "denied" in said
    assert "developer" in said.lower()


def test_push_with_a_token_that_may_only_read(docker: Programs, shop: Shop, busybox_context: Path) -> None:
    image = shop.image("busybox", ":1.0")
    build(docker, image, busybox_context)
    log_in(docker, shop.read_only, shop.host)
    assert "write_registry" in docker.fails("docker", "push", image)


def test_pull_by_a_stranger_or_nobody(docker: Programs, shop: Shop, busybox_context: Path) -> None:
    image = shop.image("busybox", ":1.0")
    build(docker, image, busybox_context)
    log_in(docker, shop.developer, shop.host)
    docker.works("docker", "push", image)
    stranger, nobody = another(docker, "stranger"), another(docker, "nobody")
    log_in(stranger, shop.stranger, shop.host)
    assert stranger("docker", "pull", image).code != 0
    assert "denied" in nobody.fails("docker", "pull", image)


def test_push_of_a_protected_tag(docker: Programs, server: Server, shop: Shop, busybox_context: Path) -> None:
    image = shop.image("busybox", ":v1")
    build(docker, image, busybox_context)
    log_in(docker, shop.developer, shop.host)
    protection.add(server.tools, OPERATOR, shop.path, Rule(Kind.TAG, "^v", push=Level.MAINTAINER))
    assert "the tag v1 is protected, pushing needs a maintainer" in docker.fails("docker", "push", image)
