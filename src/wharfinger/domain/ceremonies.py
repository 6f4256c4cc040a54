"""Asking a device for a passkey, and what of its answer is believed (WebAuthn level 2, sections 7.1 and 7.2).

Believed is what signs a challenge of ours (`challenges`), comes from a page of ours, was unlocked by a finger, a face
or a PIN, and has counted on since last time, if the device counts at all.
"""

import hmac
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import webauthn
from sqlalchemy import Row
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from wharfinger.domain import challenges
from wharfinger.domain.access import Caller
from wharfinger.domain.errors import CredentialRefused
from wharfinger.domain.tools import Tools

WRONG: Final = "this passkey is not known here, or its answer cannot be believed: try again, or sign in by password"
_PATIENCE_MS: Final = 300_000
_LONGEST_ANSWER: Final = 64 * 1024
_UNLOCKED: Final = UserVerificationRequirement.REQUIRED
_log: Final = logging.getLogger("wharfinger.passkeys")


@dataclass(frozen=True, slots=True)
class Ceremony:
    """Where a device is asked: the host, the origin of its pages, and what only this browser's session can say."""

    party: str
    origin: str
    holder: str


@dataclass(frozen=True, slots=True)
class Made:
    """A key that a device has made, for the challenge that it signed."""

    credential: bytes
    public_key: bytes
    sign_count: int
    challenge: bytes


@dataclass(frozen=True, slots=True)
class Shown:
    """A key that was shown: its row in `passkeys`, the challenge that it signed, and how far the device has counted."""

    row: Row[Any]
    challenge: bytes
    sign_count: int


def to_make(tools: Tools, caller: Caller, ceremony: Ceremony, known: Sequence[bytes]) -> str:
    """What `navigator.credentials.create` is asked, as JSON: a key that is none of those `known`."""
    options = webauthn.generate_registration_options(
        rp_id=ceremony.party,
        rp_name="Wharfinger",
        user_id=_handle(tools, caller.user_id or 0),
        user_name=caller.name,
        challenge=challenges.fresh(tools, ceremony.holder),
        timeout=_PATIENCE_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_UNLOCKED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    return webauthn.options_to_json(options)


def to_show(tools: Tools, ceremony: Ceremony) -> str:
    """What `navigator.credentials.get` is asked, as JSON: any passkey for this host."""
    options = webauthn.generate_authentication_options(
        rp_id=ceremony.party,
        challenge=challenges.fresh(tools, ceremony.holder),
        timeout=_PATIENCE_MS,
        user_verification=_UNLOCKED,
    )
    return webauthn.options_to_json(options)


def claimed(answer: str) -> bytes:
    """What the device calls the key that an answer says to be of. Raises CredentialRefused."""
    with _believing():
        return parse_authentication_credential_json(_bounded(answer)).raw_id


def made(tools: Tools, ceremony: Ceremony, answer: str) -> Made:
    """The key that a device has made. Raises CredentialRefused."""
    with _believing():
        credential = parse_registration_credential_json(_bounded(answer))
        challenge = _challenge(tools, ceremony, credential.response.client_data_json)
        verified: VerifiedRegistration = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=ceremony.party,
            expected_origin=ceremony.origin,
            require_user_verification=True,
        )
        return Made(verified.credential_id, verified.credential_public_key, verified.sign_count, challenge)


def shown(tools: Tools, ceremony: Ceremony, answer: str, row: Row[Any] | None) -> Shown:
    """The passkey in this row, which a device has shown. Raises CredentialRefused."""
    with _believing():
        credential = parse_authentication_credential_json(_bounded(answer))
        challenge = _challenge(tools, ceremony, credential.response.client_data_json)
        if row is None or row.party != ceremony.party or not _is_of(tools, credential, row.user_id):
            raise CredentialRefused(WRONG)
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=ceremony.party,
            expected_origin=ceremony.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
        return Shown(row, challenge, verified.new_sign_count)


@contextmanager
def _believing() -> Iterator[None]:
    """Refuse what cannot be read or is not true: parsers stumble in many ways over what somebody made up."""
    try:
        yield
    except CredentialRefused:
        raise
    except Exception as error:
        _log.warning("a passkey was not believed: %s", error)
        raise CredentialRefused(WRONG) from error


def _challenge(tools: Tools, ceremony: Ceremony, client_data: bytes) -> bytes:
    """The challenge that was signed, which is a good one of ours, on a page that is in no other page's frame."""
    said = parse_client_data_json(client_data)
    if said.cross_origin:
        raise CredentialRefused(WRONG)
    challenges.require_good(tools, said.challenge, ceremony.holder)
    return said.challenge


def _is_of(tools: Tools, credential: AuthenticationCredential, user: int) -> bool:
    """The device says whose key it is: of a passkey it always does."""
    return hmac.compare_digest(credential.response.user_handle or b"", _handle(tools, user))


def _handle(tools: Tools, user: int) -> bytes:
    """What devices know a user by: it says nothing of them, and stays."""
    return hmac.new(tools.secret, f"wharfinger passkeys of {user}".encode(), sha256).digest()


def _bounded(answer: str) -> str:
    if len(answer) > _LONGEST_ANSWER:
        raise CredentialRefused(WRONG)
    return answer
