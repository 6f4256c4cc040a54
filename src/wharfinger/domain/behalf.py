"""What the worker does because somebody asked, it does in that person's name, with the rights they have then."""

from collections.abc import Mapping
from typing import Any

from wharfinger.domain.access import Caller
from wharfinger.domain.tools import Tools
from wharfinger.rules.scopes import CredentialKind


def of(caller: Caller) -> dict[str, Any]:
    """Who asks, as a job takes it along."""
    return {"by": caller.name, "user": caller.user_id, "admin": caller.admin, "address": caller.address}


def asker(tools: Tools, about: Mapping[str, Any]) -> Caller:
    """Who asked, measured now as one who signed in."""
    return Caller(
        CredentialKind.PASSWORD,
        about["by"],
        user_id=about["user"],
        admin=about["admin"],
        address=about["address"],
        profile=tools.policy.profile,
        at=tools.clock(),
    )
