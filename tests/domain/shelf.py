"""One repository in this process: push, look and delete in a line each."""

import json
from typing import Any

from sqlalchemy import select

from tests.actors import Actors
from wharfinger.db.tables.images import blobs, manifest_blobs, repository_blobs
from wharfinger.db.tables.trash import doomed_bytes
from wharfinger.domain import garbage, images, pull, push, trash, uploads
from wharfinger.domain.access import OPERATOR, Caller, Grant, Project
from wharfinger.domain.tools import Tools
from wharfinger.domain.trash import Trashed
from wharfinger.rules.roles import Action
from wharfinger.rules.scopes import CredentialKind
from wharfinger.spec import digest as digests

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class Shelf:
    """A repository of a project of its own, and somebody who may do everything with it."""

    def __init__(self, tools: Tools, name: str = "app", project: Project | None = None) -> None:
        self.tools = tools
        project = project or Actors(tools).project()
        self.project, self.path, self.other = project.path, f"{project.path}/{name}", f"{project.path}/other"
        grants = {path: Grant(project.id, frozenset(Action)) for path in (self.path, self.other)}
        self.caller = Caller(CredentialKind.PERSONAL, "ada", grants=grants)

    def blob(self, data: bytes, path: str = "") -> str:
        path, digest = path or self.path, digests.of(data)
        session = uploads.begin(self.tools, self.caller, path)
        uploads.append(self.tools, self.caller, path, session.id, start=0, pieces=[data], digest=digest)
        return digest

    def image(self, *layers: bytes, tag: str | None = None, subject: str | None = None, path: str = "") -> str:
        named = [
            {"mediaType": "application/octet-stream", "digest": self.blob(data, path), "size": len(data)}
            for data in layers or (b"a layer",)
        ]
        document: dict[str, Any] = {"schemaVersion": 2, "mediaType": IMAGE, "config": named[0], "layers": named}
        if subject:
            document["subject"] = {"mediaType": IMAGE, "digest": subject, "size": 2}
        return self.put(document, tag, path)

    def index(self, *children: str, tag: str | None = None) -> str:
        named = [{"mediaType": IMAGE, "digest": digest, "size": 2} for digest in children]
        return self.put({"schemaVersion": 2, "mediaType": INDEX, "manifests": named}, tag)

    def put(self, document: dict[str, Any], tag: str | None, path: str = "") -> str:
        body = json.dumps(document).encode()
        tags = [tag] if tag else []
        return push.manifest(
            self.tools, self.caller, path or self.path,
            digest=None, tags=tags, media_type=document["mediaType"], body=body,
        ).digest  # fmt: skip

    def tag(self, reference: str, tag: str) -> None:
        """Push what is under a reference again, under another tag; no blob is sent."""
        found = pull.manifest(self.tools, self.caller, self.path, reference)
        push.manifest(
            self.tools, self.caller, self.path, digest=None, tags=[tag], media_type=found.media_type, body=found.body
        )

    def has(self, reference: str, path: str = "") -> bool:
        """Is this tag or manifest here, with every blob and its bytes?"""
        return not self.missing(reference, path)

    def missing(self, reference: str, path: str = "") -> list[str]:
        """What of this tag or manifest is not here, and how it stands with the bytes."""
        find = self.tools.lookup.by_digest if digests.is_digest(reference) else self.tools.lookup.by_tag
        found = find(path or self.path, reference)
        if found is None:
            return [f"{reference} is not found in {path or self.path}"]
        named = {layer["digest"] for layer in json.loads(found.body).get("layers", [])}
        return [
            f"{digest}, a blob of {reference} in {path or self.path}: {self.rows_of(digest)}"
            for digest in sorted(named)
            if not self.has_blob(digest, path)
        ]

    def has_blob(self, digest: str, path: str = "") -> bool:
        found = self.tools.lookup.blob(path or self.path, digest)
        return found is not None and self.tools.store.kept(digest, found.place)

    def rows_of(self, digest: str) -> str:
        """What the tables say about a blob, and whether the store has its bytes; the repositories by their ids."""
        told = [f"bytes kept: {self.tools.store.kept(digest)}", f"asked at {self.tools.clock()}"]
        with self.tools.db.read() as tx:
            for table in (blobs, repository_blobs, manifest_blobs, doomed_bytes):
                rows = tx.execute(select(table).where(table.c.digest == digest)).mappings()
                told.append(f"{table.name}: {[dict(row) for row in rows]}")
        return "; ".join(told)

    def look(self, digest: str) -> None:
        """What HEAD does."""
        if pull.blob(self.tools, self.caller, self.path, digest).leaving:
            pull.keep_blob(self.tools, self.caller, self.path, digest)

    def delete(self, reference: str) -> None:
        delete = images.delete_manifest if digests.is_digest(reference) else images.delete_tag
        delete(self.tools, self.caller, self.path, reference)

    def trash(self) -> list[Trashed]:
        """Oldest first."""
        return trash.list_trash(self.tools, OPERATOR, self.project)[::-1]

    def restore(self, number: int) -> None:
        trash.restore(self.tools, OPERATOR, self.project, number)

    def collect(self) -> garbage.Freed:
        """Until nothing is left to do now."""
        freed = garbage.Freed()
        while (done := garbage.step(self.tools)).reviewed:
            freed += done
        return freed
