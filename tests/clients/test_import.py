"""Taking over what the reference registry wrote: pushed there by skopeo, imported, pulled here byte for byte."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from tests.clients import layouts
from tests.clients.programs import Programs, find, need
from tests.clients.test_skopeo import FROM, PLAIN, TO
from tests.serving import Server, free_port, until
from wharfinger.db.tables.images import tags

LONG_AGO = 1_500_000_000


@pytest.fixture
def reference(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The reference registry, with no images yet: host and folder."""
    need("docker-registry", "skopeo")
    port, folder, settings = free_port(), tmp_path / "reference", tmp_path / "reference.yml"
    storage = {"filesystem": {"rootdirectory": str(folder)}}
    settings.write_text(json.dumps({"version": 0.1, "storage": storage, "http": {"addr": f"127.0.0.1:{port}"}}))
    with (tmp_path / "reference.log").open("wb") as log:
        process = subprocess.Popen([str(find("docker-registry")), "serve", str(settings)], stdout=log, stderr=log)

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/v2/").status_code == 200
        except httpx.TransportError:
            return False

    assert until(answers), (tmp_path / "reference.log").read_text()
    yield f"127.0.0.1:{port}", folder
    process.terminate()
    process.wait()


def test_everything_is_taken_over_and_pulled_byte_for_byte(
    server: Server, reference: tuple[str, Path], programs: Programs, tmp_path: Path
) -> None:
    host, folder = reference
    single, multi = layouts.single(tmp_path / "one", tmp_path.name), layouts.multi(tmp_path / "two", tmp_path.name)
    for layout, image, form in (
        (single, "web:1.0", "oci"), (single, "web:docker", "v2s2"), (multi, "team/multi:latest", "oci"),
        (multi, "team/multi:docker", "v2s2"), (single, "a/b/c/deep:1", "oci"),
    ):  # fmt: skip
        source = f"oci:{layout.path}:latest"
        programs.works(
            "skopeo", *PLAIN, "copy", *TO, "--all", "--format", form, source, f"docker://{host}/{image}"
        )  # fmt: skip
    link = folder / "docker/registry/v2/repositories/web/_manifests/tags/1.0/current/link"
    os.utime(link, (LONG_AGO, LONG_AGO))
    broken = folder / "docker/registry/v2/repositories/web/_manifests/tags/broken/current/link"
    broken.parent.mkdir(parents=True)
    broken.write_text("sha256:nothing")
    project = server.project(visibility="public")
    ran = server.command("import", str(folder), "--into", project.path, "--copy", "--json")
    assert ran.returncode == 3, ran.stderr
    taken = {each["repository"]: each for each in json.loads(ran.stdout)}
    assert [len(taken[name]["problems"]) for name in ("web", "team/multi", "a/b/c/deep")] == [1, 0, 1]
    assert "broken" in taken["web"]["problems"][0]
    assert "too deep" in taken["a/b/c/deep"]["problems"][0]
    assert (taken["web"]["tags"], taken["team/multi"]["tags"]) == (2, 2)
    for image in ("web:1.0", "web:docker", "team/multi:latest", "team/multi:docker"):
        raw = [
            programs.works("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{place}/{image}")
            for place in (host, f"127.0.0.1:{server.port}/{project.path}")
        ]
        assert raw[0] == raw[1]
        back = tmp_path / image.replace("/", "-").replace(":", "-")
        here = f"docker://127.0.0.1:{server.port}/{project.path}/{image}"
        programs.works("skopeo", *PLAIN, "copy", *FROM, "--all", "--preserve-digests", here, f"dir:{back}")
        assert (back / "manifest.json").read_text().strip() == raw[0]
    with server.tools.db.read() as tx:
        (moment,) = tx.scalars(select(tags.c.pushed_at).where(tags.c.name == "1.0", tags.c.pushed_by == "import"))
    assert moment.timestamp() == LONG_AGO
    again = json.loads(server.command("import", str(folder), "--into", project.path, "--copy", "--json").stdout)
    assert sum(each[what] for each in again for what in ("manifests", "tags", "blobs")) == 0
    shutil.rmtree(folder)
    verified = server.command("verify", "--deep", "--anew", "--json")
    assert json.loads(verified.stdout)["problems_left"] == 0


def test_files_are_linked_not_copied(
    server: Server, reference: tuple[str, Path], programs: Programs, tmp_path: Path
) -> None:
    host, folder = reference
    layout = layouts.single(tmp_path / "one", f"linked {tmp_path.name}")
    programs.works("skopeo", *PLAIN, "copy", *TO, f"oci:{layout.path}:latest", f"docker://{host}/web:1")
    project = server.project()
    ran = server.command("import", str(folder), "--into", project.path)
    assert ran.returncode == 0, ran.stderr
    (layer,) = [each["digest"] for each in layout.document(layout.digest)["layers"] if each["size"] > 100_000]
    hexes = layer.partition(":")[2]
    theirs = folder / "docker/registry/v2/blobs/sha256" / hexes[:2] / hexes / "data"
    ours = server.settings.store / "blobs/sha256" / hexes[:2] / hexes
    assert ours.samefile(theirs)


def test_what_was_not_written_by_it(server: Server, tmp_path: Path) -> None:
    ran = server.command("import", str(tmp_path), "--into", "nobody/nothing")
    assert ran.returncode == 1
    assert "was not written by the reference registry" in ran.stderr
