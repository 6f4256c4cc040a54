"""An OpenID Connect provider: where to send people, and who they are when they come back.

The code flow with PKCE (RFC 7636), state and nonce. The provider's endpoints and keys are remembered for some
minutes, so that nobody makes us ask without end by beginning to sign in; a key that is not among them is asked for at
once. All of it goes through the guarded client. The ID token's signature is verified with the published keys by one
of ALGORITHMS, its claims as OpenID Connect Core 1.0, 3.1.3.7, has it.
"""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from authlib.oidc.discovery import get_well_known_url  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from wharfinger.clients.http import NoAnswer, Outbound

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY_SECONDS: Final = 60  # clocks differ
REMEMBERED_SECONDS: Final = 300
_OK: Final = 200


class ProviderFailed(Exception):
    """The provider is not to be reached, or says what cannot be believed. `str(error)` says what, for the log."""


class Memory:
    """What the provider said lately of itself, by URL. Good for REMEMBERED_SECONDS; thread-safe."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[float, dict[str, Any]]] = {}

    def get(self, url: str, ask: Callable[[], dict[str, Any]], *, anew: bool = False) -> dict[str, Any]:
        """What is remembered of it, or what it says now (`anew`: in any case)."""
        known = self._said.get(url)
        if known is None or anew or time.monotonic() - known[0] > REMEMBERED_SECONDS:
            known = self._said[url] = (time.monotonic(), ask())
        return known[1]

    def forget(self) -> None:
        """Ask for everything again."""
        self._said.clear()


@dataclass(frozen=True, slots=True)
class Client:
    """How the provider knows us, and what it said."""

    issuer: str
    client_id: str
    client_secret: str
    scopes: str
    memory: Memory = field(default_factory=Memory, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in: what is sent along, and has to come back."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str


def address(outbound: Outbound, client: Client, attempt: Attempt) -> str:
    """Where the browser is to go to sign in. Raises ProviderFailed."""
    found = _discovered(outbound, client)
    return str(
        prepare_grant_uri(
            _endpoint(client, found, "authorization_endpoint"),
            client.client_id,
            "code",
            redirect_uri=attempt.redirect_uri,
            scope=client.scopes,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
        )
    )


def check(outbound: Outbound, client: Client) -> None:
    """Does the provider say of itself what a sign-in needs? Raises ProviderFailed."""
    found = _discovered(outbound, client)
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        _endpoint(client, found, name)


def claims(outbound: Outbound, client: Client, attempt: Attempt, code: str, now: datetime) -> Mapping[str, Any]:
    """Who signed in: the claims of the ID token, and what the user info endpoint adds. Raises ProviderFailed."""
    found = _discovered(outbound, client)
    tokens = _tokens(outbound, client, found, attempt, code)
    token = _verified(client, attempt, tokens, _keys(outbound, client, found, tokens), now)
    if "userinfo_endpoint" not in found or "access_token" not in tokens:
        return token
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    more = _json(outbound, "GET", _endpoint(client, found, "userinfo_endpoint"), headers=bearer)
    return {**more, **token} if more.get("sub") == token["sub"] else token


def _discovered(outbound: Outbound, client: Client) -> Mapping[str, Any]:
    url = get_well_known_url(client.issuer, external=True)
    found = client.memory.get(url, partial(_json, outbound, "GET", url))
    if found.get("issuer") != client.issuer:
        client.memory.forget()
        raise ProviderFailed(f"{client.issuer} calls itself {found.get('issuer')!r}: set [oidc] issuer to that")
    return found


def _keys(outbound: Outbound, client: Client, found: Mapping[str, Any], tokens: Mapping[str, Any]) -> Mapping[str, Any]:
    """The provider's keys; asked for again where the ID token names one that is not among those remembered."""
    url = _endpoint(client, found, "jwks_uri")
    ask = partial(_json, outbound, "GET", url)
    keys = client.memory.get(url, ask)
    known = {key.get("kid") for key in keys.get("keys") or () if isinstance(key, dict)}
    return keys if _key_id(tokens) in known else client.memory.get(url, ask, anew=True)


def _key_id(tokens: Mapping[str, Any]) -> object:
    """What the header of the ID token says, unverified: it only chooses among the provider's keys."""
    try:
        head = str(tokens.get("id_token")).partition(".")[0]
        return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))).get("kid")
    except (ValueError, AttributeError):
        return None


def _endpoint(client: Client, found: Mapping[str, Any], name: str) -> str:
    """An endpoint of the provider; over TLS, unless the provider itself is not."""
    url = found.get(name)
    if not isinstance(url, str) or urlsplit(url).scheme not in {"https", urlsplit(client.issuer).scheme}:
        raise ProviderFailed(f"{client.issuer} names no {name} that can be used: {url!r}")
    return url


def _tokens(
    outbound: Outbound, client: Client, found: Mapping[str, Any], attempt: Attempt, code: str
) -> Mapping[str, Any]:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": attempt.redirect_uri,
        "code_verifier": attempt.verifier,
        "client_id": client.client_id,
    }
    headers = {"content-type": "application/x-www-form-urlencoded"}
    ways = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_basic" in ways:
        pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"
        headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        fields["client_secret"] = client.client_secret
    url = _endpoint(client, found, "token_endpoint")
    return _json(
        outbound,
        "POST",
        url,
        headers=headers,
        content=urlencode(fields).encode(),
        advice="check client_id and client_secret of [oidc], and that the provider knows the redirect address",
    )


def _verified(
    client: Client, attempt: Attempt, tokens: Mapping[str, Any], keys: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    try:
        token = jwt.decode(str(tokens["id_token"]), KeySet.import_key_set(dict(keys)), list(ALGORITHMS))  # type: ignore[arg-type]
        wanted = {
            "iss": {"essential": True, "value": client.issuer},
            "aud": {"essential": True, "value": client.client_id},
        }
        params = {"nonce": attempt.nonce, "client_id": client.client_id, "access_token": tokens.get("access_token")}
        read = CodeIDToken(token.claims, token.header, options=wanted, params=params)
        read.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ProviderFailed(f"the ID token of {client.issuer} cannot be believed: {error!r}") from error
    return dict(read)


def _json(
    outbound: Outbound,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes = b"",
    advice: str = "look what the provider logged",
) -> dict[str, Any]:
    try:
        asked = {"accept": "application/json", **(headers or {})}
        answer = outbound.ask(method, url, headers=asked, content=content)
        found = json.loads(answer.body)
    except (NoAnswer, ValueError) as error:
        raise ProviderFailed(f"{method} {url} has no useful answer: {error}") from error
    if answer.status != _OK or not isinstance(found, dict):
        said = found.get("error") if isinstance(found, dict) else None
        words = f"{method} {url} was answered {answer.status} {said or ''}".strip()
        raise ProviderFailed(f"{words}: {advice}")
    return found
