"""Every route of the API, a router a noun. One page: a new noun is a line here."""

from typing import Final

from fastapi import APIRouter

from wharfinger.web.api import (
    audit_events,
    cleanup,
    deploy_tokens,
    docs,
    groups,
    hooks,
    members,
    namespaces,
    personal_tokens,
    place_tokens,
    projects,
    protection,
    quotas,
    repositories,
    statistics,
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
    audit_events.of_installation,
    audit_events.of_projects,
    audit_events.of_groups,
    audit_events.custody,
    hooks.of_installation,
    hooks.of_projects,
    hooks.of_groups,
    protection.router,
    quotas.of_installation,
    quotas.of_projects,
    quotas.of_groups,
    statistics.of_projects,
    statistics.of_groups,
    cleanup.router,
)
