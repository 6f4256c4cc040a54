"""Pushes, moves of tags and deletions at the same moment, of the very same blobs: the meters are right afterwards."""

import json
import os
import random
import threading
import time
from typing import Any

from tests.actors import Actors
from wharfinger.db import garbage as garbage_rows
from wharfinger.domain import garbage, images, projects, push, quotas, recount, trash, uploads
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import Refusal
from wharfinger.domain.tools import Tools
from wharfinger.spec import digest as digests

SECONDS = float(os.environ.get("WHARFINGER_SOAK_SECONDS", "6"))
THREADS = 8
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class Crowd:
    """Two projects of a group, one repository in each, and many who do anything to them at once."""

    def __init__(self, tools: Tools) -> None:
        self.tools, actors = tools, Actors(tools)
        self.groups = [actors.group().path, actors.group().path]
        self.projects = [actors.project(f"{self.groups[0]}/p{number}").path for number in range(2)]
        self.documents = [self._image(layers) for layers in ((0, 1), (1, 2), (2, 3), (0, 3))]
        self.documents += [self._index(0, 1), self._index(1, 2)]
        self.documents.append(self._image((3, 4), subject=self.documents[0]))
        self.failures: list[BaseException] = []
        self.done = 0

    def run(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        crew = [threading.Thread(target=self._work, args=(number, ends)) for number in range(THREADS)]
        for one in crew:
            one.start()
        for one in crew:
            one.join()

    def _work(self, number: int, ends: float) -> None:
        chance = random.Random(number)
        acts = (
            [self._push] * 8
            + [self._delete_tag] * 3
            + [self._delete_manifest, self._restore, self._collect, self._move]
        )
        while time.monotonic() < ends and not self.failures:
            try:
                chance.choice(acts)(chance)
                self.done += 1
            except (Refusal, garbage_rows.GaveWay):
                continue
            except BaseException as error:
                self.failures.append(error)

    def _path(self, chance: random.Random) -> str:
        return f"{projects.get(self.tools, OPERATOR, chance.choice(self.projects)).path}/app"

    def _push(self, chance: random.Random) -> None:
        path, document = self._path(chance), chance.choice(self.documents)
        caller = Actors.pusher(self.tools, path)
        for layer in document.get("layers", ()):
            data = self._data(layer["digest"])
            session = uploads.begin(self.tools, caller, path)
            uploads.append(self.tools, caller, path, session.id, start=0, pieces=[data], digest=layer["digest"])
        tags = [chance.choice(("a", "b", "c"))] if chance.random() < 0.7 else []
        body = json.dumps(document).encode()
        push.manifest(
            self.tools, caller, path, digest=digests.of(body), tags=tags, media_type=document["mediaType"], body=body
        )

    def _delete_tag(self, chance: random.Random) -> None:
        images.delete_tag(self.tools, OPERATOR, self._path(chance), chance.choice(("a", "b", "c")))

    def _delete_manifest(self, chance: random.Random) -> None:
        body = json.dumps(chance.choice(self.documents)).encode()
        images.delete_manifest(self.tools, OPERATOR, self._path(chance), digests.of(body))

    def _restore(self, chance: random.Random) -> None:
        project = chance.choice(self.projects)
        entries = trash.list_trash(self.tools, OPERATOR, project)
        if entries:
            trash.restore(self.tools, OPERATOR, project, chance.choice(entries).id)

    def _collect(self, _chance: random.Random) -> None:
        garbage.step(self.tools)
        quotas.add_up(self.tools)

    def _move(self, chance: random.Random) -> None:
        projects.move(self.tools, OPERATOR, chance.choice(self.projects), chance.choice(self.groups))

    def _data(self, digest: str) -> bytes:
        return next(data for data in map(self._layer, range(5)) if digests.of(data) == digest)

    def _layer(self, number: int) -> bytes:
        return f"layer {number}".encode() * (number + 1)

    def _image(self, layers: tuple[int, ...], subject: dict[str, Any] | None = None) -> dict[str, Any]:
        data = [self._layer(number) for number in layers]
        named = [{"mediaType": IMAGE, "digest": digests.of(each), "size": len(each)} for each in data]
        document = {"schemaVersion": 2, "mediaType": IMAGE, "config": named[0], "layers": named}
        return document | ({"subject": self._named(subject)} if subject else {})

    def _index(self, *children: int) -> dict[str, Any]:
        named = [self._named(self.documents[number]) for number in children]
        return {"schemaVersion": 2, "mediaType": INDEX, "manifests": named}

    def _named(self, document: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(document).encode()
        return {"mediaType": document["mediaType"], "digest": digests.of(body), "size": len(body)}


def test_the_meters_are_right_after_everything_at_once(tools: Tools) -> None:
    crowd = Crowd(tools)
    crowd.run(SECONDS)
    if crowd.failures:
        raise crowd.failures[0]
    assert crowd.done > THREADS
    with tools.db.read() as tx:
        assert not recount.drift(tx)
