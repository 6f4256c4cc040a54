"""What this server is: the version of the API's implementation, for clients that look before they ask."""

from typing import Final

from fastapi import APIRouter

from wharfinger import __version__
from wharfinger.domain import access
from wharfinger.web.api.call import UserCall
from wharfinger.web.api.shapes import Shape

router = APIRouter(tags=["version"])

LEVEL: Final = "18.9.0"  # of GitLab's API: clients look at it before they ask for what came late
VERSION: Final = f"{LEVEL}+wharfinger.{__version__}"


class Version(Shape):
    """The level of GitLab's API, with the version of Wharfinger behind the plus sign."""

    version: str
    revision: str


class Kas(Shape):
    """GitLab's agent server, which is no part of this."""

    enabled: bool = False
    externalUrl: str | None = None  # noqa: N815 - the client's word
    externalK8sProxyUrl: str | None = None  # noqa: N815 - the client's word
    version: str | None = None


class Metadata(Version):
    """The same, with what else clients ask about."""

    kas: Kas
    enterprise: bool


@router.get("/version")
def get_version(call: UserCall) -> Version:
    """The version of this server, for who signed in."""
    access.require_known(call.caller)
    return Version(version=VERSION, revision="wharfinger")


@router.get("/metadata")
def get_metadata(call: UserCall) -> Metadata:
    """The version of this server and what it has."""
    access.require_known(call.caller)
    return Metadata(version=VERSION, revision="wharfinger", kas=Kas(), enterprise=False)
