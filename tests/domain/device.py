"""A device that makes and shows passkeys, in software: it says whatever a test wants it to say."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_bytes
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def octets(value: str) -> bytes:
    return urlsafe_b64decode(value + "=" * (-len(value) % 4))


@dataclass
class Device:
    """One key for one account. What it says of itself can be bent: `flags`, `count`, `origin`, `party`."""

    origin: str = "https://registry.example.com"
    party: str = "registry.example.com"
    flags: int = PRESENT | VERIFIED
    count: int = 0
    kind: str = ""
    inside: bool = False  # in a frame on a page of somebody else
    handle: bytes = b""
    credential: bytes = field(default_factory=lambda: token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: str) -> str:
        """The answer to `navigator.credentials.create`."""
        asked = json.loads(options)
        self.handle = octets(asked["user"]["id"])
        attested = bytes(16) + len(self.credential).to_bytes(2) + self.credential + self._public()
        data = self._data(ATTESTED) + attested
        said = self._said("webauthn.create", asked["challenge"])
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({"clientDataJSON": text(said), "attestationObject": text(statement)})

    def show(self, options: str) -> str:
        """The answer to `navigator.credentials.get`; the device counts one more."""
        self.count += 1
        said, data = self._said("webauthn.get", json.loads(options)["challenge"]), self._data()
        signature = self.key.sign(data + sha256(said).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": said,
            "authenticatorData": data,
            "signature": signature,
            "userHandle": self.handle,
        }
        return self._answer({name: text(value) for name, value in response.items()})

    def _said(self, kind: str, challenge: str) -> bytes:
        said = {"type": self.kind or kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.inside}
        return json.dumps(said).encode()

    def _data(self, more: int = 0) -> bytes:
        return sha256(self.party.encode()).digest() + bytes([self.flags | more]) + self.count.to_bytes(4)

    def _public(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})

    def _answer(self, response: dict[str, Any]) -> str:
        named = text(self.credential)
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": response})
