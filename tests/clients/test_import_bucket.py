"""Taking over a bucket that the reference registry wrote: where it lies, while it goes on, and out of it later."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.clients import layouts
from tests.clients.programs import Programs, find, need
from tests.clients.test_skopeo import FROM, PLAIN, TO
from tests.serving import Server, free_port, until
from tests.storage import buckets
from tests.storage.test_served import in_bucket, objects


@pytest.fixture
def url() -> str:
    return f"s3://{buckets.new_bucket()}/old"


@pytest.fixture
def reference(tmp_path: Path, url: str) -> Iterator[str]:
    """The reference registry on a bucket; its host."""
    need("docker-registry", "skopeo")
    port, settings, account = free_port(), tmp_path / "reference.yml", buckets.s3_account()
    s3 = {
        "accesskey": account.access_key, "secretkey": account.secret_key, "region": "us-east-1", "secure": False,
        "regionendpoint": account.endpoint, "bucket": url.split("/")[2], "rootdirectory": "/old",
    }  # fmt: skip
    settings.write_text(json.dumps({"version": 0.1, "storage": {"s3": s3}, "http": {"addr": f"127.0.0.1:{port}"}}))
    with (tmp_path / "reference.log").open("wb") as log:
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        command = [str(find("docker-registry")), "serve", str(settings)]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env)

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/v2/").status_code == 200
        except httpx.TransportError:
            return False

    assert until(answers), (tmp_path / "reference.log").read_text()
    yield f"127.0.0.1:{port}"
    process.terminate()
    process.wait()


@pytest.fixture
def server(tmp_path: Path, url: str) -> Iterator[Server]:
    """Ours: new bytes in a folder, and the old bucket to read from."""
    (tmp_path / "server").mkdir()
    made = Server(tmp_path / "server", {"storage": {"folder": str(tmp_path / "new"), "other": in_bucket(url)}})
    yield made.start()
    made.stop()


def test_a_bucket_is_taken_over_where_it_lies_and_left_later(
    server: Server, reference: str, url: str, programs: Programs, tmp_path: Path
) -> None:
    single, multi = layouts.single(tmp_path / "one", tmp_path.name), layouts.multi(tmp_path / "two", tmp_path.name)
    images = {"web:1.0": single, "team/multi:latest": multi}
    for image, layout in images.items():
        programs.works(
            "skopeo", *PLAIN, "copy", *TO, "--all", f"oci:{layout.path}:latest", f"docker://{reference}/{image}"
        )
    before, project = objects(url), server.project(visibility="public")

    def imported(*options: str) -> dict[str, dict[str, object]]:
        ran = server.command("import", url, "--into", project.path, "--json", *options)
        assert ran.returncode == 0, ran.stderr
        return {each["repository"]: each for each in json.loads(ran.stdout)}

    def require_all(where: str) -> None:
        for image in images:
            raw = [
                programs.works("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{place}/{image}")
                for place in (reference, f"127.0.0.1:{server.port}/{project.path}")
            ]
            assert raw[0] == raw[1]
            back = tmp_path / f"{where}-{image.replace('/', '-').replace(':', '-')}"
            here = f"docker://127.0.0.1:{server.port}/{project.path}/{image}"
            programs.works("skopeo", *PLAIN, "copy", *FROM, "--all", "--preserve-digests", here, f"dir:{back}")

    taken = imported()
    assert [taken[name]["problems"] for name in ("web", "team/multi")] == [[], []]
    assert (taken["web"]["tags"], taken["team/multi"]["tags"]) == (1, 1)
    assert objects(url) == before, "no byte was written"
    assert not [path for path in (tmp_path / "new" / "blobs").rglob("*") if path.is_file()]
    require_all("in-place")
    assert server.command("verify", "--deep").returncode == 0
    assert [each["tags"] for each in imported().values()] == [0, 0], "what is here stays as it is"

    programs.works("skopeo", *PLAIN, "copy", *TO, f"oci:{single.path}:latest", f"docker://{reference}/web:2.0")
    assert imported()["web"]["tags"] == 1, "it goes on meanwhile"
    done = server.command("storage", "move", "--remove")
    assert done.returncode == 0, done.stderr
    assert set(before) <= set(objects(url)), "what it wrote is its own, and never removed"
    server.stop()
    server.table["storage"] = {"folder": str(tmp_path / "new")}
    server.change({})
    server.start()
    require_all("moved")
    assert server.command("verify", "--deep").returncode == 0


def test_a_bucket_that_is_no_store_of_ours(server: Server) -> None:
    ran = server.command("import", "s3://elsewhere", "--into", "nobody/nothing")
    assert ran.returncode == 1
    assert "[storage.other]" in ran.stderr


def test_a_bucket_that_something_else_wrote(server: Server, url: str) -> None:
    ran = server.command("import", url, "--into", "nobody/nothing")
    assert ran.returncode == 1
    assert "was not written by the reference registry" in ran.stderr
