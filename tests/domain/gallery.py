"""A shelf of real things: container images with configs, indexes, charts, signatures; and people to look at them."""

import json
from typing import Any

from tests.actors import Actors
from tests.domain.people import person
from tests.domain.shelf import IMAGE, INDEX, Shelf
from wharfinger.domain import members
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.rules.roles import Role
from wharfinger.spec import media_types

Descriptor = dict[str, Any]


class Gallery(Shelf):
    """`reader` is a guest of the project, who signed in with a password, as the pages have it."""

    @property
    def reader(self) -> Caller:
        if not hasattr(self, "_reader"):
            self._reader = self.member(Role.GUEST)
        return self._reader

    def member(self, role: Role) -> Caller:
        """A new person with this role in the project."""
        name = Actors(self.tools).user().username
        someone = person(self.tools, f"{name}-too")
        members.add(self.tools, OPERATOR, self.project, someone.name, role)
        return someone

    def described(self, data: bytes, media_type: str, **more: Any) -> Descriptor:
        """Push a blob and describe it."""
        return {"mediaType": media_type, "digest": self.blob(data), "size": len(data), **more}

    def container(self, config: dict[str, Any] | bytes, *layers: bytes, tag: str | None = None, **more: Any) -> str:
        """A container image with this config."""
        body = config if isinstance(config, bytes) else json.dumps(config).encode()
        named = [self.described(layer, media_types.OCI_LAYER_GZIP) for layer in layers]
        return self.put(
            {
                "schemaVersion": 2,
                "mediaType": IMAGE,
                "config": self.described(body, media_types.OCI_CONFIG),
                "layers": named,
                **more,
            },
            tag,
        )

    def artifact(self, artifact_type: str, *files: bytes, tag: str | None = None, **more: Any) -> str:
        """An artifact with an empty config."""
        return self.put(
            {
                "schemaVersion": 2,
                "mediaType": IMAGE,
                "artifactType": artifact_type,
                "config": self.described(b"{}", media_types.OCI_EMPTY),
                "layers": [self.described(file, "text/plain") for file in files],
                **more,
            },
            tag,
        )

    def platforms(self, *children: Descriptor, tag: str | None = None) -> str:
        """An index of these."""
        return self.put({"schemaVersion": 2, "mediaType": INDEX, "manifests": list(children)}, tag)


def child(digest: str, platform: str, **annotations: str) -> Descriptor:
    """An image in an index, for a platform like linux/arm64."""
    system, processor, *variant = platform.split("/")
    runs_on = {"os": system, "architecture": processor} | ({"variant": variant[0]} if variant else {})
    found: Descriptor = {"mediaType": IMAGE, "digest": digest, "size": 2, "platform": runs_on}
    return found | ({"annotations": annotations} if annotations else {})
