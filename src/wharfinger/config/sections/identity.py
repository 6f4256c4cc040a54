"""Who may: tokens, rights, logins."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from wharfinger.config.sections.section import Section, setting
from wharfinger.config.values import Duration, Tables, duration


class Issuer(Section):
    """Somebody else whose registry tokens are accepted."""

    issuer: str = Field(description="The `iss` claim of its tokens.", min_length=1)
    audience: str = Field(description="The `aud` claim of its tokens.", min_length=1)
    keys: dict[str, Path] = Field(description="Files with its public keys in PEM, by key id.", min_length=1)


class Tokens(Section):
    """Registry tokens: the short-lived ones that `/jwt/auth` signs."""

    life: Duration = setting(
        duration("5m"), "How long a registry token is good; what is revoked stops working within it.", hot=True,
        ge=duration("10s"), le=duration("1d"),
    )  # fmt: skip
    issuer: str = setting("wharfinger", "The `iss` claim of our tokens.", hot=True, min_length=1, max_length=200)
    audience: str = setting(
        "container_registry",
        "The service's name in challenges and the `aud` claim.",
        hot=True,
        min_length=1,
        max_length=200,
    )
    key_overlap: Duration = setting(duration("1h"), "How long a key that was rotated out still verifies.", hot=True)
    trusted_issuers: Annotated[tuple[Issuer, ...], Tables] = setting(
        (),
        "Tables (`issuer`, `audience`, `keys`: files by key id) of others whose registry tokens count.",
        hot=True,
    )


class Access(Section):
    """Who may do what."""

    profile: Literal["default", "gitlab"] = setting("default", "Which rights the roles carry.", hot=True)
    password_login: bool = setting(
        default=False,
        meaning="Take account passwords for `docker login`, of accounts without a second factor.",
        hot=True,
    )


class Logins(Section):
    """How failed logins are slowed down."""

    failures: int = setting(10, "Failed logins of an address or account until it must wait.", hot=True, ge=1, le=10_000)
    window: Duration = setting(duration("10m"), "How long a failed login counts.", hot=True, ge=duration("1s"))


class Sessions(Section):
    """People signed in with a browser."""

    idle: Duration = setting(
        duration("3d"), "A browser that was away for so long signs in anew.", hot=True, ge=duration("1m")
    )
    life: Duration = setting(
        duration("30d"), "How long a browser stays signed in at most.", hot=True, ge=duration("1m"), le=duration("365d")
    )
