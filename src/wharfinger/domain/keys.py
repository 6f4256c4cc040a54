"""The keys of registry tokens: ours, which sign, and those of issuers we trust, which only verify.

Our keys are ES256, made at first use, and kept in the database sealed with AES-256-GCM under the installation's
secret, so that all processes sign with the same one and a stolen dump signs nothing. A rotated key still verifies for
the overlap. Others' keys come from the settings alone: whatever key a token carries or points to (`jwk`, `jku`, `x5c`)
is not looked at, and which algorithm verifies is decided by the key, never by the token.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Any, Final, cast

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64decode
from sqlalchemy import Connection

from wharfinger.db import keys as rows
from wharfinger.db.engine import Database
from wharfinger.domain.policy import Policy, TrustedIssuer
from wharfinger.spec import strict_json
from wharfinger.spec.errors import Malformed

LONGEST_TOKEN: Final = 32 * 1024
REFRESH: Final = timedelta(seconds=30)  # another process may have rotated
_NONCE_BYTES: Final = 12
_RSA_BITS: Final = 2048


class Untrusted(Exception):
    """Not a token that one of the keys signed. `str(error)` says why, for the log and for the token's owner."""


class SecretChanged(RuntimeError):
    """A signing key in the database was sealed under another secret."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a signed token says; `issuer` is None where it is our own."""

    claims: Mapping[str, Any]
    issuer: TrustedIssuer | None


@dataclass(frozen=True, slots=True)
class _Verifier:
    key: ECKey | RSAKey
    algorithm: str


@dataclass(frozen=True, slots=True)
class _Own:
    """Our keys as the database had them at a moment; `signer` is the kid of the one that signs."""

    keys: Mapping[str, ECKey]
    signer: str | None
    read_at: datetime


class _Headers(jws.JWSRegistry):
    """Room for the certificate chains that some issuers put into their headers; nobody reads them."""

    max_header_length = 16 * 1024


class KeyRing:
    """Signs and verifies for one process. Thread-safe. Raises ValueError where a trusted issuer's key is of no use."""

    def __init__(self, db: Database, secret: bytes, clock: Callable[[], datetime], policy: Policy) -> None:
        self._db, self._clock, self._policy = db, clock, policy
        kind = HKDF(SHA256(), 32, salt=None, info=b"wharfinger signing keys")
        self._seal = AESGCM(kind.derive(secret))
        # a key must outlive the last token it signed, and the time until every process has heard that it retired
        self._overlap = max(policy.key_overlap, policy.token_life + 2 * REFRESH)
        self._issuers = {issuer.issuer: issuer for issuer in policy.trusted_issuers}
        if policy.issuer in self._issuers:
            raise ValueError(f"{policy.issuer} is this registry's own issuer name: take it off the trusted issuers")
        self._foreign = {
            (issuer.issuer, kid): _foreign_key(issuer, kid, pem)
            for issuer in policy.trusted_issuers
            for kid, pem in issuer.keys.items()
        }
        self._own: _Own | None = None
        self._reading = threading.Lock()

    def ensure(self) -> None:
        """Have a key, so that whoever comes later with another secret is told: of two hosts, or after a restore.

        Raises SecretChanged, where that is us.
        """
        if self._keys(REFRESH).signer is None:
            self.rotate()

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A compact JWS over the claims, by the key that signs at present; the first call ever makes that key."""
        self.ensure()
        own = self._keys(REFRESH)
        kid = cast(str, own.signer)
        header = {"alg": "ES256", "typ": "JWT", "kid": kid}
        return jws.serialize_compact(header, orjson.dumps(dict(claims)), own.keys[kid], ["ES256"])

    def verify(self, token: str) -> Verified:
        """The claims of a token that a known key signed for its issuer. Raises Untrusted; checks no times."""
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise Untrusted(f"the token is longer than {LONGEST_TOKEN} characters, or not in ASCII")
        header, claims = _unverified(token)
        issuer, kid = claims.get("iss"), header.get("kid")
        if not isinstance(issuer, str) or not isinstance(kid, str) or "crit" in header or "b64" in header:
            raise Untrusted("the token names no issuer or key, or wants its header read in a special way")
        verifier = self._verifier(issuer, kid)
        if header.get("alg") != verifier.algorithm:
            raise Untrusted(f"the token is not signed with {verifier.algorithm}, as its key demands")
        try:
            jws.deserialize_compact(token, verifier.key, registry=_Headers(algorithms=[verifier.algorithm]))
        except (JoseError, ValueError) as error:
            raise Untrusted("the token's signature is wrong") from error
        return Verified(claims, None if issuer == self._policy.issuer else self._issuers[issuer])

    def rotate(self, *, at_once: bool = False) -> str:
        """Sign with a new key from now on; returns its kid.

        The old keys verify until the overlap is over, or `at_once` not any more (a secret has leaked): then every
        process refuses what they signed as soon as it looks again, within a minute.
        """
        if not at_once:
            self._keys(timedelta())  # of another secret? then nothing is changed
        key, now = ECKey.generate_key("P-256"), self._clock()
        kid = key.thumbprint()
        with self._db.begin() as tx:
            rows.add(tx, kid, self._sealed(kid, key), now)
            rows.retire_others(tx, kid, now)
            rows.forget_retired(tx, now if at_once else now - self._overlap)
        self._keys(timedelta())
        return kid

    def forget_retired(self) -> int:
        """Remove the keys whose overlap is over; how many."""
        with self._db.begin() as tx:
            return rows.forget_retired(tx, self._clock() - self._overlap)

    def public_keys(self) -> list[dict[str, Any]]:
        """What others need to verify our tokens, as JSON Web Keys (RFC 7517), the signing one first."""
        own = self._keys(REFRESH)
        return [
            {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": "ES256"} for kid, key in own.keys.items()
        ]

    def _verifier(self, issuer: str, kid: str) -> _Verifier:
        found = self._foreign.get((issuer, kid))
        if found is None and issuer == self._policy.issuer:
            own = self._keys(REFRESH)
            if kid not in own.keys:
                own = self._keys(timedelta())  # another process may have made it a moment ago; one small read
            key = own.keys.get(kid)
            found = None if key is None else _Verifier(key, "ES256")
        if found is None:
            raise Untrusted("the token is signed by an issuer or with a key that is not known here")
        return found

    def _keys(self, at_most_old: timedelta) -> _Own:
        """Our keys, read again if what is known is older than this."""
        now = self._clock()
        with self._reading:
            if self._own is None or not abs(now - self._own.read_at) < at_most_old:
                with self._db.read() as tx:
                    self._own = self._read(tx, now)
            return self._own

    def _read(self, tx: Connection, now: datetime) -> _Own:
        found = rows.usable(tx, now - self._overlap)
        known = self._own.keys if self._own else {}
        keys = {row.kid: known.get(row.kid) or self._opened(row.kid, row.sealed) for row in found}
        return _Own(keys, next((row.kid for row in found if row.retired_at is None), None), now)

    def _sealed(self, kid: str, key: ECKey) -> bytes:
        nonce = token_bytes(_NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, key.as_der(private=True), kid.encode())

    def _opened(self, kid: str, sealed: bytes) -> ECKey:
        try:
            der = self._seal.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], kid.encode())
        except InvalidTag as error:
            raise SecretChanged(
                f"the signing key {kid} does not open with this installation's secret: put the secret back that the "
                "database was used with, the same on every host; where it is lost, "
                "`wharfinger token rotate-keys --at-once` makes a new key, which ends all registry tokens"
            ) from error
        return ECKey.import_key(der)


def _foreign_key(issuer: TrustedIssuer, kid: str, pem: str) -> _Verifier:
    """EC keys of P-256 verify ES256 and RSA keys RS256, whatever a token asks for."""
    where = f"the key {kid} of the trusted issuer {issuer.issuer}"
    for kind in (ECKey, RSAKey):
        try:
            key = kind.import_key(pem)
            key = kind.import_key(key.as_pem(private=False))  # a private key given by mistake is not kept
        except (JoseError, ValueError, TypeError):
            continue
        if isinstance(key, ECKey) and key.curve_name == "P-256":
            return _Verifier(key, "ES256")
        if isinstance(key, RSAKey) and key.raw_value.key_size >= _RSA_BITS:
            return _Verifier(key, "RS256")
    raise ValueError(f"{where} is not usable: give a public key in PEM, EC on P-256 or RSA of {_RSA_BITS} bits or more")


def _unverified(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims as they stand there, each key once. Raises Untrusted."""
    parts = token.encode().split(b".")
    if len(parts) != 3:
        raise Untrusted("this is not a token: it does not have three parts")
    try:
        header, claims = (strict_json.loads(urlsafe_b64decode(part)) for part in parts[:2])
    except (Malformed, ValueError) as error:
        raise Untrusted("the token is not readable: it was cut off or changed on its way") from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Untrusted("the token is not readable: its parts are no JSON objects")
    return header, claims
