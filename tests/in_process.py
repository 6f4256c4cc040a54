"""The domain in this process, as any process of an installation has it."""

from tests.clock import Clock
from wharfinger.db.engine import Database
from wharfinger.db.lookup import open_lookup
from wharfinger.domain.keys import KeyRing
from wharfinger.domain.tools import Policy, Tools
from wharfinger.storage.memory import MemoryStore

SECRET = bytes(range(32))


def build_tools(url: str, clock: Clock, policy: Policy) -> Tools:
    """Tools as another process on the same database would have them."""
    db = Database.open(url)
    keys = KeyRing(db, SECRET, clock, policy)
    return Tools(db, open_lookup(db), MemoryStore(), clock, SECRET, keys, policy)


def close_tools(tools: Tools) -> None:
    """Write what is pending and give connections back."""
    tools.uses.flush(tools.db)
    tools.lookup.close()
    tools.db.close()
