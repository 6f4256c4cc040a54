"""Uploads: POST, PATCH, PUT, GET, DELETE of a session, and mounts (distribution-spec, Pushing Blobs)."""

from asyncio import ensure_future
from collections.abc import AsyncIterator, Sequence

from wharfinger.domain import uploads
from wharfinger.domain.errors import SizeMismatch
from wharfinger.domain.uploads import Incoming, Session
from wharfinger.spec import digest as digests
from wharfinger.spec import name as names
from wharfinger.spec import ranges
from wharfinger.spec.errors import Malformed
from wharfinger.web.oci.call import Call, empty_answer
from wharfinger.web.respond import Answer, Headers, text_headers
from wharfinger.web.threads import in_thread


async def post(call: Call) -> Answer:
    """Mount a blob, take one whole, or start a session for it."""
    mount = call.request.query("mount")
    if mount is not None and await _mounted(call, digests.parse(mount)):
        return _created(call, mount)
    digest, algorithm = call.request.query("digest"), call.request.query("digest-algorithm")
    if digest is not None:
        algorithm = digests.algorithm(digests.parse(digest))
    elif algorithm is None:
        algorithm = "sha256"
    session = await in_thread(uploads.begin, call.tools, call.caller, call.name, digests.known(algorithm))
    return _accepted(call, session) if digest is None else await _finish(call, session.id, digest)


async def patch(call: Call) -> Answer:
    """Append a chunk, or a stream without Content-Range."""
    return _accepted(call, await _take(call, call.reference, None))


async def put(call: Call) -> Answer:
    """Append what the body holds, compare the digest, and let the blob exist."""
    return await _finish(call, call.reference, digests.parse(call.request.query("digest") or ""))


async def get(call: Call) -> Answer:
    """How far a session is."""
    session = await in_thread(uploads.status, call.tools, call.caller, call.name, call.reference)
    return empty_answer(204, _progress(call, session))


async def delete(call: Call) -> Answer:
    """Forget a session."""
    await in_thread(uploads.cancel, call.tools, call.caller, call.name, call.reference)
    return empty_answer(204, [])


async def _mounted(call: Call, digest: str) -> bool:
    source = call.request.query("from")
    try:
        source = names.repository(source) if source else None
    except Malformed:
        return False  # an upload instead of a refusal: distribution-spec, Mounting
    return await in_thread(uploads.mount, call.tools, call.caller, call.name, digest, source)


async def _finish(call: Call, session: str, digest: str) -> Answer:
    await _take(call, session, digest)
    return _created(call, digest)


async def _take(call: Call, session: str, digest: str | None) -> Session:
    """The body into the upload, which `digest` then ends: in one go if it is small, else as it arrives."""
    tools, caller, path, start = call.tools, call.caller, call.name, _start(call)
    batches = call.request.batches()
    first: list[bytes] = await anext(batches, [])
    if call.request.complete:
        return await in_thread(
            lambda: uploads.append(tools, caller, path, session, start=start, pieces=first, digest=digest)
        )
    incoming = await in_thread(uploads.resume, tools, caller, path, session, start)
    try:
        await _pour(incoming, first, batches)
        taken = incoming.session
        if digest is not None:
            await in_thread(uploads.finish, tools, caller, path, incoming, digest)
        return taken
    finally:
        await in_thread(incoming.close)


async def _pour(incoming: Incoming, first: Sequence[bytes], batches: AsyncIterator[list[bytes]]) -> None:
    """One batch is written while the next arrives; two are in memory at most."""
    writing = ensure_future(in_thread(incoming.write, first))
    try:
        async for batch in batches:
            await writing
            writing = ensure_future(in_thread(incoming.write, batch))
    finally:
        await writing


def _start(call: Call) -> int | None:
    """Where this chunk says it starts. Raises SizeMismatch where its length is not what its range says."""
    text = call.request.header(b"content-range")
    if text is None:
        return None
    start, end = ranges.content_range(text)
    length = call.request.length
    if length is not None and length != end - start + 1:
        raise SizeMismatch(f"Content-Range {start}-{end} means {end - start + 1} bytes; Content-Length says {length}")
    return start


def _accepted(call: Call, session: Session) -> Answer:
    return empty_answer(202, _progress(call, session))


def _created(call: Call, digest: str) -> Answer:
    headers = {"location": f"{call.url}/blobs/{digest}", "docker-content-digest": digest}
    return empty_answer(201, text_headers(headers))


def _progress(call: Call, session: Session) -> Headers:
    """State is kept in the path of Location, none in a query: some clients drop it."""
    return text_headers(
        {
            "location": f"{call.url}/blobs/uploads/{session.id}",
            "range": f"0-{max(0, session.size_bytes - 1)}",
            "docker-upload-uuid": session.id,
        }
    )
