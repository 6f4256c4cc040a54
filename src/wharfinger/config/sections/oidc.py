"""Signing in through an identity provider."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import model_validator

from wharfinger.config.sections.section import Section, setting


class Oidc(Section):
    """Single sign-on through OpenID Connect; `<address>/login/oidc/callback` is what the provider redirects to."""

    issuer: str = setting("", "The provider: `https://id.example.com`; empty is no single sign-on.", hot=True)
    client_id: str = setting("", "What the provider calls this installation.", hot=True)
    client_secret: str = setting("", "What it knows it by.", hot=True, secret=True)
    name: str = setting(
        "Single sign-on", "What the button to sign in says after “Continue with”.", hot=True, max_length=60
    )
    scopes: str = setting("openid profile email", "What the provider is asked for.", hot=True)
    sign_up: Literal["everybody", "groups", "nobody"] = setting(
        "nobody",
        "Who gets an account at the first sign-in: whom the provider knows, who is in one of `groups`, or nobody: then "
        "people connect an account that they have.",
        hot=True,
    )
    groups: str = setting("", "Groups whose members get an account, separated by commas.", hot=True)
    groups_claim: str = setting("groups", "The claim that lists a person's groups.", hot=True)
    username_claim: str = setting("preferred_username", "The claim that user names are made from.", hot=True)
    admin_group: str = setting(
        "", "Whoever signs in is an administrator if in this group, and none if not; empty changes nothing.", hot=True
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        parts = urlsplit(self.issuer)
        if self.issuer and (parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc):
            raise ValueError('issuer is no address of a provider: write "https://id.example.com"')
        if self.issuer and not (self.client_id and self.client_secret):
            raise ValueError("issuer needs client_id and client_secret: the provider gives them out")
        if "openid" not in self.scopes.split():
            raise ValueError("scopes must have openid: without it the provider does not say who signed in")
        return self
