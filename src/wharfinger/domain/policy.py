"""The settings that operations follow, as plain values: sizes in bytes, durations as timedelta."""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network

from wharfinger.clients.oidc import Client
from wharfinger.rules.roles import Profile


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """Somebody else whose registry tokens are accepted: `keys` are public keys in PEM, by key id."""

    issuer: str
    audience: str
    keys: dict[str, str]


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """An identity provider, and who of those it knows gets an account; `groups` and `admin_group` are its words."""

    client: Client
    name: str
    sign_up: str  # "everybody", "groups" or "nobody"
    groups: frozenset[str]
    groups_claim: str
    username_claim: str
    admin_group: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator decided once for everybody."""

    address: str = "http://localhost:5050"  # the URL that people and clients use
    profile: Profile = Profile.DEFAULT
    password_login: bool = False
    external_url: str = ""  # where people find the pages, if that is known
    issuer: str = "wharfinger"
    audience: str = "container_registry"
    token_life: timedelta = timedelta(minutes=5)
    key_overlap: timedelta = timedelta(hours=1)
    trusted_issuers: tuple[TrustedIssuer, ...] = ()
    manifest_limit_bytes: int = 4 * 1024 * 1024
    blob_limit_bytes: int = 0  # 0: no limit
    upload_keep: timedelta = timedelta(days=7)
    page_default: int = 100
    page_limit: int = 1000
    untagged_percent: int = 300  # of a place's limit, for what no tag keeps; 0: as much as one likes
    immutable_versions: bool = False  # tags of whole versions, v1.2.3, are created once
    trash_keep: timedelta = timedelta(days=7)  # 0: what is deleted is not kept
    gc_delay: timedelta = timedelta(days=1)  # at least so long nothing is taken that was touched
    gc_interval: timedelta = timedelta(seconds=5)
    gc_batch: int = 200
    audit_keep_months: int = 24  # 0: for ever
    audit_pulls: float = 0.0  # the share of pulls that is written down
    login_failures: int = 10  # in `login_window`, per address and per account
    login_window: timedelta = timedelta(minutes=10)
    redirect_life: timedelta | None = None  # how long a URL into an object store is good; None: bytes come through us
    stream_to: tuple[IPv4Network | IPv6Network, ...] = ()  # clients that such URLs are of no use to
    session_idle: timedelta = timedelta(days=3)  # a browser that was away for longer signs in anew
    session_life: timedelta = timedelta(days=30)  # and so does any, after this
    single_sign_on: SingleSignOn | None = None
