"""Registry tokens: what they say, what they open, and what passes for one and must not."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey

from tests.clock import Clock
from tests.domain.forging import part, parts, pem, private_pem, sign, times
from tests.domain.people import IMAGES, opened, person, push, refusal, registry, with_token
from tests.in_process import build_tools, close_tools
from wharfinger.domain import access, grants, groups, members, projects, pull, tokens
from wharfinger.domain import images as operations
from wharfinger.domain.access import ANONYMOUS, OPERATOR, Caller, Grant
from wharfinger.domain.errors import ManifestUnknown, RepositoryUnknown, ScopeMissing, ServiceUnknown, SignInNeeded
from wharfinger.domain.tools import Policy, Tools, TrustedIssuer
from wharfinger.rules.grants import parse_scopes
from wharfinger.rules.roles import Action, Role, Visibility
from wharfinger.rules.scopes import CredentialKind

SERVICE = "container_registry"
SHOP = "repository:acme/shop/web:pull,push,delete"


@pytest.fixture
def ada(tools: Tools) -> Caller:
    """Owns acme/shop."""
    caller = person(tools, "ada")
    groups.create(tools, caller, "acme")
    projects.create(tools, caller, "acme/shop")
    return caller


@pytest.fixture
def bob(tools: Tools, ada: Caller) -> Caller:
    """A developer of acme/shop."""
    caller = person(tools, "bob")
    members.add(tools, ada, "acme", "bob", Role.DEVELOPER)
    return caller


def issue(tools: Tools, caller: Caller, *scopes: str) -> str:
    return grants.issue(tools, caller, SERVICE, parse_scopes(scopes)).token


def why(tools: Tools, token: str) -> str:
    """Why a token is not believed."""
    with pytest.raises(SignInNeeded) as refused:
        grants.verify(tools, token)
    assert refused.value.error == "invalid_token"
    return str(refused.value)


# --- what it says


def test_the_claims_are_those_of_a_registry_token(tools: Tools, bob: Caller, clock: Clock) -> None:
    issued = grants.issue(tools, bob, SERVICE, parse_scopes([SHOP]))
    header, claims, _ = parts(issued.token)
    project, group = projects.get(tools, bob, "acme/shop"), groups.get(tools, bob, "acme")
    now = int(clock().timestamp())
    assert (issued.expires_in_seconds, issued.issued_at) == (300, clock())
    assert header == {"alg": "ES256", "typ": "JWT", "kid": header["kid"]}
    assert {name: claims[name] for name in ("iss", "aud", "sub", "iat", "nbf", "exp", "auth_type", "uid", "cid")} == {
        "iss": "wharfinger",
        "aud": SERVICE,
        "sub": "bob",
        "iat": now,
        "nbf": now - 5,
        "exp": now + 300,
        "auth_type": "password",
        "uid": bob.user_id,
        "cid": None,
    }
    meta = {"project_path": "acme/shop", "project_id": project.id, "root_namespace_id": group.id}
    entry = {"type": "repository", "name": "acme/shop/web", "actions": ["pull", "push"], "meta": meta}
    assert claims["access"] == [entry]
    assert claims["refused"] == {
        "acme/shop/web": {
            "delete": "you are a developer in acme/shop; deleting needs the role maintainer: "
            "a maintainer or owner of the project can grant it"
        }
    }
    assert parts(issue(tools, bob, SHOP))[1]["jti"] != claims["jti"]


def test_grants_are_partial(tools: Tools, bob: Caller) -> None:
    caller = registry(tools, bob, SHOP, "repository:acme/none:pull", "repository:bob/none:push")
    project = projects.get(tools, bob, "acme/shop").id
    assert caller.grants == {"acme/shop/web": Grant(project, frozenset({Action.PULL, Action.PUSH}))}
    assert set(caller.refused) == {"acme/shop/web", "acme/none", "bob/none"}
    assert caller.refused["acme/none"] == caller.refused["bob/none"] == {}


def test_logging_in_asks_for_nothing_and_gets_it(tools: Tools, bob: Caller) -> None:
    for caller in (bob, ANONYMOUS):
        seen = registry(tools, caller)
        assert (seen.kind, seen.name, seen.grants, seen.refused) == (caller.kind, caller.name, {}, {})


def test_nobody_in_particular_gets_what_is_open_or_a_refusal(tools: Tools, ada: Caller) -> None:
    """Hidden and absent are refused in the same words."""
    asked = ["repository:acme/shop:pull"], ["repository:acme/none:pull"], [access.CATALOG_SCOPE]
    said = {str(refusal(lambda scopes=scopes: issue(tools, ANONYMOUS, *scopes))) for scopes in asked}
    assert said == {"nothing of this is open to everybody: log in with an access token"}
    groups.create(tools, ada, "open", visibility=Visibility.PUBLIC)
    projects.create(tools, ada, "open/tool", visibility=Visibility.PUBLIC)
    caller = registry(tools, ANONYMOUS, "repository:open/tool:pull,push", SHOP, access.CATALOG_SCOPE)
    assert set(caller.grants or {}) == {"open/tool"}
    assert not caller.lists_catalog


def test_a_credential_that_is_good_for_no_image_is_told_so(tools: Tools, ada: Caller) -> None:
    caller = with_token(tools, "ada", "read_repository")
    refused = refusal(lambda: issue(tools, caller, SHOP))
    assert isinstance(refused, ScopeMissing)
    assert "your token has read_repository; pulling needs read_registry as well" in str(refused)


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [(("read_registry",), "needs write_registry as well"), (("write_registry",), "needs read_registry as well")],
)
def test_a_refused_push_says_which_scope_is_missing(
    tools: Tools, ada: Caller, scopes: tuple[str, ...], missing: str
) -> None:
    caller = registry(tools, with_token(tools, "ada", *scopes), SHOP)
    with pytest.raises(ScopeMissing, match=missing):
        access.granted(caller, "acme/shop/web", Action.PUSH)


def test_another_service_is_unknown(tools: Tools, bob: Caller) -> None:
    with pytest.raises(ServiceUnknown, match="service=container_registry"):
        grants.issue(tools, bob, "dependency_proxy", [])


def test_a_token_stays_small_whatever_is_refused(tools: Tools, ada: Caller) -> None:
    """It travels in a header."""
    eve = person(tools, "eve")
    groups.create(tools, ada, "open", visibility=Visibility.PUBLIC)
    projects.create(tools, ada, "open/tool", visibility=Visibility.PUBLIC)
    scopes = [f"repository:open/tool/i{number}:push,delete" for number in range(90)]
    token = issue(tools, eve, *scopes)
    assert len(token) < 32 * 1024
    caller, _ = grants.verify(tools, token)
    sentences = [caller.refused[f"open/tool/i{number}"]["push"] for number in range(90)]
    assert "needs the role developer" in sentences[0]
    assert sentences[-1].startswith("not allowed")


def test_the_caller_of_a_token_is_the_one_it_was_issued_to(tools: Tools, ada: Caller, clock: Clock) -> None:
    deploy = tokens.create_deploy(tools, ada, "acme", "x", IMAGES, username="k8s")
    job = tokens.create_job(tools, ada, "acme/shop", ends_at=clock() + timedelta(hours=1))
    callers = [
        with_token(tools, "ada"),
        tokens.authenticate(tools, "k8s", deploy.secret, "::1"),
        tokens.authenticate(tools, "gitlab-ci-token", job.secret, "::1"),
        person(tools, "root", admin=True),
    ]
    same = ("kind", "name", "user_id", "admin", "credential_id", "namespace_id", "project_id")
    for caller in callers:
        seen = registry(tools, caller)
        assert [getattr(seen, name) for name in same] == [getattr(caller, name) for name in same]


# --- what it opens


def test_a_token_for_a_project_that_was_made_again_opens_nothing(tools: Tools, ada: Caller) -> None:
    caller = registry(tools, ada, SHOP)
    push(tools, "acme/shop/web")
    assert opened(tools, caller, "acme/shop/web") is not None
    projects.delete(tools, ada, "acme/shop", with_images=True)
    assert isinstance(refusal(lambda: open_it(tools, caller)), RepositoryUnknown)
    projects.create(tools, ada, "acme/shop")
    push(tools, "acme/shop/web")
    assert isinstance(refusal(lambda: open_it(tools, caller)), RepositoryUnknown)
    assert isinstance(refusal(lambda: pull.manifest(tools, caller, "acme/shop/web", "latest")), RepositoryUnknown)


def open_it(tools: Tools, caller: Caller) -> access.Place:
    with tools.db.read() as tx:
        return access.open_repository(tx, caller, "acme/shop/web", Action.PULL)


def test_a_token_for_a_path_that_somebody_else_has_taken_opens_nothing(tools: Tools, ada: Caller) -> None:
    caller = registry(tools, ada, SHOP)
    projects.rename(tools, ada, "acme/shop", "store")
    place = opened(tools, caller, "acme/shop/web", Action.PUSH)
    assert place is not None
    assert place.path == "acme/store/web"  # until somebody takes the path
    projects.create(tools, ada, "acme/shop")
    assert opened(tools, caller, "acme/shop/web", Action.PUSH) is None


def test_a_token_outlives_a_lost_right_by_its_own_life_at_most(
    tools: Tools, ada: Caller, bob: Caller, clock: Clock
) -> None:
    token = issue(tools, bob, SHOP)
    members.remove(tools, ada, "acme", "bob")
    clock.advance(minutes=5, seconds=-1)
    assert opened(tools, grants.verify(tools, token)[0], "acme/shop/web") is not None
    clock.advance(seconds=1)
    assert "has expired" in why(tools, token)
    assert opened(tools, registry(tools, replace(bob, at=clock()), SHOP), "acme/shop/web") is None


def test_a_token_is_for_the_names_it_was_asked_for(tools: Tools, ada: Caller) -> None:
    push(tools, "acme/shop/web")
    caller = registry(tools, ada, SHOP)
    with pytest.raises(ManifestUnknown):
        pull.manifest(tools, caller, "acme/shop/web", "latest")
    for path in ("acme/shop", "acme/shop/web/base", "acme/shop/we", "acme"):
        assert isinstance(refusal(lambda path=path: access.granted(caller, path, Action.PULL)), SignInNeeded)


def test_the_catalog_is_for_callers_that_may_pull(tools: Tools, ada: Caller) -> None:
    for caller, listed in [
        (ada, True),
        (OPERATOR, True),
        (with_token(tools, "ada", "read_registry"), True),
        (with_token(tools, "ada", "write_registry"), False),
    ]:
        assert registry(tools, caller, access.CATALOG_SCOPE).lists_catalog is listed
    assert not registry(tools, ada, SHOP).lists_catalog


# --- what is no token


def test_only_our_signature_counts(tools: Tools, bob: Caller, database_url: str) -> None:
    header, claims, signature = parts(issue(tools, bob, SHOP))
    stranger = ec.generate_private_key(ec.SECP256R1())
    jwk = ECKey.import_key(pem(stranger)).as_dict(private=False)
    public = json.dumps(tools.keys.public_keys()[0]).encode()
    ours = f"{part(header)}.{part(claims)}"

    def hmac_signed(secret: bytes) -> str:
        body = f"{part(header | {'alg': 'HS256'})}.{part(claims)}"
        return f"{body}.{part(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"

    for token in (
        f"{part(header | {'alg': 'none'})}.{part(claims)}.",
        f"{part(header | {'alg': 'none'})}.{part(claims)}.{signature}",
        f"{part(header | {'alg': 'NONE'})}.{part(claims)}.",
        f"{ours}.",
        f"{ours}.{part(bytes(64))}",
        f"{ours}.{part(bytes(63))}",
        f"{part(header)}.{part(claims | {'uid': 1})}.{signature}",
        hmac_signed(public),
        hmac_signed(b""),
        sign(stranger, {"kid": header["kid"]}, claims),
        sign(stranger, {"kid": header["kid"], "jwk": jwk}, claims),
        sign(stranger, {"kid": header["kid"], "jku": "https://example.com/keys"}, claims),
        sign(stranger, {"kid": header["kid"], "x5u": "https://example.com/chain"}, claims),
        sign(stranger, {"kid": header["kid"], "x5c": ["MIIB"]}, claims),
        sign(stranger, {"jwk": jwk}, claims),
    ):
        assert "get a new one from the token service" in why(tools, token)
    other = build_tools(database_url, Clock(), replace(tools.policy, issuer="other"))
    assert why(other, f"{ours}.{signature}")
    close_tools(other)


def own_signed(tools: Tools, header: object, claims: object) -> str:
    """A token with our own good signature over whatever it says."""
    kid, key = next(iter(tools.keys._own.keys.items()))  # type: ignore[union-attr]
    given = header if isinstance(header, bytes) else json.dumps({"alg": "ES256", "kid": kid, **header}).encode()  # type: ignore[dict-item]
    body = f"{part(given)}.{part(claims)}"
    r, s = decode_dss_signature(key.private_key.sign(body.encode(), ec.ECDSA(SHA256())))
    return f"{body}.{part(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda claims: claims.update(aud="another"),
        lambda claims: claims.update(aud=["container_registry"]),
        lambda claims: claims.pop("aud"),
        lambda claims: claims.update(iss="another"),
        lambda claims: claims.pop("iss"),
        lambda claims: claims.pop("exp"),
        lambda claims: claims.update(exp="4102444800"),
        lambda claims: claims.update(exp=True),
        lambda claims: claims.update(exp=1e300),
        lambda claims: claims.update(exp=claims["iat"]),
        lambda claims: claims.update(nbf=claims["exp"]),
        lambda claims: claims.pop("access"),
        lambda claims: claims.update(access={"name": "x"}),
        lambda claims: claims.update(access=["x"]),
        lambda claims: claims.update(access=[{"type": "repository"}]),
        lambda claims: claims.update(auth_type="root"),
        lambda claims: claims.pop("refused"),
        lambda claims: claims.update(refused=[]),
        lambda claims: claims.pop("bound"),
        lambda claims: claims.update(bound=[1]),
        lambda claims: claims.update(uid="1"),
        lambda claims: claims.update(admin="yes"),
        lambda claims: claims.update(sub=None),
    ],
)
def test_claims_that_are_not_those_of_a_registry_token(tools: Tools, bob: Caller, change: Change) -> None:
    """Even under our own signature: other kinds of tokens may be signed with the same keys one day."""
    _, claims, _ = parts(issue(tools, bob, SHOP))
    assert grants.verify(tools, own_signed(tools, {}, claims))[0].name == "bob"
    change(claims)
    assert why(tools, own_signed(tools, {}, claims))


def test_what_is_said_twice_is_not_said(tools: Tools, bob: Caller) -> None:
    header, claims, _ = parts(issue(tools, bob, SHOP))
    twice = json.dumps(claims)[:-1] + ', "uid": 1}'
    assert "not readable" in why(tools, own_signed(tools, {}, twice.encode()))
    kid = header["kid"]
    headers = [
        f'{{"alg": "none", "alg": "ES256", "kid": "{kid}"}}',
        f'{{"alg": "ES256", "kid": "{kid}", "kid": "{kid}"}}',
    ]
    for text in headers:
        assert "not readable" in why(tools, own_signed(tools, text.encode(), claims))


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"b64": False}, {"crit": ["b64"], "b64": False}, {"kid": 7}])
def test_headers_that_change_the_rules_are_refused(tools: Tools, bob: Caller, header: dict[str, object]) -> None:
    _, claims, _ = parts(issue(tools, bob, SHOP))
    assert why(tools, own_signed(tools, header, claims))


@pytest.mark.parametrize("kid", ["../../etc/passwd", "", "' OR 1=1 --", "\0", "x" * 400])
def test_key_ids_are_names_and_nothing_else(tools: Tools, bob: Caller, kid: str) -> None:
    _, claims, _ = parts(issue(tools, bob, SHOP))
    stranger = ec.generate_private_key(ec.SECP256R1())
    assert "not known here" in why(tools, sign(stranger, {"kid": kid}, claims))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "..",
        "é.é.é",
        "{}",
        f"{part(b'[]')}.{part(b'[]')}.x",
        f"{part(b'{')}.{part(b'{}')}.x",
        f"{part({'alg': 'ES256', 'kid': 'x'})}.{part(b'[' * 5000)}.x",
        "a" * 40_000,
        "eyJhbGciOiJFUzI1NiJ9." * 1000,
        '{"payload": "x", "signatures": []}',
    ],
)
def test_what_is_no_token_at_all(tools: Tools, token: str) -> None:
    assert why(tools, token)


# --- others'


@pytest.fixture
def issuer_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def policy(issuer_key: ec.EllipticCurvePrivateKey) -> Policy:
    return Policy(trusted_issuers=(TrustedIssuer("elsewhere", "our-registry", {"one": pem(issuer_key)}),))


def foreign(key: ec.EllipticCurvePrivateKey, clock: Clock, *entries: object, **changes: object) -> str:
    claims = {"iss": "elsewhere", "aud": "our-registry", "sub": "carol", **times(clock()), "access": list(entries)}
    return sign(key, {"kid": "one", "x5c": ["MIIB" + "A" * 4000]}, claims | changes)


def test_a_trusted_issuers_token_opens_what_it_names_by_id(
    tools: Tools, ada: Caller, clock: Clock, issuer_key: ec.EllipticCurvePrivateKey
) -> None:
    number = projects.get(tools, ada, "acme/shop").id
    meta = {"project_id": number, "project_path": "acme/shop"}
    entries = [
        {"type": "repository", "name": "acme/shop/web", "actions": ["pull", "push", "administer"], "meta": meta},
        {"type": "repository", "name": "acme/shop", "actions": ["*"], "meta": meta},
        {"type": "repository", "name": "acme/shop/none", "actions": ["pull"]},
        {"type": "repository", "name": "acme/shop/text", "actions": ["pull"], "meta": {"project_id": str(number)}},
        {"type": "repository", "name": "acme/shop/true", "actions": ["pull"], "meta": {"project_id": True}},
    ]
    caller, until = grants.verify(tools, foreign(issuer_key, clock, *entries))
    assert (caller.kind, caller.name, caller.user_id, caller.admin) == (CredentialKind.REGISTRY, "carol", None, False)
    assert until == clock() + timedelta(minutes=5)
    images = frozenset({Action.PULL, Action.PUSH, Action.DELETE})
    assert caller.grants == {
        "acme/shop/web": Grant(number, frozenset({Action.PULL, Action.PUSH})),
        "acme/shop": Grant(number, images),
    }
    assert opened(tools, caller, "acme/shop/web", Action.PUSH) is not None
    assert isinstance(refusal(lambda: access.granted(caller, "acme/shop/none", Action.PULL)), SignInNeeded)
    elsewhere = {"type": "repository", "name": "acme/shop/web", "actions": ["pull"], "meta": {"project_id": number + 1}}
    caller, _ = grants.verify(tools, foreign(issuer_key, clock, elsewhere))
    assert opened(tools, caller, "acme/shop/web") is None


def test_a_trusted_issuer_cannot_make_people(
    tools: Tools, ada: Caller, clock: Clock, issuer_key: ec.EllipticCurvePrivateKey
) -> None:
    ours = {"uid": ada.user_id, "admin": True, "auth_type": "operator", "bound": [None, None], "refused": {}}
    listing = {"type": "registry", "name": "catalog", "actions": ["*"]}
    caller, _ = grants.verify(tools, foreign(issuer_key, clock, listing, **ours))
    assert (caller.kind, caller.user_id, caller.admin) == (CredentialKind.REGISTRY, None, False)
    assert caller.lists_catalog
    push(tools, "acme/shop/web")
    assert operations.list_repositories(tools, caller, last="", limit=10).names == []


@pytest.mark.parametrize(
    "changes",
    [{"aud": "container_registry"}, {"aud": None}, {"iss": "wharfinger"}, {"exp": 1}, {"exp": None}, {"nbf": 2**33}],
)
def test_a_trusted_issuers_token_is_for_us_and_for_now(
    tools: Tools, clock: Clock, issuer_key: ec.EllipticCurvePrivateKey, changes: dict[str, object]
) -> None:
    assert grants.verify(tools, foreign(issuer_key, clock))
    assert why(tools, foreign(issuer_key, clock, **changes))
    assert private_pem(issuer_key) not in why(tools, foreign(issuer_key, clock, **changes))


def test_a_trusted_issuer_vouches_for_commit_and_job(
    tools: Tools, clock: Clock, issuer_key: ec.EllipticCurvePrivateKey
) -> None:
    claims = {"sha": "c" * 40, "ref": "main", "pipeline_id": "812", "project_path": "acme/shop", "admin": True}
    caller, _ = grants.verify(tools, foreign(issuer_key, clock, **claims))
    assert caller.origin == {
        "source": "acme/shop", "commit": "c" * 40, "ref": "main", "pipeline": "812", "issuer": "elsewhere",
    }  # fmt: skip
    assert grants.verify(tools, foreign(issuer_key, clock))[0].origin == {}


def test_clocks_may_differ_a_little(tools: Tools, clock: Clock, issuer_key: ec.EllipticCurvePrivateKey) -> None:
    token = foreign(issuer_key, clock)
    clock.advance(seconds=-5)
    assert grants.verify(tools, token)
    clock.advance(seconds=-1)
    assert "compare the clocks" in why(tools, token)
