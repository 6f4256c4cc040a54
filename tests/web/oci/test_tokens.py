"""The token service: who gets what, what a token says, and what is believed of one."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from tests.web.oci.conftest import Client, Place, client_of, fresh
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry, challenge, raw, refused

SERVICE = "container_registry"


def part(token: str, number: int) -> dict[str, Any]:
    """The header (0) or the claims (1) of a token."""
    text = token.split(".")[number]
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def access(answer: httpx.Response) -> dict[str, set[str]]:
    """What a token allows, by name."""
    assert answer.status_code == 200, answer.text
    return {entry["name"]: set(entry["actions"]) for entry in part(answer.json()["token"], 1)["access"]}


# --- what it answers


def test_the_answer(place: Place) -> None:
    answer = place.developer.ask_token(f"repository:{place.path}:pull,push")
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert body["access_token"] == body["token"]
    assert body["expires_in"] == 300
    assert body["issued_at"].endswith("Z")
    assert "store" in answer.headers["cache-control"]


def test_what_a_token_says(place: Place) -> None:
    name = f"{place.path}/deep/image"
    token = place.developer.token(f"repository:{name}:pull,push")
    header, claims = part(token, 0), part(token, 1)
    assert header["alg"] == "ES256"
    assert header["kid"]
    assert set(header) <= {"alg", "kid", "typ"}
    assert claims["aud"] == SERVICE
    assert claims["iss"]
    assert claims["sub"] == place.developer.username
    assert claims["auth_type"] == "personal"
    assert claims["exp"] - claims["iat"] == 300
    assert claims["nbf"] <= claims["iat"]
    (entry,) = claims["access"]
    assert (entry["type"], entry["name"], set(entry["actions"])) == ("repository", name, {"pull", "push"})
    assert entry["meta"]["project_path"] == place.path
    assert isinstance(entry["meta"]["project_id"], int)
    assert isinstance(entry["meta"]["root_namespace_id"], int)


def test_no_two_tokens_are_alike(place: Place) -> None:
    first, second = (part(place.guest.token(), 1)["jti"] for _ in range(2))
    assert first != second


def test_logging_in_asks_for_nothing(place: Place) -> None:
    """`docker login` sends no scope: any good credential gets a token that allows nothing."""
    assert access(place.stranger.ask_token()) == {}


@pytest.mark.parametrize("service", ["", "registry", "dependency_proxy", "container_registry2"])
def test_another_service(place: Place, service: str) -> None:
    answer = place.developer.ask_token(service=service)
    assert (answer.status_code, answer.content) == (404, b"")


def test_no_service(place: Place) -> None:
    answer = place.developer.http.get("/jwt/auth", auth=(place.developer.username, place.developer.secret))
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_a_method_that_is_none(place: Place, method: str) -> None:
    assert place.developer.http.request(method, "/jwt/auth").status_code == 405


# --- what is granted


@pytest.mark.parametrize(
    ("role", "granted"),
    [
        ("maintainer", {"pull", "push", "delete"}),
        ("developer", {"pull", "push"}),
        ("guest", {"pull"}),
    ],
)
def test_as_much_as_the_role_allows(place: Place, role: str, granted: set[str]) -> None:
    """A partial grant is answered with 200."""
    registry: Registry = getattr(place, role)
    assert access(registry.ask_token(f"repository:{place.path}:pull,push,delete")) == {place.path: granted}
    assert access(registry.ask_token(f"repository:{place.path}:*")) == {place.path: granted}


@pytest.mark.parametrize("role", ["reporter", "owner"])
def test_the_other_roles(place: Place, client_for: Client, role: str) -> None:
    granted = {"reporter": {"pull"}, "owner": {"pull", "push", "delete"}}[role]
    asked = client_for(place, role).ask_token(f"repository:{place.path}:pull,push,delete")
    assert access(asked) == {place.path: granted}


@pytest.mark.parametrize(
    ("scopes", "granted"),
    [
        (("read_registry",), {"pull"}),
        (("read_api",), {"pull"}),
        (("read_registry", "write_registry"), {"pull", "push", "delete"}),
        (("api",), {"pull", "push", "delete"}),
        (("write_registry",), {"delete"}),
    ],
)
def test_as_much_as_the_scopes_allow(
    place: Place, client_for: Client, scopes: tuple[str, ...], granted: set[str]
) -> None:
    asked = client_for(place, "maintainer", scopes).ask_token(f"repository:{place.path}:pull,push,delete")
    assert access(asked) == {place.path: granted}


@pytest.mark.parametrize("scopes", [("read_user",), ("read_repository",), ("read_repository", "write_repository")])
def test_a_credential_for_other_things(place: Place, client_for: Client, scopes: tuple[str, ...]) -> None:
    answer = client_for(place, "maintainer", scopes).ask_token(f"repository:{place.path}:pull")
    message = refused(answer, 403, "DENIED")
    assert message.startswith("access forbidden")
    assert "read_registry" in message, "and how to get in"


def test_several_scopes_in_both_forms(place: Place, elsewhere: Place, open_place: Place) -> None:
    """Repeated parameters, and several in one, separated by spaces."""
    asked = place.developer.ask_token(
        f"repository:{place.path}/a:pull repository:{place.path}/b:pull,push",
        f"repository:{open_place.path}:pull,push",
        f"repository:{elsewhere.path}:pull",
        "repository:nobody-has/this:pull",
    )
    assert access(asked) == {
        f"{place.path}/a": {"pull"},
        f"{place.path}/b": {"pull", "push"},
        open_place.path: {"pull"},
    }


def test_one_name_twice_is_asked_once(place: Place) -> None:
    asked = place.developer.ask_token(f"repository:{place.path}:pull", f"repository:{place.path}:push")
    assert access(asked) == {place.path: {"pull", "push"}}


def test_hidden_and_absent_are_granted_alike(place: Place, elsewhere: Place) -> None:
    answers = {}
    for name in (elsewhere.path, "nobody-has/this"):
        answer = place.developer.ask_token(f"repository:{name}:pull,push")
        claims = json.dumps(part(answer.json()["token"], 1)).replace(name, "NAME")
        kept = {key: value for key, value in json.loads(claims).items() if key not in {"jti", "iat", "exp", "nbf"}}
        answers[name] = (answer.status_code, kept)
    hidden, absent = answers.values()
    assert hidden == absent


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_two_levels_below_a_project(place: Place, depth: int) -> None:
    name = "/".join([place.path, *"abc"[:depth]])
    expected = {name: {"pull", "push"}} if depth <= 2 else {}
    assert access(place.developer.ask_token(f"repository:{name}:pull,push")) == expected


@pytest.mark.parametrize(
    "scope",
    [
        "nonsense",
        "repository",
        "repository:",
        "repository:a/b",
        "repository:A/B:pull",
        "repository:a/../b:pull",
        "repository:a/b:pull:push",
        "project:a/b:pull",
        "registry:catalog:pull",
        "repository:" + "a/" * 30 + "b:pull",
        "repository:a/b:" + "pull," * 1000,
        "repository:a/b\x00:pull",
    ],
)
def test_a_scope_that_is_none(place: Place, scope: str) -> None:
    answer = place.developer.ask_token(scope)
    assert answer.status_code == 400, answer.text
    assert len(answer.content) < 2000


def test_more_scopes_than_anybody_needs(place: Place) -> None:
    text = " ".join(f"repository:{place.path}/i{number}:pull" for number in range(300))
    assert place.developer.ask_token(text).status_code == 400


def test_what_is_granted_is_what_works(place: Place) -> None:
    repository = fresh(place)
    pushed = place.developer.push(repository, image(0), "v1")
    token = place.developer.token(f"repository:{repository}:pull")
    path = f"/v2/{repository}/manifests/v1"
    assert place.developer.get(path, token=token).content == pushed.body
    answer = place.developer.put_manifest(repository, "v2", pushed, token=token)
    refused(answer, 401, "UNAUTHORIZED")
    assert challenge(answer)["error"] == "insufficient_scope"
    assert challenge(answer)["scope"] == f"repository:{repository}:pull,push"
    answer = place.developer.get(f"/v2/{fresh(place)}/tags/list", token=token)
    refused(answer, 401, "UNAUTHORIZED")


# --- nobody in particular


def test_nobody_gets_to_pull_what_is_public(open_place: Place, anonymous: Registry) -> None:
    asked = anonymous.ask_token(f"repository:{open_place.path}:pull,push,delete")
    assert access(asked) == {open_place.path: {"pull"}}
    assert not part(asked.json()["token"], 1)["sub"]


def test_nobody_pushes(open_place: Place, anonymous: Registry) -> None:
    """The token is given, for pulling; the push itself is answered with another challenge."""
    answer = anonymous.post(f"/v2/{fresh(open_place)}/blobs/uploads/")
    refused(answer, 401, "UNAUTHORIZED")
    assert "push" in challenge(answer)["scope"]


def test_nobody_is_not_told_what_is_private(place: Place, inner_place: Place, anonymous: Registry) -> None:
    answers = [
        anonymous.ask_token(f"repository:{name}:pull") for name in (place.path, inner_place.path, "nobody-has/this")
    ]
    for answer in answers:
        assert refused(answer, 403, "DENIED").startswith("access forbidden")
    assert len({answer.content for answer in answers}) == 1


# --- wrong credentials


@pytest.mark.parametrize("secret", ["", "x", "whf_pat_" + "0" * 33, "glpat-0123456789", "\u00e4", "x" * 5000])
def test_a_wrong_secret(place: Place, secret: str) -> None:
    answer = place.developer.http.get(
        "/jwt/auth", params={"service": SERVICE}, auth=httpx.BasicAuth(place.developer.username.encode(), secret)
    )
    message = refused(answer, 401, "UNAUTHORIZED")
    assert "denied" in message.lower()
    assert len(secret) < 2 or secret not in answer.text


def test_any_user_name_will_do_with_a_personal_token(place: Place) -> None:
    """As with GitLab: the token says who it is."""
    answer = Registry(place.developer.url, "whoever", place.developer.secret).ask_token()
    assert part(answer.json()["token"], 1)["sub"] == place.developer.username


@pytest.mark.parametrize("value", ["", "Og==", "bm9jb2xvbg==", "!!!!", "/////w==", "QQ"])
def test_a_header_that_is_no_credential(server: Any, value: str) -> None:
    answer = raw(server.url, "GET", f"/jwt/auth?service={SERVICE}", {"Authorization": f"Basic {value}"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")


# --- the form of OAuth2


def form(registry: Registry, **fields: str) -> httpx.Response:
    filled = {
        "grant_type": "password",
        "service": SERVICE,
        "client_id": "test",
        "username": registry.username,
        "password": registry.secret,
    } | fields
    body = urlencode({key: value for key, value in filled.items() if value})
    return registry.http.post("/jwt/auth", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})


def test_a_form_gets_the_same(place: Place) -> None:
    asked = form(place.developer, scope=f"repository:{place.path}/a:pull,push repository:{place.path}/b:pull,delete")
    assert access(asked) == {f"{place.path}/a": {"pull", "push"}, f"{place.path}/b": {"pull"}}
    body = asked.json()
    assert body["access_token"] == body["token"]
    assert body["expires_in"] == 300


def test_a_form_with_a_wrong_secret(place: Place) -> None:
    refused(form(place.developer, password="wrong"), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("grant_type", ["", "refresh_token", "client_credentials", "nonsense"])
def test_a_form_of_another_kind(place: Place, grant_type: str) -> None:
    """Clients fall back to GET when POST is refused."""
    answer = form(place.developer, grant_type=grant_type, refresh_token="x")
    assert answer.status_code in {400, 401, 404, 405}


def test_a_form_for_another_service(place: Place) -> None:
    assert form(place.developer, service="other").status_code == 404


def test_a_form_without_end(place: Place) -> None:
    assert 400 <= form(place.developer, scope="x" * 500_000).status_code < 500


# --- tokens nobody issued


@pytest.fixture(scope="module")
def prize(place: Place) -> tuple[str, str]:
    """The path of an image worth stealing, and a good token for it."""
    repository = fresh(place)
    place.developer.push(repository, image(0), "v1")
    return f"/v2/{repository}/manifests/v1", place.guest.token(f"repository:{repository}:pull")


def forged(token: str, header: dict[str, Any], key: ECKey | None = None) -> str:
    """The claims of a good token under another header, signed with a key of the forger."""
    mine = key or ECKey.generate_key("P-256")
    claims = json.dumps(part(token, 1)).encode()
    return jws.serialize_compact(
        {"alg": "ES256"} | header, claims, mine, registry=jws.JWSRegistry(strict_check_header=False)
    )


def believed(registry: Registry, path: str, token: str) -> bool:
    answer = registry.get(path, token=token)
    if answer.status_code == 401:
        assert challenge(answer)["error"] == "invalid_token"
    return answer.status_code == 200


def test_one_whose_token_is_no_good_is_told_what_to_ask_for(anonymous: Registry, prize: tuple[str, str]) -> None:
    """A client whose token ran out gets the next one for the same thing, by the challenge alone."""
    path, good = prize
    for token in (good[:-8] + "AAAAAAAA", "nonsense"):
        answer = anonymous.get(path, token=token)
        refused(answer, 401, "UNAUTHORIZED")
        asked = challenge(answer)
        assert asked["error"] == "invalid_token"
        assert asked["scope"] == f"repository:{path.split('/manifests/')[0].removeprefix('/v2/')}:pull"


def test_the_good_token_is_believed(anonymous: Registry, prize: tuple[str, str]) -> None:
    assert believed(anonymous, *prize)


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", ""])
def test_not_signed_at_all(anonymous: Registry, prize: tuple[str, str], name: str) -> None:
    path, good = prize
    for header in ({"alg": name, "typ": "JWT"}, {"alg": name, "kid": part(good, 0)["kid"]}):
        for signature in ("", good.split(".")[2]):
            assert not believed(anonymous, path, f"{packed(header)}.{good.split('.')[1]}.{signature}")


def test_changed_claims(anonymous: Registry, prize: tuple[str, str]) -> None:
    path, good = prize
    header, _, signature = good.split(".")
    changed = part(good, 1) | {"exp": int(time.time()) + 10**6}
    assert not believed(anonymous, path, f"{header}.{packed(changed)}.{signature}")


def test_a_key_of_ones_own(anonymous: Registry, prize: tuple[str, str]) -> None:
    path, good = prize
    for kid in (part(good, 0)["kid"], "my-key", "", "../../../dev/null", "' or 1=1 --", None):
        assert not believed(anonymous, path, forged(good, {} if kid is None else {"kid": kid}))


def test_a_key_brought_along(anonymous: Registry, prize: tuple[str, str], server: Any) -> None:
    """`jwk`, `jku` and `x5c` are where a token says how it wants to be checked. Nobody listens."""
    path, good = prize
    mine = ECKey.generate_key("P-256")
    public = mine.as_dict(private=False)
    for kid in (part(good, 0)["kid"], mine.thumbprint()):
        assert not believed(anonymous, path, forged(good, {"kid": kid, "jwk": public}, mine))
        assert not believed(anonymous, path, forged(good, {"kid": kid, "jku": f"{server.url}/keys"}, mine))
        assert not believed(anonymous, path, forged(good, {"kid": kid, "x5c": ["MIIB"]}, mine))


@pytest.mark.parametrize("secret", [b"", b"secret", b"kid"])
def test_another_algorithm(anonymous: Registry, prize: tuple[str, str], secret: bytes) -> None:
    """HS256 with something public as its secret is how an asymmetric key becomes everybody's."""
    path, good = prize
    kid = str(part(good, 0)["kid"])
    text = f"{packed({'alg': 'HS256', 'typ': 'JWT', 'kid': kid})}.{good.split('.')[1]}"
    key = kid.encode() if secret == b"kid" else secret
    signature = base64.urlsafe_b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    assert not believed(anonymous, path, f"{text}.{signature}")


@pytest.mark.parametrize("token", ["a", "a.b", "a.b.c", "a.b.c.d", "..", "." * 3000, "x" * 9000, "e30.e30.e30"])
def test_not_a_token(anonymous: Registry, prize: tuple[str, str], token: str) -> None:
    assert not believed(anonymous, prize[0], token)


def test_a_signature_cut_or_stretched(anonymous: Registry, prize: tuple[str, str]) -> None:
    path, good = prize
    head, _, signature = good.rpartition(".")
    for other in (signature[:-2], signature[:-4] + "AAAA", "A" * len(signature), signature + "AAAA"):
        assert not believed(anonymous, path, f"{head}.{other}")


# --- what is revoked


def test_a_registry_token_is_no_credential(place: Place) -> None:
    """What the token service gave out does not get more out of it."""
    token = place.maintainer.token(f"repository:{place.path}:pull")
    refused(Registry(place.maintainer.url, place.maintainer.username, token).ask_token(), 401, "UNAUTHORIZED")


def test_a_token_of_one_server_user_is_not_anothers(server: Any, place: Place, elsewhere: Place) -> None:
    repository = fresh(elsewhere)
    elsewhere.developer.push(repository, image(0), "v1")
    token = place.maintainer.token(f"repository:{repository}:pull,push")
    refused(place.maintainer.get(f"/v2/{repository}/manifests/v1", token=token), 404, "NAME_UNKNOWN")
    user = server.user(project=elsewhere.project, role="guest")
    assert client_of(server, user).get(f"/v2/{repository}/manifests/v1").status_code == 200
