"""Making registry tokens by hand, right ones and wrong ones."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def part(value: object) -> str:
    """One part of a token: an object as JSON, or bytes as they are."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Header, claims and signature of a token."""
    header, claims, signature = token.split(".")
    opened = [json.loads(base64.urlsafe_b64decode(one + "==")) for one in (header, claims)]
    return opened[0], opened[1], signature


def pem(key: Private) -> str:
    """The public half, as an operator would put it into the settings."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key: Private) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def sign(key: Private, header: Mapping[str, Any], claims: object) -> str:
    """A token signed with this key; `claims` may be bytes that are no good JSON."""
    is_ec = isinstance(key, ec.EllipticCurvePrivateKey)
    algorithm = "ES256" if is_ec else "RS256"
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signer = ECKey.import_key(private_pem(key)) if is_ec else RSAKey.import_key(private_pem(key))
    given = {"alg": algorithm, "typ": "JWT", **header}
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = 100_000
    return jws.serialize_compact(given, payload, signer, registry=registry)


def times(now: datetime, life: timedelta = timedelta(minutes=5)) -> dict[str, int]:
    """The claims of a token that begins now."""
    return {"iat": int(now.timestamp()), "nbf": int(now.timestamp()), "exp": int((now + life).timestamp())}
