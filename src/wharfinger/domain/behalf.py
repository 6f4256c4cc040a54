"""What the worker does because somebody asked, it does in that person's name, with the rights they have then."""

from collections.abc import Mapping
from typing import Any

from wharfinger.db import users as user_rows
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import CredentialRefused
from wharfinger.domain.tools import Tools
from wharfinger.rules.scopes import CredentialKind


def of(caller: Caller) -> dict[str, Any]:
    """Who asks, as a job takes it along."""
    return {"by": caller.name, "user": caller.user_id, "admin": caller.admin, "address": caller.address}


def asker(tools: Tools, about: Mapping[str, Any]) -> Caller:
    """Who asked, measured now as one who signed in. Raises CredentialRefused where they could not any more."""
    return Caller(
        CredentialKind.PASSWORD,
        about["by"],
        user_id=about["user"],
        admin=about["admin"] if about["user"] is None else _is_admin(tools, about) and about["admin"],
        address=about["address"],
        profile=tools.policy.profile,
        at=tools.clock(),
    )


def _is_admin(tools: Tools, about: Mapping[str, Any]) -> bool:
    with tools.db.read() as tx:
        user = user_rows.by_id(tx, about["user"])
    if user is None or user.blocked:
        raise CredentialRefused(f"the account {about['by']}, which asked for this, is blocked or gone: ask for it anew")
    return bool(user.admin)
