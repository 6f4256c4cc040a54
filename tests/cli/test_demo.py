"""The demo: a real image, with and without a server."""

import io
import json
import subprocess
import tarfile
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Invoke, OwnServer
from wharfinger.cli.demo_image import GREETING, hello
from wharfinger.spec import digest as digests
from wharfinger.spec import manifest as manifests


def test_against_the_running_server(own_server: OwnServer, invoke: Invoke) -> None:
    server = own_server().start()
    for _ in range(2):
        told = invoke("demo", "--config", str(server.file))
        assert told.code == 0, told.err
        assert f"docker run --rm 127.0.0.1:{server.port}/demo/hello:latest" in told.out
    query = {"service": "container_registry", "scope": "repository:demo/hello:pull"}
    token = httpx.get(f"{server.url}/jwt/auth", params=query).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    found = httpx.get(f"{server.url}/v2/demo/hello/manifests/latest", headers=headers)
    assert found.content == hello().manifest.data


def test_without_a_server(invoke: Invoke, home: Path) -> None:
    told = invoke("demo")
    assert told.code == 0, told.err
    assert "every byte the same" in told.out
    assert "gone again" in told.out
    assert list(home.iterdir()) == [], "nothing is left behind"


def test_the_image_is_what_its_manifest_says() -> None:
    image = hello()
    layer, config = image.blobs
    parsed = manifests.parse(image.manifest.data, image.manifest.media_type)
    assert parsed.blobs == [config.digest, layer.digest] or set(parsed.blobs) == {config.digest, layer.digest}
    with tarfile.open(fileobj=io.BytesIO(layer.data), mode="r:gz") as archive:
        (entry,) = archive.getmembers()
        packed = archive.extractfile(entry)
        assert packed is not None
        program = packed.read()
    assert (entry.name, entry.mode) == ("hello", 0o755)
    assert GREETING in program
    described = json.loads(config.data)
    with tarfile.open(fileobj=io.BytesIO(layer.data), mode="r:gz") as archive:
        assert archive.fileobj is not None
        archive.fileobj.seek(0)
        plain = archive.fileobj.read()
    assert described["rootfs"]["diff_ids"] == [digests.of(plain)]
    assert hello() == image, "the same bytes every time"


def test_the_program_runs(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(hello().blobs[0].data), mode="r:gz") as archive:
        archive.extractall(tmp_path, filter="data")
    try:
        ran = subprocess.run([tmp_path / "hello"], capture_output=True, check=True)
    except OSError as error:
        pytest.skip(f"no program for x86-64 Linux runs here: {error}")
    assert ran.stdout == GREETING
