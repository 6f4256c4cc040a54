"""What a handler of this dialect is handed, and the small things several of them need."""

from dataclasses import dataclass

from wharfinger.domain.access import Caller
from wharfinger.domain.errors import PageInvalid
from wharfinger.domain.tools import Tools
from wharfinger.web.request import Request
from wharfinger.web.respond import Answer, Headers


@dataclass(slots=True)
class Call:
    """One request to `/v2`: who asks, for which repository, and what stands last in the path."""

    tools: Tools
    caller: Caller
    request: Request
    name: str  # repository path, of the spec's grammar; "" on routes without one
    reference: str  # tag, digest or upload session; "" on routes without one

    @property
    def url(self) -> str:
        """The path of the repository, to start a Location with."""
        return f"/v2/{self.name}"

    def page_size(self) -> int:
        """`n` of this request, or the default; never more than the limit. Raises PageInvalid."""
        text, policy = self.request.query("n"), self.tools.policy
        if text is None:
            return policy.page_default
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise PageInvalid(f"n is {text[:40]!r}; it must be a whole number of entries, for instance n=100")
        return min(int(text), policy.page_limit)

    def last(self) -> str:
        """`last` of this request, "" without one. Raises PageInvalid where no database takes it."""
        text = self.request.query("last") or ""
        if "\x00" in text:
            raise PageInvalid("last has a zero byte, which no name has: send the last name of the page before")
        return text


def empty_answer(status: int, headers: Headers) -> Answer:
    """No body, and says so."""
    return Answer(status, [*headers, (b"content-length", b"0")] if status != 204 else headers)
