"""Giving data keys a new wrapping: after that, an old master key opens nothing here any more.

A blob's data key stands in its row, wrapped. Re-wrapping changes rows and no blob, in short transactions beside a
running server, and may be ended and started again at any time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wharfinger.db import images, uploads
from wharfinger.domain.tools import Tools
from wharfinger.storage.masterkey import MasterKey
from wharfinger.storage.place import Place
from wharfinger.storage.shelf import rewrapped
from wharfinger.storage.uploading import State

_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """One page of rows: how many were looked at, got a new wrapping, and changed meanwhile so that they did not."""

    seen: int
    changed: int
    left: int


def count(tools: Tools) -> int:
    """How many blobs there are to look at."""
    with tools.db.read() as tx:
        return images.count(tx)["blobs"]


def rekey(tools: Tools, masters: MasterKey) -> Iterator[Rewrapped]:
    """Wrap every data key under the current master key, page by page.

    Uploads that a request has open are left: they get the present key when they are kept. Raises StoreFailed where a
    key cannot be opened; the pages before stay done.
    """
    for rewrap in (_blobs, _uploads):
        after: str | None = ""
        while after is not None:
            page, after = rewrap(tools, masters, after)
            yield page


def _blobs(tools: Tools, masters: MasterKey, after: str) -> tuple[Rewrapped, str | None]:
    with tools.db.read() as tx:
        page = images.places_page(tx, after, _PAGE)
    new = {digest: rewrapped(Place.parse(place), masters).text() for digest, place in page if place}
    wanted = [(digest, place, new[digest]) for digest, place in page if place and new[digest] != place]
    with tools.db.begin() as tx:
        changed = sum(images.move_blob(tx, *row) for row in wanted)
    return Rewrapped(len(page), changed, len(wanted) - changed), page[-1][0] if page else None


def _uploads(tools: Tools, masters: MasterKey, after: str) -> tuple[Rewrapped, str | None]:
    with tools.db.read() as tx:
        page = uploads.page(tx, after, _PAGE)
    new = {upload: State.parse(text).rewrapped(masters).text() for upload, text in page}
    wanted = [(upload, text, new[upload]) for upload, text in page if new[upload] != text]
    with tools.db.begin() as tx:
        changed = sum(uploads.change(tx, *row) for row in wanted)
    return Rewrapped(len(page), changed, len(wanted) - changed), page[-1][0] if page else None
