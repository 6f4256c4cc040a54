"""How long a registry token is believed without a look at the keys."""

from tests.clock import Clock
from tests.web.asgi import ask
from wharfinger.domain import grants, tokens, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.tools import Tools
from wharfinger.web.oci.routes import Registry


def test_what_a_leaked_key_signed_is_refused_within_a_minute(tools: Tools, clock: Clock) -> None:
    users.create(tools, OPERATOR, "ada")
    made = tokens.create_personal(tools, OPERATOR, "laptop", {"read_registry"}, username="ada")
    caller = tokens.authenticate(tools, "ada", made.secret, "192.0.2.7")
    bearer = f"Bearer {grants.issue(tools, caller, tools.policy.audience, []).token}"
    registry = Registry(tools, "")
    assert ask(registry, "/v2/", authorization=bearer).status == 200
    tools.keys.rotate(at_once=True)
    clock.advance(seconds=61)
    assert ask(registry, "/v2/", authorization=bearer).status == 401
