"""Tags of a repository (distribution-spec, Listing Tags)."""

from wharfinger.domain import images, pull
from wharfinger.web.oci.call import Call
from wharfinger.web.respond import Answer, json_answer, next_link
from wharfinger.web.threads import in_thread


async def get(call: Call) -> Answer:
    """GET: names in byte order after `last`, at most `n`; `Link` where more come."""
    size, last = call.page_size(), call.last()
    if pull.inline(call.tools):
        page = images.list_tags(call.tools, call.caller, call.name, last=last, limit=size)
    else:
        page = await in_thread(lambda: images.list_tags(call.tools, call.caller, call.name, last=last, limit=size))
    more = [] if page.last is None else [next_link(f"{call.url}/tags/list", n=size, last=page.last)]
    return json_answer({"name": call.name, "tags": page.names}, more)
