"""Another registry, to fetch blobs from (distribution-spec, Pulling Blobs): as anybody may, or by a name and password.

Where it wants a token it says who gives them out, and that one is asked (the token scheme of docker's registry). A name
goes along only once it was asked for, and never from https to http.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit

from wharfinger.clients.http import Limits, NoAnswer, Outbound

_LARGE: Final = Limits(seconds=6 * 3600, answer_bytes=1024**4, redirects=5)
_ATTRIBUTE: Final = re.compile(r'(\w{1,40})="([^"]*)"')
_FOUND, _UNAUTHORIZED = 200, 401


@dataclass(frozen=True, slots=True)
class Upstream:
    """One repository of a registry: `https://registry.example.com/team/image`; `user` is empty for anybody."""

    outbound: Outbound
    url: str
    user: str = ""
    password: str = field(default="", repr=False)

    def blob(self, digest: str) -> Iterator[bytes]:
        """The bytes of a blob as they come; they may be anything. Raises NoAnswer, while reading too."""
        parts = urlsplit(self.url)
        url = f"{parts.scheme}://{parts.netloc}/v2/{parts.path.strip('/')}/blobs/{digest}"
        with self.outbound.stream("GET", url, headers=self._credential(url), limits=_LARGE) as answer:
            if answer.status_code != _FOUND:
                raise NoAnswer(f"{parts.netloc} answered {answer.status_code} when it was asked for {digest}")
            yield from answer.iter_raw(1024 * 1024)

    def _credential(self, url: str) -> dict[str, str]:
        """What the registry asks for."""
        answer = self.outbound.ask("HEAD", url)
        challenge = answer.headers.get("www-authenticate", "")
        scheme = challenge.partition(" ")[0].lower()
        if answer.status == _UNAUTHORIZED and scheme == "bearer":
            return {"authorization": f"Bearer {self._token(dict(_ATTRIBUTE.findall(challenge)))}"}
        return self._named() if answer.status == _UNAUTHORIZED and scheme == "basic" else {}

    def _token(self, said: dict[str, str]) -> str:
        """A token to pull with, from where the registry says."""
        realm, host = said.get("realm", ""), urlsplit(self.url).netloc
        if self.user and self.url.startswith("https://") and not realm.startswith("https://"):
            raise NoAnswer(f"{host} gives out its tokens without TLS: the password of {self.user} is not sent there")
        query = urlencode([(name, value) for name, value in said.items() if name in ("service", "scope")])
        found = self.outbound.ask("GET", f"{realm}?{query}", headers=self._named())
        try:
            table = json.loads(found.body)
            return str(table.get("token") or table["access_token"])
        except (ValueError, KeyError, AttributeError, TypeError):
            raise NoAnswer(
                f"{host} wants a token, and gives none to {self.user or 'somebody without a name'}"
            ) from None

    def _named(self) -> dict[str, str]:
        if not self.user:
            return {}
        return {"authorization": "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()}
