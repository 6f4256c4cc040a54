"""The registry itself: that it speaks this API, and what it is."""

from wharfinger import __version__
from wharfinger.domain import access
from wharfinger.domain.errors import SignInNeeded
from wharfinger.web.caller import NOBODY
from wharfinger.web.gitlab.call import Call
from wharfinger.web.respond import Answer, json_answer


def get(call: Call) -> Answer:
    """GET: yes, it does, with metadata in a database; for whoever has a token that holds."""
    if call.caller is NOBODY:
        raise SignInNeeded("this registry wants to know who asks: log in with an access token")
    return json_answer({}, [])


def statistics(call: Call) -> Answer:
    """GET: version and features. Imports leave no record here, so none are told."""
    access.require_statistics(call.caller)
    release = {"ext_features": "tag_delete", "version": __version__}
    return json_answer({"release": release, "database": {"enabled": True}, "import": []}, [])
