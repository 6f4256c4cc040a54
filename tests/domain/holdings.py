"""Images on a real local store, pushed by the operations themselves, and what a test does to their bytes."""

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.actors import Actors
from wharfinger.domain import access, push, uploads
from wharfinger.domain.access import OPERATOR, Caller, Grant
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action
from wharfinger.spec import digest as digests
from wharfinger.spec import media_types
from wharfinger.storage.local import LocalStore


@dataclass(frozen=True)
class Holdings:
    """A registry with one project, on files in `folder`."""

    tools: Tools
    folder: Path
    project: str

    @classmethod
    def make(cls, tools: Tools, folder: Path) -> "Holdings":
        tools = replace(tools, store=LocalStore(folder))
        return cls(tools, folder, Actors(tools).project().path)

    def caller(self, path: str) -> Caller:
        with self.tools.db.read() as tx:
            place = access.open_repository(tx, OPERATOR, path, Action.PUSH)
        return replace(OPERATOR, grants={path: Grant(place.project_id, frozenset(Action))})

    def blob(self, path: str, data: bytes) -> str:
        caller, digest = self.caller(path), digests.of(data)
        session = uploads.begin(self.tools, caller, path)
        uploads.append(self.tools, caller, path, session.id, start=0, pieces=[data], digest=digest)
        return digest

    def image(self, name: str, tag: str, layers: list[bytes]) -> str:
        """Push an image of these layers; returns its digest."""
        path = f"{self.project}/{name}"
        blobs = [(self.blob(path, data), len(data)) for data in [b"{}", *layers]]
        described = [{"mediaType": media_types.OCI_LAYER, "digest": digest, "size": size} for digest, size in blobs]
        return self.manifest(path, tag, {"config": described[0], "layers": described[1:]}, media_types.OCI_IMAGE)

    def index(self, name: str, tag: str, children: list[str]) -> str:
        described = [{"mediaType": media_types.OCI_IMAGE, "digest": digest, "size": 1} for digest in children]
        return self.manifest(f"{self.project}/{name}", tag, {"manifests": described}, media_types.OCI_INDEX)

    def manifest(self, path: str, tag: str, fields: dict[str, Any], media_type: str) -> str:
        body = json.dumps({"schemaVersion": 2, "mediaType": media_type, **fields}).encode()
        tags = [tag] if tag else []
        pushed = push.manifest(
            self.tools, self.caller(path), path, digest=digests.of(body), tags=tags, media_type=media_type, body=body
        )
        return pushed.digest

    def file(self, digest: str) -> Path:
        algorithm, _, hexes = digest.partition(":")
        return self.folder / "blobs" / algorithm / hexes[:2] / hexes

    def stray(self, data: bytes) -> str:
        """A file that no row needs."""
        digest = digests.of(data)
        self.file(digest).write_bytes(data)
        return digest


def settle() -> None:
    """Until what was written counts as having been there: the system's times of files are coarse."""
    time.sleep(0.02)
