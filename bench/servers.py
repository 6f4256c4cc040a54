"""The servers that are compared: Debian's docker-registry as it ships, nginx as it ships, and Wharfinger."""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from bench.process import Process, free_port
from bench.wire import Wire

_OVER = count(1)
_PEER = """version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: {root}
  delete:
    enabled: true
http:
  addr: 127.0.0.1:{port}
  headers:
    X-Content-Type-Options: [nosniff]
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
"""
_NGINX = """daemon off;
{user}worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 768; }}
http {{
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; location = /ready {{ return 200; }} }}
}}
"""


class Server(ABC):
    """A server with a folder of its own, on a port of its own."""

    name: str
    ready: str  # the path that is answered with 200 once it serves

    def __init__(self, scratch: Path) -> None:
        self.folder = scratch / self.name
        self.folder.mkdir()
        self.port = free_port()
        self.process = Process(self.prepare(), self.folder / "log", folder=self.folder)

    @abstractmethod
    def prepare(self) -> Sequence[str]:
        """Write its configuration; the command that starts it."""

    def start(self) -> None:
        """Start and wait until it serves."""
        self.process.start(self.port, self.ready)

    def stop(self) -> None:
        """End it; its data stay."""
        self.process.stop()

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """End it and give back its disk space.

        Files are emptied, not removed, until all is measured: ext4 avoids an inode for minutes after it was freed, so
        whoever creates files after a big removal pays for a long search.
        """
        self.stop()
        if not self.folder.exists():
            return
        for path in self.folder.rglob("*"):
            if path.is_file() and path.stat().st_size > 64 * 1024:
                os.truncate(path, 0)
        self.folder.rename(f"{self.folder}-{next(_OVER)}")

    def authorization(self, *scopes: str) -> str:
        """The Authorization header for requests of these scopes; empty where the server asks for none."""
        del scopes
        return ""

    def wire(self, repository: str = "") -> Wire:
        """A connection that may pull from and push to this repository."""
        return Wire(self.port, self.authorization(f"repository:{repository}:pull,push") if repository else "")


class Peer(Server):
    """docker-registry with the settings Debian ships, less the password file, and with a folder and port of ours."""

    name = "peer"
    ready = "/v2/"

    def prepare(self) -> Sequence[str]:
        root, written = self.folder / "data", self.folder / "config.yml"
        root.mkdir()
        written.write_text(_PEER.format(root=root, port=self.port))
        return ["docker-registry", "serve", str(written)]

    @property
    def repositories(self) -> Path:
        """Where it keeps what belongs to each repository."""
        return self.folder / "data" / "docker" / "registry" / "v2" / "repositories"

    def add_tags(self, path: str, names: Sequence[str], digest: str) -> None:
        """Let these tags point at a manifest of the repository, as files: it has no other memory."""
        folder = self.repositories / path / "_manifests" / "tags"
        for name in names:
            current = folder / name / "current"
            current.mkdir(parents=True)
            (current / "link").write_text(digest)

    def add_repositories(self, paths: Sequence[str]) -> None:
        """Have it list these repositories."""
        for path in paths:
            (self.repositories / path / "_layers").mkdir(parents=True)


class Nginx(Server):
    """nginx with Debian's settings, serving a folder of files; it never closes a connection by itself here."""

    name = "nginx"
    ready = "/ready"

    def prepare(self) -> Sequence[str]:
        written = self.folder / "nginx.conf"
        (self.folder / "files").mkdir()
        user = "user root;\n" if written.parent.owner() == "root" else ""  # its workers must reach the scratch folder
        written.write_text(_NGINX.format(folder=self.folder, port=self.port, user=user))
        return ["nginx", "-p", str(self.folder), "-c", str(written)]

    def keep(self, name: str, pieces: Sequence[bytes | memoryview]) -> str:
        """Put a file where it is served; its path."""
        with (self.folder / "files" / name).open("wb") as file:
            for piece in pieces:
                file.write(piece)
        return f"/{name}"
