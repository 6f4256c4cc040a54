"""GET of a manifest is a pull, HEAD is none; what was gathered is written when the server stops."""

from pathlib import Path

from sqlalchemy import select

from tests.serving import Server
from tests.web.oci.conftest import fresh, settle
from tests.web.oci.contents import image
from wharfinger.db.engine import Database
from wharfinger.db.tables.images import manifests, tags


def test_get_counts_and_head_does_not(tmp_path: Path) -> None:
    server = Server(tmp_path).start()
    place = settle(server, "private")
    repository, client = fresh(place), place.maintainer
    pushed = client.push(repository, image(), "v1")
    for reference in ("v1", "v1", pushed.digest):
        assert client.get(f"/v2/{repository}/manifests/{reference}").status_code == 200
        assert client.head(f"/v2/{repository}/manifests/{reference}").status_code == 200
    assert server.stop() == 0
    db = Database.open(server.tools.db.url)
    with db.read() as tx:
        assert tx.scalar(select(tags.c.pull_count)) == 2
        assert tx.scalar(select(manifests.c.pull_count)) == 3
        assert tx.scalar(select(tags.c.last_pulled_at)) is not None
    db.close()
