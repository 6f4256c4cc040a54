"""Passkeys: signing in with one, and those of one's own account.

A browser makes and shows passkeys for a host name over TLS, or for localhost; on other pages nothing is said of them.
What the browser is to ask the device is fetched when the button is pressed (static/passkey.js), so that no page grows
too old for it; the device's answer comes back as a field of a form.
"""

from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response

from wharfinger.domain import passkeys, second_factors
from wharfinger.domain.ceremonies import Ceremony, to_show
from wharfinger.domain.errors import SettingInvalid
from wharfinger.domain.sessions import Stage
from wharfinger.web.pages import signin
from wharfinger.web.pages.visit import Visit

_JSON: Final = "application/json"


def show(visit: Visit) -> Response:
    """One's own, and the form for a new one."""
    found = passkeys.list_own(visit.tools, visit.caller)
    guarded = second_factors.state(visit.tools, visit.caller).enabled
    return visit.page("passkeys.html", passkeys=found, full=len(found) >= passkeys.MOST, guarded=guarded)


def ask_to_add(visit: Visit) -> Response:
    """What the browser is to ask a device that makes one."""
    return Response(passkeys.to_add(visit.tools, visit.caller, _ceremony(visit)), media_type=_JSON)


def add(visit: Visit) -> Response:
    """Keep the one that a device has made."""
    form = visit.form
    passkeys.add(visit.tools, visit.caller, _ceremony(visit), form["answer"], form["name"])
    return visit.go("/profile/passkeys", "You can sign in with this passkey from now on.")


def remove(visit: Visit) -> Response:
    """Forget one; the visitor has typed its name."""
    number, held = visit.number("passkey"), passkeys.list_own(visit.tools, visit.caller)
    visit.require_typed(next((one.name for one in held if one.id == number), ""))
    name = passkeys.remove(visit.tools, visit.caller, number)
    return visit.go("/profile/passkeys", f"The passkey {name} is good for nothing any more.")


def ask_to_show(visit: Visit) -> Response:
    """What the browser is to ask a device that has one."""
    return Response(to_show(visit.tools, _ceremony(visit)), media_type=_JSON)


def sign_in(visit: Visit) -> Response:
    """Sign in with one alone."""
    made = passkeys.sign_in(visit.tools, _ceremony(visit), visit.form["answer"], visit.browser)
    return signin.welcome(visit, made)


def show_second(visit: Visit) -> Response:
    """Take one in place of a code, and go on."""
    session = signin.at_stage(visit, Stage.SECOND_FACTOR)
    made = passkeys.show(visit.tools, session, _ceremony(visit), visit.form["answer"], visit.browser)
    return signin.welcome(visit, made)


def _ceremony(visit: Visit) -> Ceremony:
    """Raises SettingInvalid."""
    party = visit.passkey_host
    if not party:
        raise SettingInvalid("passkeys need https and a host name: an administrator sets such an external_url")
    url = urlsplit(visit.address)
    usual = ":443" if url.scheme == "https" else ":80"  # browsers leave it out
    return Ceremony(party, f"{url.scheme}://{url.netloc.lower().removesuffix(usual)}", visit.proof)
