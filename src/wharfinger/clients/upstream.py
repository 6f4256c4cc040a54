"""Another registry, to fetch blobs from: anonymously, as anybody may pull there (distribution-spec, Pulling Blobs).

Where it wants a token it says who gives them out, and that one is asked (the token scheme of docker's registry).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from wharfinger.clients.http import Limits, NoAnswer, Outbound

_LARGE: Final = Limits(seconds=6 * 3600, answer_bytes=1024**4, redirects=5)
_ATTRIBUTE: Final = re.compile(r'(\w+)="([^"]*)"')
_FOUND, _UNAUTHORIZED = 200, 401


@dataclass(frozen=True, slots=True)
class Upstream:
    """One repository of a registry: `https://registry.example.com/team/image`."""

    outbound: Outbound
    url: str

    def blob(self, digest: str) -> Iterator[bytes]:
        """The bytes of a blob as they come; they may be anything. Raises NoAnswer, while reading too."""
        parts = urlsplit(self.url)
        url = f"{parts.scheme}://{parts.netloc}/v2/{parts.path.strip('/')}/blobs/{digest}"
        token = self._token(url)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        with self.outbound.stream("GET", url, headers=headers, limits=_LARGE) as answer:
            if answer.status_code != _FOUND:
                raise NoAnswer(f"{parts.netloc} answered {answer.status_code} when it was asked for {digest}")
            yield from answer.iter_raw(1024 * 1024)

    def _token(self, url: str) -> str:
        """A token to pull with, where one is wanted."""
        answer = self.outbound.ask("HEAD", url)
        challenge = answer.headers.get("www-authenticate", "")
        if answer.status != _UNAUTHORIZED or not challenge.lower().startswith("bearer "):
            return ""
        said = dict(_ATTRIBUTE.findall(challenge))
        query = urlencode({name: said[name] for name in ("service", "scope") if name in said})
        found = self.outbound.ask("GET", f"{said.get('realm', '')}?{query}")
        try:
            table = json.loads(found.body)
            return str(table.get("token") or table["access_token"])
        except (ValueError, KeyError, AttributeError, TypeError):
            raise NoAnswer(f"{urlsplit(url).netloc} wants a token, and gives none to somebody without a name") from None
