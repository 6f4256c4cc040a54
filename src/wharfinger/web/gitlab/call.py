"""What a handler of this dialect is handed, and how it reads parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from wharfinger.domain.access import Caller
from wharfinger.domain.tools import Tools
from wharfinger.spec.errors import quoted
from wharfinger.web.gitlab.errors import ParameterInvalid
from wharfinger.web.request import Request

PAGE_DEFAULT: Final = 100
PAGE_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks, for which repository (or path of several), and which tag; "" where none is named.

    `url` is the address of what was asked for, as the client knows it; `body` what came along.
    """

    tools: Tools
    caller: Caller
    request: Request
    name: str
    tag: str
    url: str
    body: bytes = b""

    def page_size(self) -> int:
        """`n` of this request. Raises ParameterInvalid."""
        text = self.request.query("n")
        if text is None:
            return PAGE_DEFAULT
        if not (text.isascii() and text.removeprefix("-").isdigit()):
            sentence = f"n is {quoted(text)}; it is a number of entries, for instance n=100"
            raise ParameterInvalid(sentence, "n", "INVALID_QUERY_PARAMETER_TYPE")
        if len(text) > len(str(PAGE_LIMIT)) or not 1 <= int(text) <= PAGE_LIMIT:
            raise ParameterInvalid(f"n is {quoted(text)}; it can be 1 to {PAGE_LIMIT}", "n")
        return int(text)

    def choice(self, name: str, among: Sequence[str], otherwise: str) -> str:
        """A parameter that has one of few values. Raises ParameterInvalid."""
        text = self.request.query(name)
        if text is not None and text not in among:
            raise ParameterInvalid(f"{name} is {quoted(text)}; it can be {' or '.join(among)}", name)
        return otherwise if text is None else text

    def link(self, way: str, **marker: str) -> str:
        """The address of another page of the same listing, as a part of a Link header (RFC 8288)."""
        kept = ("n", "sort", "name", "referrers", "referrer_type")
        given = [(name, value) for name in kept if (value := self.request.query(name)) is not None]
        return f'<{self.url}?{urlencode([*given, *marker.items()])}>; rel="{way}"'


def moment(value: datetime) -> str:
    """ISO 8601 in UTC, with milliseconds."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
