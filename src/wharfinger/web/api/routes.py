"""Every route of the API, a router a noun. One page: a new noun is a line here."""

from typing import Final

from fastapi import APIRouter

from wharfinger.web.api import docs, repositories, tags, version

ROUTERS: Final[tuple[APIRouter, ...]] = (
    docs.router,
    version.router,
    repositories.router,
    tags.router,
)
