"""Uploads: how the bytes of a blob arrive, in one request or in many, at any process of any host.

An upload needs no row. Its session id carries its own proof: random digits with the project's number, and a keyed hash
that binds them to the project and the repository path they were given for. So another project's session is unknown
here, a request that continues one does with a hot read, and the only commit of an upload is the one that makes its
blob exist.

    begin ─► resume … Incoming.write … ─► finish      mount: no bytes at all
                └─► status, cancel
"""

import hmac
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from types import TracebackType
from typing import Final

from sqlalchemy import Connection

from wharfinger.db import images as rows
from wharfinger.domain import access, images, kept, quotas, sight, underway
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import (
    BlobTooLarge,
    Denied,
    DigestMismatch,
    NotFound,
    RangeInvalid,
    SignInNeeded,
    StoreUnavailable,
    Unauthenticated,
    UploadBusy,
    UploadUnknown,
)
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action
from wharfinger.spec import digest as digests
from wharfinger.storage.store import BytesMissing, StoreFailed, Upload, UploadLocked, UploadMissing

_log: Final = logging.getLogger("wharfinger.store")


@dataclass(frozen=True, slots=True)
class Session:
    """An upload as its client sees it: the id to continue with, and how many bytes have arrived."""

    id: str
    size_bytes: int


class Incoming(AbstractContextManager["Incoming"]):
    """An upload open for one request. Its methods may wait for the disk: call them from a thread."""

    def __init__(self, tools: Tools, session: str, upload: Upload) -> None:
        self._limit, self._session, self._upload = tools.policy.blob_limit_bytes, session, upload

    @property
    def session(self) -> Session:
        """How far the upload is."""
        return Session(self._session, self._upload.size_bytes)

    def write(self, pieces: Sequence[bytes]) -> None:
        """Append what has arrived. Raises BlobTooLarge, StoreUnavailable; what was written before stays."""
        arriving = sum(map(len, pieces))
        if self._limit and self._upload.size_bytes + arriving > self._limit:
            raise BlobTooLarge(f"the blob has more than {self._limit} bytes, the most this registry takes for one blob")
        with _store_refusals():
            for piece in pieces:
                self._upload.write(piece)

    def keep(self, digest: str) -> tuple[int, str]:
        """Compare the digest and make the bytes durable; returns their size and place. Raises DigestMismatch."""
        with _store_refusals():
            found = self._upload.digest(digests.algorithm(digest))
            if found != digest:
                self._upload.cancel()
                raise DigestMismatch(digest, found)
            size = self._upload.size_bytes
            return size, self._upload.keep(digest)

    def cancel(self) -> None:
        """Forget the upload."""
        with _store_refusals():
            self._upload.cancel()

    def close(self) -> None:
        """Let another request continue it. Raises StoreUnavailable where what was written could not be stored."""
        with _store_refusals():
            self._upload.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def begin(tools: Tools, caller: Caller, path: str, algorithm: str = "sha256") -> Session:
    """Start an upload into this repository (distribution-spec, Pushing Blobs); its digest is to be in `algorithm`."""
    project = access.granted(caller, path, Action.PUSH)
    known = tools.lookup.repository(path)
    if known is None or known.project_id != project:
        with tools.db.read() as tx:
            place = access.open_repository(tx, caller, path, Action.PUSH)
            _require_room(tx, place.project_id)
    else:
        images.let_through(tools, caller, known, path)
        if known.full:
            with tools.db.read() as tx:
                _require_room(tx, project)
    upload = underway.new_upload(project)
    with _store_refusals():
        tools.store.begin(upload, algorithm)
    return Session(f"{upload}{_proof(tools, upload, project, path)}", 0)


def resume(tools: Tools, caller: Caller, path: str, session: str, start: int | None = None) -> Incoming:
    """Continue an upload at byte `start`, or wherever it stands.

    Raises UploadUnknown, UploadBusy, RangeInvalid, StorageCrowded.
    """
    upload, project = _proven(tools, caller, path, session)
    _require_space(tools, project, path)
    incoming = _open(tools, session, upload)
    size = incoming.session.size_bytes
    if start is not None and start != size:
        incoming.close()
        raise RangeInvalid(f"this chunk starts at byte {start}, but the upload stands at byte {size}", size)
    return incoming


def append(
    tools: Tools,
    caller: Caller,
    path: str,
    session: str,
    *,
    start: int | None,
    pieces: Sequence[bytes],
    digest: str | None,
) -> Session:
    """A small body in one go: `resume`, `write` and, if a digest is promised, `finish`."""
    with resume(tools, caller, path, session, start) as incoming:
        incoming.write(pieces)
        taken = incoming.session
        if digest is not None:
            finish(tools, caller, path, incoming, digest)
        return taken


def status(tools: Tools, caller: Caller, path: str, session: str) -> Session:
    """How far an upload is, whoever writes to it. Raises UploadUnknown."""
    upload, _ = _proven(tools, caller, path, session)
    with _store_refusals():
        return Session(session, tools.store.arrived(upload))


def cancel(tools: Tools, caller: Caller, path: str, session: str) -> None:
    """Forget an upload and its bytes. Raises UploadUnknown, UploadBusy."""
    with _open(tools, session, _proven(tools, caller, path, session)[0]) as incoming:
        incoming.cancel()


def _proven(tools: Tools, caller: Caller, path: str, session: str) -> tuple[str, int]:
    """The store's name of an upload and the project that it is for. Raises UploadUnknown."""
    project = access.granted(caller, path, Action.PUSH)
    upload, proof = session[:32], session[32:]
    if not hmac.compare_digest(proof.encode(), _proof(tools, upload, project, path).encode()):
        raise UploadUnknown("no such upload in this repository: start a new one with POST")
    return upload, project


def _open(tools: Tools, session: str, upload: str) -> Incoming:
    with _store_refusals():
        return Incoming(tools, session, tools.store.open(upload))


def _require_room(tx: Connection, project: int) -> None:
    quotas.require_any_room(tx, project)
    quotas.require_space(tx, project)


def _require_space(tools: Tools, project: int, path: str) -> None:
    """Who has sessions from before there was too much must not fill them: one hot read, and more where it may be."""
    known = tools.lookup.repository(path)
    if known is None or known.full:
        with tools.db.read() as tx:
            quotas.require_space(tx, project)


def finish(tools: Tools, caller: Caller, path: str, incoming: Incoming, digest: str) -> None:
    """Keep the bytes, then let the blob exist in this repository. Raises DigestMismatch, StoreUnavailable,
    RepositoryUnknown.

    Bytes of the same digest may be on their way out (domain/garbage.py): who removes them holds the blob's row, and so
    does this transaction from its first statement on. What is there then stays there.
    """
    size, place = incoming.keep(digest)
    repository = images.open_for_push(tools, caller, path)
    now, blob = tools.clock(), {"digest": digest, "size_bytes": size, "place": place}
    with images.still_there(path), tools.db.begin() as tx, _store_refusals():
        rows.hold_blob(tx, repository.id, blob, now=now, later=now + tools.policy.gc_delay)
        held = rows.blob_place(tx, digest) if place else ""
        if held == place:
            kept.adopt(tx, tools, digest, place)
        else:
            kept.require(tools, digest, held)
    if held != place:
        with _store_refusals():
            _keep_one(tools, digest, held, place)


def _keep_one(tools: Tools, digest: str, held: str, place: str) -> None:
    """The blob was here already, in another place: that one stays, unless it has lost the bytes."""
    try:
        tools.store.read(digest, place=held)
    except BytesMissing:
        with tools.db.begin() as tx:
            if rows.move_blob(tx, digest, held, place):
                kept.adopt(tx, tools, digest, place)
                return
    kept.discard(tools, digest, place)


def mount(tools: Tools, caller: Caller, path: str, digest: str, source: str | None) -> bool:
    """Let a blob of `source`, or of any repository the caller may pull from, be part of this one too.

    False where there is none that the caller may read: the client then uploads (distribution-spec, Mounting).
    """
    _require_push(caller, path, source)
    with tools.db.read() as tx:
        if not _readable_somewhere(tx, tools, caller, digest, source):
            return False
    repository = images.open_for_push(tools, caller, path)
    _require_space(tools, repository.project_id, path)
    now = tools.clock()
    with images.still_there(path), tools.db.begin() as tx:
        return rows.mount_blob(tx, repository.id, digest, now=now, later=now + tools.policy.gc_delay)


def _require_push(caller: Caller, path: str, source: str | None) -> None:
    """A client that has no token yet is told to get one for both repositories at once."""
    try:
        access.granted(caller, path, Action.PUSH)
    except SignInNeeded as refusal:
        both = f"{refusal.scope} repository:{source}:pull" if source else refusal.scope
        raise SignInNeeded(str(refusal), both, refusal.error) from refusal


def _readable_somewhere(tx: Connection, tools: Tools, caller: Caller, digest: str, source: str | None) -> bool:
    """By what the caller may pull at this moment; a token that names the source opens it as well."""
    readable = sight.image_projects(caller, tools.clock(), tools.policy.profile)
    if rows.blob_holder(tx, readable, digest, source) is not None:
        return True
    if source is None:
        return False
    with suppress(NotFound, Denied, Unauthenticated):
        place = access.open_repository(tx, caller, source, Action.PULL)
        repository = rows.repository_id(tx, place.project_id, place.name)
        return repository is not None and rows.blob_size(tx, repository, digest) is not None
    return False


def _proof(tools: Tools, upload: str, project: int, path: str) -> str:
    return hmac.new(tools.secret, f"upload {upload} {project} {path}".encode(), sha256).hexdigest()[:32]


class _store_refusals(AbstractContextManager[None]):  # noqa: N801 - reads as a verb
    """Say in the platform's words what the store could not do."""

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        match error:
            case UploadMissing():
                raise UploadUnknown(
                    "this upload was finished, cancelled or ran out of time: start a new one"
                ) from error
            case UploadLocked():
                raise UploadBusy("another request is writing to this upload: wait for it to end") from error
            case StoreFailed():
                _log.error("%s", error)
                raise StoreUnavailable(error.outward, timedelta(seconds=30)) from error
