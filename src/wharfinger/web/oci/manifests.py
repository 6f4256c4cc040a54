"""Manifests: pull, push, delete (distribution-spec, Pulling / Pushing / Deleting Manifests)."""

from dataclasses import replace
from typing import Final

from wharfinger.domain import images, pull, push
from wharfinger.domain.errors import Invalid
from wharfinger.spec import digest as digests
from wharfinger.spec import name as names
from wharfinger.web.caller import client_address
from wharfinger.web.oci.call import Call, empty_answer
from wharfinger.web.respond import Answer, text_headers
from wharfinger.web.threads import in_thread

MOST_TAGS: Final = 50


async def get(call: Call) -> Answer:
    """GET and HEAD: the stored bytes, whatever Accept says; one indexed read, in the loop where that is local."""
    reference = _reference(call.reference)
    if pull.inline(call.tools):
        found = pull.manifest(call.tools, call.caller, call.name, reference)
    else:
        found = await in_thread(pull.manifest, call.tools, call.caller, call.name, reference)
    if found.review_after is not None and pull.leaving(call.tools, found):
        found = await in_thread(pull.keep_manifest, call.tools, call.caller, call.name, found.digest)
    if call.request.method == "GET":
        pull.count(call.tools, found, reference)
        if call.tools.policy.audit_pulls:
            caller = replace(call.caller, address=client_address(call.request))
            pull.write_down(call.tools, caller, call.name, found, reference)
    digest = found.digest.encode()
    etag = b'"%b"' % digest
    headers = [(b"docker-content-digest", digest), (b"etag", etag)]
    if call.request.has(f'"{found.digest}"'):
        return Answer(304, headers)
    length = b"%d" % len(found.body)
    return Answer(
        200, [(b"content-type", found.media_type.encode()), (b"content-length", length), *headers], found.body
    )


async def put(call: Call) -> Answer:
    """PUT under a tag or a digest, and under every `?tag=` as well."""
    request, reference = call.request, _reference(call.reference)
    by_digest, extra = digests.is_digest(reference), request.queries("tag")
    if len(extra) > MOST_TAGS:
        raise Invalid(f"{len(extra)} tags in one request; at most {MOST_TAGS} are taken: send the rest in another")
    body = await request.body(call.tools.policy.manifest_limit_bytes)
    pushed = await in_thread(
        lambda: push.manifest(
            call.tools,
            call.caller,
            call.name,
            digest=reference if by_digest else None,
            tags=extra if by_digest else [reference, *extra],
            media_type=request.header(b"content-type") or "",
            body=body,
        )
    )
    return empty_answer(201, text_headers(_placed(call, pushed, extra)))


async def delete(call: Call) -> Answer:
    """DELETE a tag, which leaves the manifest, or a manifest with its tags."""
    remove = images.delete_manifest if digests.is_digest(call.reference) else images.delete_tag
    await in_thread(remove, call.tools, call.caller, call.name, _reference(call.reference))
    return empty_answer(202, [])


def _placed(call: Call, pushed: push.Pushed, extra: list[str]) -> dict[str, str]:
    headers = {"location": f"{call.url}/manifests/{pushed.digest}", "docker-content-digest": pushed.digest}
    if pushed.subject:
        headers["oci-subject"] = pushed.subject
    if extra:
        headers["oci-tag"] = ", ".join(dict.fromkeys(extra))
    return headers


def _reference(text: str) -> str:
    return digests.parse(text) if digests.is_digest(text) else names.tag(text)
