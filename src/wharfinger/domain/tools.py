"""What every operation is handed: built once in `app.py`, for web and worker alike."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from wharfinger.clients.http import Outbound
from wharfinger.clients.mail import Mail
from wharfinger.db.engine import Database
from wharfinger.db.lookup import Lookup
from wharfinger.domain.keys import KeyRing
from wharfinger.domain.policy import Policy, TrustedIssuer
from wharfinger.domain.uses import Uses
from wharfinger.storage.store import Store

__all__ = ["Policy", "Tools", "TrustedIssuer"]


@dataclass(frozen=True, slots=True)
class Tools:
    """What there is to work with. An operation takes it first and opens its own transactions."""

    db: Database
    lookup: Lookup
    store: Store
    clock: Callable[[], datetime]
    secret: bytes  # 32 bytes, the same on every host of an installation: seals keys, signs upload ids
    keys: KeyRing  # signs registry tokens and knows whose to believe
    policy: Policy = field(default_factory=Policy)
    uses: Uses = field(default_factory=Uses)  # last uses of credentials, yet to be written
    outbound: Outbound = field(default_factory=Outbound)  # asks others: nobody else does
    mail: Mail = field(default_factory=Mail)  # the way to people's mailboxes, if there is one
