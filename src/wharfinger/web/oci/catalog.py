"""Repositories the caller may pull from (`/v2/_catalog`, as the reference registry has it)."""

from wharfinger.domain import images
from wharfinger.web.oci.call import Call
from wharfinger.web.respond import Answer, json_answer, next_link
from wharfinger.web.threads import in_thread


async def get(call: Call) -> Answer:
    """GET: paths in byte order after `last`, at most `n`; `Link` where more come."""
    size, last = call.page_size(), call.last()
    page = await in_thread(lambda: images.list_repositories(call.tools, call.caller, last=last, limit=size))
    more = [] if page.last is None else [next_link("/v2/_catalog", n=size, last=page.last)]
    return json_answer({"repositories": page.names}, more)
