"""Blobs whose bytes are brought from one place to another: the statements. Nothing here decides."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, select, update

from wharfinger.db.tables.images import blobs
from wharfinger.db.tables.trash import doomed_bytes

_MOVE: Final = update(blobs).where(blobs.c.digest == bindparam("moved")).values(place=bindparam("to"))


def found(tx: Connection, digests: Collection[str]) -> set[Row[Any]]:
    """digest, size_bytes and place of those of these blobs that there are."""
    page: Select[Any] = select(blobs.c.digest, blobs.c.size_bytes, blobs.c.place).where(blobs.c.digest.in_(digests))
    return set(tx.execute(page))


def hold(tx: Connection, digests: Collection[str]) -> dict[str, str]:
    """Where the bytes of these blobs are, by digest; nobody changes that until this transaction ends."""
    held = select(blobs.c.digest, blobs.c.place).where(blobs.c.digest.in_(digests)).order_by(blobs.c.digest)
    return {row.digest: row.place for row in tx.execute(held.with_for_update(key_share=True))}


def move(tx: Connection, places: Mapping[str, str]) -> None:
    """Let blobs that are held be in other places, by digest."""
    if places:
        tx.execute(_MOVE, [{"moved": digest, "to": place} for digest, place in places.items()])


def doomed(tx: Connection, digests: Collection[str], place: str) -> bool:
    """Are bytes that one of these has in this place to be removed?"""
    mine = doomed_bytes.c.digest.in_(digests) & (doomed_bytes.c.place == place)
    return tx.scalar(select(doomed_bytes.c.id).where(mine).limit(1)) is not None
