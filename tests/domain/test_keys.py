"""Signing keys: made once, sealed, rotated with overlap; and whose signatures are believed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from sqlalchemy import select

from tests.clock import Clock
from tests.domain.forging import parts, pem, private_pem, sign
from tests.domain.people import statements
from tests.in_process import SECRET
from wharfinger.db.tables.people import signing_keys
from wharfinger.domain.keys import KeyRing, SecretChanged, Untrusted
from wharfinger.domain.tools import Policy, Tools, TrustedIssuer

CLAIMS = {"iss": "wharfinger", "sub": "ada"}
OVERLAP = Policy().key_overlap


def ring(tools: Tools, *, secret: bytes = SECRET, **policy: object) -> KeyRing:
    """The keys as another process of the installation has them."""
    return KeyRing(tools.db, secret, tools.clock, replace(tools.policy, **policy))  # type: ignore[arg-type]


def believes(keys: KeyRing, token: str) -> bool:
    try:
        return keys.verify(token).issuer is None
    except Untrusted:
        return False


def kid_of(token: str) -> str:
    return str(parts(token)[0]["kid"])


# --- our own


def test_the_first_signature_makes_the_key(tools: Tools) -> None:
    token = tools.keys.sign(CLAIMS)
    verified = tools.keys.verify(token)
    assert verified.claims == CLAIMS
    assert verified.issuer is None
    with tools.db.read() as tx:
        assert list(tx.scalars(select(signing_keys.c.kid))) == [kid_of(token)]
    assert kid_of(tools.keys.sign(CLAIMS)) == kid_of(token)


def test_all_processes_sign_with_the_same_key(tools: Tools) -> None:
    token, other = tools.keys.sign(CLAIMS), ring(tools)
    assert believes(other, token)
    assert kid_of(other.sign(CLAIMS)) == kid_of(token)


def test_keys_are_sealed_under_the_secret(tools: Tools) -> None:
    token = tools.keys.sign(CLAIMS)
    with tools.db.read() as tx:
        [sealed] = tx.scalars(select(signing_keys.c.sealed))
    der = tools.keys._own.keys[kid_of(token)].as_der(private=True)  # type: ignore[union-attr]
    assert len(sealed) == 12 + len(der) + 16
    assert der[-40:] not in sealed
    with pytest.raises(SecretChanged, match="put the secret back"):
        ring(tools, secret=bytes(32)).verify(token)


def test_who_comes_with_another_secret_is_told_and_changes_nothing(tools: Tools) -> None:
    stranger = ring(tools, secret=bytes(32))
    tools.keys.ensure()
    tools.keys.ensure()
    for attempt in (stranger.ensure, stranger.rotate):
        with pytest.raises(SecretChanged, match="rotate-keys --at-once"):
            attempt()
    assert len(ring(tools).public_keys()) == 1
    stranger.rotate(at_once=True)
    assert len(stranger.public_keys()) == 1


def test_a_seal_belongs_to_its_key_id(tools: Tools) -> None:
    """Whoever can write rows cannot pass one key off as another."""
    tools.keys.sign(CLAIMS)
    with tools.db.begin() as tx:
        tx.execute(signing_keys.update().values(kid="mine"))
    with pytest.raises(SecretChanged):
        ring(tools).sign(CLAIMS)


def test_a_rotated_key_verifies_until_the_overlap_is_over(tools: Tools, clock: Clock) -> None:
    old = tools.keys.sign(CLAIMS)
    clock.advance(seconds=1)
    kid = tools.keys.rotate()
    new = tools.keys.sign(CLAIMS)
    assert kid == kid_of(new) != kid_of(old)
    clock.advance(seconds=OVERLAP.total_seconds() - 1)
    assert [believes(keys, old) for keys in (tools.keys, ring(tools))] == [True, True]
    clock.advance(minutes=1)
    assert [believes(keys, old) for keys in (tools.keys, ring(tools))] == [False, False]
    assert believes(tools.keys, new)
    tools.keys.rotate()
    with tools.db.read() as tx:
        assert kid_of(old) not in set(tx.scalars(select(signing_keys.c.kid)))


def test_the_overlap_outlives_the_last_token_in_any_case(tools: Tools, clock: Clock) -> None:
    keys = ring(tools, key_overlap=timedelta(0), token_life=timedelta(minutes=15))
    old = keys.sign(CLAIMS)
    keys.rotate()
    clock.advance(minutes=15)
    assert believes(keys, old)
    clock.advance(minutes=2)
    assert not believes(keys, old)


def test_other_processes_follow_a_rotation(tools: Tools) -> None:
    other = ring(tools)
    other.sign(CLAIMS)
    kid = tools.keys.rotate()
    assert believes(other, tools.keys.sign(CLAIMS))  # a key it has not heard of: it looks
    assert kid_of(other.sign(CLAIMS)) == kid


def test_a_leaked_key_is_believed_no_more(tools: Tools, clock: Clock) -> None:
    old, other = tools.keys.sign(CLAIMS), ring(tools)
    assert believes(other, old)
    tools.keys.rotate(at_once=True)
    assert not believes(tools.keys, old)
    clock.advance(seconds=31)
    assert not believes(other, old)


def test_a_key_made_elsewhere_a_moment_ago_is_believed_at_once(tools: Tools) -> None:
    other = ring(tools)
    assert other.public_keys() == []
    assert believes(other, tools.keys.sign(CLAIMS))


def test_a_made_up_key_id_costs_one_small_read(tools: Tools) -> None:
    tools.keys.sign(CLAIMS)
    stranger = ec.generate_private_key(ec.SECP256R1())
    with statements(tools) as seen:
        for number in range(30):
            assert not believes(tools.keys, sign(stranger, {"kid": f"made-up-{number}"}, CLAIMS))
    assert sum("signing_keys" in statement for statement in seen) == 30


def test_public_keys_say_nothing_private(tools: Tools) -> None:
    token = tools.keys.sign(CLAIMS)
    [public] = tools.keys.public_keys()
    assert set(public) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (public["kid"], public["alg"]) == (kid_of(token), "ES256")


# --- others'


@pytest.fixture(scope="module")
def elsewhere() -> rsa.RSAPrivateKey:
    """The key of an issuer that signs with RSA, as GitLab does."""
    return rsa.generate_private_key(65537, 2048)


def trusting(tools: Tools, **keys: str) -> KeyRing:
    return ring(tools, trusted_issuers=(TrustedIssuer("elsewhere", "here", keys),))


def test_a_trusted_issuer_is_believed_for_itself_only(tools: Tools, elsewhere: rsa.RSAPrivateKey) -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    keys = trusting(tools, one=pem(elsewhere), two=pem(curve))
    for kid, key in (("one", elsewhere), ("two", curve)):
        verified = keys.verify(sign(key, {"kid": kid}, {"iss": "elsewhere"}))
        assert verified.issuer is not None
        assert verified.issuer.audience == "here"
        for header, claims in [
            ({"kid": kid}, CLAIMS),
            ({"kid": kid}, {"iss": "another"}),
            ({"kid": "three"}, {"iss": "elsewhere"}),
            ({}, {"iss": "elsewhere"}),
        ]:
            with pytest.raises(Untrusted):
                keys.verify(sign(key, header, claims))
    with pytest.raises(Untrusted):
        keys.verify(sign(curve, {"kid": "one"}, {"iss": "elsewhere"}))


def test_a_private_key_given_by_mistake_is_not_kept(tools: Tools, elsewhere: rsa.RSAPrivateKey) -> None:
    keys = trusting(tools, one=private_pem(elsewhere))
    assert keys.verify(sign(elsewhere, {"kid": "one"}, {"iss": "elsewhere"})).issuer
    assert not keys._foreign["elsewhere", "one"].key.is_private


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no key",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 1024)),
    ],
    ids=["empty", "text", "garbage", "other curve", "short"],
)
@pytest.mark.filterwarnings("ignore:Key size")
def test_keys_of_no_use_are_refused_at_start(tools: Tools, text: str) -> None:
    with pytest.raises(
        ValueError, match="the key one of the trusted issuer elsewhere is not usable: give a public key"
    ):
        trusting(tools, one=text)


def test_nobody_else_can_be_us(tools: Tools, elsewhere: rsa.RSAPrivateKey) -> None:
    with pytest.raises(ValueError, match="own issuer name"):
        ring(tools, trusted_issuers=(TrustedIssuer("wharfinger", "here", {"one": pem(elsewhere)}),))
