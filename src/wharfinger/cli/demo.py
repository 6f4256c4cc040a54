"""`wharfinger demo`: a real image through a real server, with no container tool.

Makes a project, builds an image in memory, pushes it over HTTP as docker would, pulls it back and compares. Uses the
running server, or one of its own for as long as the demo lasts.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from wharfinger.app import compose
from wharfinger.cli.demo_image import Content, Image, hello
from wharfinger.cli.options import ConfigOption
from wharfinger.cli.session import read_settings
from wharfinger.cli.terminal import Failure, say
from wharfinger.config import running
from wharfinger.config.load import load
from wharfinger.config.settings import Settings
from wharfinger.domain import projects, tokens, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import ProjectUnknown, UserUnknown
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Visibility

_USER: Final = "demo"
_PROJECT: Final = "demo/hello"
_TAG: Final = "latest"
_START_SECONDS: Final = 30.0


def demo(config: ConfigOption = None) -> None:
    """Push a small real image and pull it back, over HTTP."""
    settings = read_settings(config)
    server = running.find(settings.run)
    if server is not None:
        say(f"Using the server at {server.settings.address}.")
        _show(server.settings)
        say(_where_to_look(server.settings))
        return
    with _own_server() as own:
        say(f"No server runs here, so here is one for the length of this demo, at {own.address}.")
        _show(own)
    say("The demo's server and its data are gone again. `wharfinger serve` starts yours; then run this once more.")


def _show(settings: Settings) -> None:
    tools = compose.open_tools(settings)
    try:
        token = _prepare(tools)
    finally:
        compose.close(tools)
    say(f"Made the public project {_PROJECT} and a token for its owner that is good for an hour.")
    image = hello()
    say(f"Built an image in memory: {len(image.blobs)} blobs and a manifest, {image.size_bytes} bytes in all.")
    with httpx.Client(base_url=settings.local_address, verify=False, timeout=30) as http:  # noqa: S501 - this machine
        registry = _Registry(http, token)
        registry.push(image)
        say(f"Pushed it:  {urlsplit(settings.address).netloc}/{_PROJECT}:{_TAG}  {image.manifest.digest}")
        count = registry.pull_and_compare(image)
    say(f"Pulled it back without signing in: {count} downloads, every byte the same.")


def _prepare(tools: Tools) -> str:
    """A person, their project, and a token."""
    try:
        users.get(tools, OPERATOR, _USER)
    except UserUnknown:
        users.create(tools, OPERATOR, _USER)
    try:
        projects.get(tools, OPERATOR, _PROJECT)
    except ProjectUnknown:
        projects.create(tools, OPERATOR, _PROJECT, visibility=Visibility.PUBLIC)
    made = tokens.create_personal(
        tools,
        OPERATOR,
        "demo",
        ("read_registry", "write_registry"),
        username=_USER,
        expires_at=tools.clock() + timedelta(hours=1),
    )
    return made.secret


@dataclass(frozen=True, slots=True)
class _Registry:
    """As much of a container client as a demo needs (distribution-spec, "Push" and "Pull")."""

    http: httpx.Client
    token: str

    def push(self, image: Image) -> None:
        headers = {"Authorization": f"Bearer {self._registry_token('pull,push', (_USER, self.token))}"}
        for blob in image.blobs:
            query = {"digest": blob.digest}
            begun = _expect(202, self.http.post(f"/v2/{_PROJECT}/blobs/uploads/", headers=headers))
            sent = headers | {"Content-Type": "application/octet-stream"}
            _expect(201, self.http.put(begun.headers["location"], params=query, headers=sent, content=blob.data))
        sent = headers | {"Content-Type": image.manifest.media_type}
        _expect(201, self.http.put(self._manifest(_TAG), headers=sent, content=image.manifest.data))

    def pull_and_compare(self, image: Image) -> int:
        """How many downloads were the same as what was pushed: all of them. Raises Failure otherwise."""
        headers = {"Authorization": f"Bearer {self._registry_token('pull', None)}"}
        wanted = [(self._manifest(_TAG), image.manifest), (self._manifest(image.manifest.digest), image.manifest)]
        wanted += [(f"/v2/{_PROJECT}/blobs/{blob.digest}", blob) for blob in image.blobs]
        for path, content in wanted:
            _compare(path, content, _expect(200, self.http.get(path, headers=headers)).content)
        return len(wanted)

    def _manifest(self, reference: str) -> str:
        return f"/v2/{_PROJECT}/manifests/{reference}"

    def _registry_token(self, actions: str, basic: tuple[str, str] | None) -> str:
        query = {"service": "container_registry", "scope": f"repository:{_PROJECT}:{actions}"}
        challenge = self.http.get("/v2/").headers.get("www-authenticate", "")
        if 'service="' in challenge:
            query["service"] = challenge.partition('service="')[2].partition('"')[0]
        answer = self.http.get("/jwt/auth", params=query, auth=httpx.BasicAuth(*basic) if basic else None)
        return str(_expect(200, answer).json()["token"])


def _compare(path: str, content: Content, found: bytes) -> None:
    if found != content.data:
        raise Failure(f"{path} came back as other bytes than were pushed: `wharfinger doctor` looks for the cause")


def _expect(status: int, answer: httpx.Response) -> httpx.Response:
    if answer.status_code != status:
        request = f"{answer.request.method} {answer.request.url.path}"
        raise Failure(f"{request} was answered with {answer.status_code}, not {status}: {answer.text[:500]}")
    return answer


def _where_to_look(settings: Settings) -> str:
    host = urlsplit(settings.address).netloc
    return f"""
Where to look, with any tool you have:
  docker run --rm {host}/{_PROJECT}:{_TAG}
  skopeo inspect {"--tls-verify=false " if settings.scheme == "http" else ""}docker://{host}/{_PROJECT}:{_TAG}
  curl {settings.address}/-/metrics
  wharfinger project list"""


@contextmanager
def _own_server() -> Iterator[Settings]:
    """A server on a free port of the loopback, with a data folder that ends with it."""
    with tempfile.TemporaryDirectory(prefix="wharfinger-demo-") as name:
        folder = Path(name)
        file = folder / "wharfinger.toml"
        file.write_text(f'data = "data"\n[server]\nlisten = "127.0.0.1:{_free_port()}"\nworkers = 1\n')
        environ = {key: value for key, value in os.environ.items() if not key.startswith("WHARFINGER_")}
        command = [sys.executable, "-m", "wharfinger", "serve", "--config", str(file)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=log)
        settings = load(file, {})
        try:
            _wait(process, settings, folder / "log")
            yield settings
        finally:
            process.terminate()
            process.wait()


def _wait(process: subprocess.Popen[bytes], settings: Settings, log: Path) -> None:
    ends = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            if httpx.get(f"{settings.local_address}/-/ready", timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise Failure(f"the demo's own server does not start: {log.read_text(errors='replace')[-1000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
