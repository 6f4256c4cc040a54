"""containerd: asks for tokens in the OAuth2 form first, and sends a layer in one piece."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.clients.layouts import Layout
from tests.clients.programs import Programs, need
from tests.clients.shop import Login, Shop


@pytest.fixture(scope="module")
def daemon() -> Iterator[Path]:
    """The socket of a containerd with an empty store; gone afterwards."""
    need("containerd", "ctr", root=True)
    folder = Path(mkdtemp(prefix="wf-"))
    programs, socket = Programs(folder), folder / "sock"
    (folder / "config.toml").write_text(
        f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
        'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
        f'[grpc]\naddress = "{socket}"\n[ttrpc]\naddress = "{socket}.ttrpc"\n'
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["containerd", "-c", folder / "config.toml"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=programs.environment, start_new_session=True,
        )  # fmt: skip
    try:
        while process.poll() is None and programs("ctr", "-a", socket, "version").code != 0:
            time.sleep(0.1)
        if process.poll() is not None:
            pytest.skip(f"containerd does not start here: {(folder / 'log').read_text().strip().splitlines()[-1]}")
        yield socket
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def images(daemon: Path, *words: str | Path) -> list[str | Path]:
    return ["ctr", "-a", daemon, "images", *words]


def test_round_trip(programs: Programs, daemon: Path, shop: Shop, multi: Layout, tmp_path: Path) -> None:
    image = shop.image("web", ":1")
    archive = shutil.make_archive(str(tmp_path / "layout"), "tar", multi.path)
    programs.works(
        *images(daemon, "import", "--all-platforms", "--no-unpack", "--base-name", shop.image("web"), archive)
    )
    stored = [name for name in programs.works(*images(daemon, "ls", "-q")).split() if shop.path in name]
    programs.works(*images(daemon, "tag", "--force", stored[0], image))
    programs.works(*images(daemon, "push", "--plain-http", "-u", str(shop.developer), image))
    programs.works(*images(daemon, "rm", "--sync", image, *stored))
    programs.works(*images(daemon, "pull", "--plain-http", "--all-platforms", "-u", str(shop.guest), image))
    assert multi.digest in programs.works(*images(daemon, "ls", f"name=={image}"))


def test_wrong_token(programs: Programs, daemon: Path, shop: Shop) -> None:
    pull = images(daemon, "pull", "--plain-http", "-u", str(Login("ada", "hunter2")), shop.image("web", ":1"))
    assert "401" in programs.fails(*pull)
