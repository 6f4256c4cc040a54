"""What pages about images are looked at with: a project with an image of every kind in it."""

import json

from tests.domain.gallery import Gallery, child
from tests.domain.shelf import IMAGE
from wharfinger.domain import projects
from wharfinger.domain.access import OPERATOR, Project
from wharfinger.domain.tools import Tools

EVIL = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
BUILD = [
    {"created_by": "/bin/sh -c #(nop) ADD file:4a5d3f in / ", "created": "2026-03-01T12:00:00Z"},
    {"created_by": 'CMD ["bash"]', "empty_layer": True},
    {"created_by": "ENV LANG=C.UTF-8", "empty_layer": True},
    {"created_by": "RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends ca-certificates "
     "curl && rm -rf /var/lib/apt/lists/* # buildkit"},
    {"created_by": "WORKDIR /srv/lantern # buildkit", "empty_layer": True},
    {"created_by": "COPY requirements.txt . # buildkit"},
    {"created_by": "RUN /bin/sh -c pip install --no-cache-dir -r requirements.txt # buildkit"},
    {"created_by": "COPY . . # buildkit"},
]  # fmt: skip
RUN = {
    "User": "1000:1000",
    "ExposedPorts": {"8080/tcp": {}},
    "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "LANTERN_MODE=production"],
    "Entrypoint": ["/usr/local/bin/lantern"],
    "Cmd": ["serve", "--port", "8080"],
    "WorkingDir": "/srv/lantern",
    "Labels": {
        "org.opencontainers.image.title": "lantern",
        "org.opencontainers.image.source": "https://git.example.com/quay/lantern",
        "org.opencontainers.image.revision": "9fceb02d0ae598e95dc970b74767f19372d61af8",
    },
}


class Wares(Gallery):
    """One project: `web` has images, an index, signatures; others a chart, a build cache, a model."""

    def __init__(self, tools: Tools, name: str = "web", project: Project | None = None) -> None:
        super().__init__(tools, name, project)
        self.place = projects.get(tools, OPERATOR, self.project)

    def built(self, salt: str, tag: str | None = None, *, architecture: str = "amd64", **changes: object) -> str:
        """An image of five layers, the first three of which all of one architecture share."""
        config = {"os": "linux", "architecture": architecture, "created": "2026-03-01T12:30:00Z", "author": "Ada",
                  "config": RUN, "history": BUILD, **changes}  # fmt: skip
        layers = [f"{architecture} layer {n} {salt if n > 2 else ''}".encode() * (n * 37 + 3) for n in range(5)]
        return self.container(config, *layers, tag=tag)

    def everything(self) -> "Wares":
        """Fill the shelves."""
        for version in ("1.0", "1.1", "1.2"):
            self.built(version, version)
        amd, arm = self.built("2", architecture="amd64"), self.built("2", architecture="arm64")
        noted = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd}
        proof = self.artifact("application/vnd.docker.attestation.manifest.v1+json", b"provenance")
        index = self.platforms(
            child(amd, "linux/amd64"), child(arm, "linux/arm64"), child(proof, "unknown/unknown", **noted),
            child("sha256:" + "0" * 64, "linux/s390x"), tag="2.0",
        )  # fmt: skip
        about = {"subject": {"mediaType": IMAGE, "digest": index, "size": 2}}
        self.artifact("application/vnd.dev.cosign.artifact.sig.v1+json", b"signed", **about)
        self.artifact("application/spdx+json", b"packages", **about, annotations={"org.example.by": EVIL})
        self.artifact("application/vnd.dev.cosign.artifact.sig.v1+json", b"old", tag=f"{index.replace(':', '-')}.sig")
        self.evil()
        return self

    def evil(self) -> str:
        """An image that says what would be a script, wherever it can say something."""
        run = {"Env": [f"A={EVIL}"], "Labels": {EVIL: EVIL, "direction": "a\u202etxt.exe"}, "Entrypoint": [EVIL],
               "Cmd": EVIL, "User": EVIL, "WorkingDir": EVIL, "ExposedPorts": {EVIL: {}}}  # fmt: skip
        config = {"os": EVIL, "architecture": "amd64", "author": EVIL, "config": run}
        layer = self.described(b"evil", "application/vnd.oci.image.layer.v1.tar+gzip", annotations={EVIL: EVIL})
        body = self.described(
            json.dumps(config | {"history": [{"created_by": EVIL}]}).encode(),
            "application/vnd.oci.image.config.v1+json",
        )
        return self.put(
            {"schemaVersion": 2, "mediaType": IMAGE, "config": body, "layers": [layer], "annotations": {EVIL: EVIL}},
            "evil",
        )

    def chart(self, tag: str = "0.4.1") -> str:
        """A Helm chart."""
        said = {"name": "shop", "version": "0.4.1", "appVersion": "2.0", "description": "A shop on the quay"}
        config = self.described(json.dumps(said).encode(), "application/vnd.cncf.helm.config.v1+json")
        layer = self.described(b"tgz", "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
        return self.put({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [layer]}, tag)
