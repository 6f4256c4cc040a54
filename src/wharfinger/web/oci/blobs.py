"""Blobs: pull, whole or in part, and delete (distribution-spec, Pulling / Deleting Blobs)."""

from pathlib import Path

from wharfinger.domain import images, pull
from wharfinger.domain.pull import Blob, Redirect
from wharfinger.spec import digest as digests
from wharfinger.spec import ranges
from wharfinger.spec.errors import Malformed
from wharfinger.web.caller import client_address
from wharfinger.web.oci import errors
from wharfinger.web.oci.call import Call, empty_answer
from wharfinger.web.respond import Answer, Body, Headers, text_headers
from wharfinger.web.threads import in_thread


async def get(call: Call) -> Answer:
    """GET and HEAD, with If-None-Match and one Range (RFC 9110); other ranges are answered whole."""
    digest, inline = digests.parse(call.reference), pull.inline(call.tools)
    if inline:
        blob = pull.blob(call.tools, call.caller, call.name, digest)
    else:
        blob = await in_thread(pull.blob, call.tools, call.caller, call.name, digest)
    if blob.leaving:
        blob = await in_thread(pull.keep_blob, call.tools, call.caller, call.name, digest)
    headers = _headers(blob)
    if call.request.has(f'"{digest}"'):
        return Answer(304, headers)
    asked = call.request.header(b"range")
    if asked is not None:
        return await _part(call, blob, headers, asked)
    return await _whole(call, blob, headers)


async def delete(call: Call) -> Answer:
    """DELETE a blob from this repository; other repositories keep it."""
    await in_thread(images.delete_blob, call.tools, call.caller, call.name, digests.parse(call.reference))
    return empty_answer(202, [])


async def _whole(call: Call, blob: Blob, headers: Headers) -> Answer:
    answer = Answer(200, [*headers, (b"content-length", b"%d" % blob.size_bytes)])
    if call.request.method == "GET" or pull.at_once(call.tools):
        return _filled(answer, await _content(call, blob, 0, None))
    return answer


async def _part(call: Call, blob: Blob, headers: Headers, asked: str) -> Answer:
    try:
        part = ranges.byte_range(asked, blob.size_bytes)
    except Malformed as refusal:
        answer = errors.answer(refusal, "")
        answer.headers.append((b"content-range", b"bytes */%d" % blob.size_bytes))
        return answer
    if part is None:
        return await _whole(call, blob, headers)
    start, length = part
    place = f"bytes {start}-{start + length - 1}/{blob.size_bytes}"
    answer = Answer(206, [*headers, *text_headers({"content-range": place, "content-length": str(length)})])
    if call.request.method == "GET":
        return _filled(answer, await _content(call, blob, start, length))
    return answer


async def _content(call: Call, blob: Blob, start: int, length: int | None) -> Body | Redirect:
    if length is None and pull.at_once(call.tools):
        content = pull.content(call.tools, blob)
    else:
        address = client_address(call.request)
        content = await in_thread(lambda: pull.content(call.tools, blob, start, length, address=address))
    return str(content) if isinstance(content, Path) else content


def _filled(answer: Answer, content: Body | Redirect) -> Answer:
    """The answer with its body, or the way to where it is: the client asks there for the part that it wants."""
    if isinstance(content, Redirect):
        headers = {"location": content.url, "cache-control": "no-store"}
        return empty_answer(307, text_headers(headers))
    answer.body = content
    return answer


def _headers(blob: Blob) -> Headers:
    digest = blob.digest.encode()
    return [
        (b"content-type", b"application/octet-stream"),
        (b"docker-content-digest", digest),
        (b"etag", b'"%b"' % digest),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", b"private, max-age=31536000, immutable"),
    ]
