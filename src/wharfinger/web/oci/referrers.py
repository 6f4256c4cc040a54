"""What speaks about a manifest (distribution-spec, Listing Referrers)."""

from typing import Any, Final

from wharfinger.domain import images
from wharfinger.domain.errors import Invalid
from wharfinger.domain.images import Referrer
from wharfinger.spec import digest as digests
from wharfinger.spec.media_types import OCI_INDEX
from wharfinger.web.oci.call import Call
from wharfinger.web.respond import Answer, json_answer, next_link
from wharfinger.web.threads import in_thread

_FILTERED: Final = (b"oci-filters-applied", b"artifactType")


async def get(call: Call) -> Answer:
    """GET: an index of descriptors by digest, of one artifact type if asked; `Link` where more come."""
    request, subject, size = call.request, digests.parse(call.reference), call.page_size()
    kind, last = request.query("artifactType"), call.last()
    if kind is not None and not kind.isprintable():
        raise Invalid("artifactType has characters that none has: send it as the manifest says it")
    page = await in_thread(
        lambda: images.list_referrers(
            call.tools, call.caller, call.name, subject, artifact_type=kind, last=last, limit=size
        )
    )
    headers = [_FILTERED] if kind else []
    if page.last is not None:
        headers.append(next_link(f"{call.url}/referrers/{subject}", n=size, last=page.last, artifactType=kind))
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [_descriptor(one) for one in page.referrers]}
    return json_answer(index, headers, OCI_INDEX.encode())


def _descriptor(referrer: Referrer) -> dict[str, Any]:
    descriptor: dict[str, Any] = {
        "mediaType": referrer.media_type,
        "digest": referrer.digest,
        "size": referrer.size_bytes,
    }
    if referrer.artifact_type:
        descriptor["artifactType"] = referrer.artifact_type
    if referrer.annotations:
        descriptor["annotations"] = referrer.annotations
    return descriptor
