"""Every route of the API, a router a noun. One page: a new noun is a line here."""

from typing import Final

from fastapi import APIRouter

from wharfinger.web.api import (
    deploy_tokens,
    docs,
    groups,
    members,
    namespaces,
    personal_tokens,
    place_tokens,
    projects,
    repositories,
    tags,
    users,
    version,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    docs.router,
    version.router,
    users.router,
    namespaces.router,
    groups.router,
    projects.router,
    members.of_projects,
    members.of_groups,
    personal_tokens.router,
    place_tokens.of_projects,
    place_tokens.of_groups,
    deploy_tokens.everywhere,
    deploy_tokens.of_projects,
    deploy_tokens.of_groups,
    repositories.router,
    tags.router,
)
