"""Fetching the bytes of a blob from another registry, to put in the place of what was lost here."""

from collections.abc import Iterable, Iterator

from wharfinger.clients.http import NoAnswer
from wharfinger.clients.upstream import Upstream
from wharfinger.domain.tools import Tools
from wharfinger.domain.verify import Find
from wharfinger.storage.store import StoreFailed


def from_upstream(tools: Tools, url: str, user: str = "", password: str = "") -> Find:
    """What asks an image of another registry for blobs; the digest of what comes is compared by whoever takes it.

    `user` is empty where it is asked as anybody may.
    """
    upstream = Upstream(tools.outbound, url, user, password)

    def find(digest: str) -> Iterable[bytes]:
        return _pieces(upstream, digest)

    return find


def _pieces(upstream: Upstream, digest: str) -> Iterator[bytes]:
    try:
        yield from upstream.blob(digest)
    except NoAnswer as error:
        raise StoreFailed(f"{upstream.url} gave nothing: {error}") from error
