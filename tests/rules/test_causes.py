"""What a refusal means, by the words that programs show."""

import pytest

from wharfinger.rules.causes import read

DENIED = "denied: requested access to the resource is denied: "
UNAUTHORIZED = "unauthorized: authentication required: "
MESSAGES = {
    "toomanyrequests: too many requests: too many failed logins: wait 31 seconds, then log in with a token that is "
    "right": "Too many failed logins",
    'authenticating creds for "127.0.0.1:5050": too many requests to registry': "Too many failed logins",
    UNAUTHORIZED + "this token expired on 2026-03-01 12:00 UTC: create a new one": "The access token has expired",
    UNAUTHORIZED + "the job of this token was ended or revoked on 2026-03-01 12:00 UTC": "The access token was revoked",
    UNAUTHORIZED + "the account ada is blocked: ask an administrator": "The account is blocked",
    UNAUTHORIZED + "account passwords are not taken here: create a personal": "Passwords are not taken here",
    UNAUTHORIZED + "an account with a second factor logs in with a token": "A second factor guards this account",
    UNAUTHORIZED + "this password was generated and has to be replaced first": "The password is a one-time password",
    UNAUTHORIZED + "this is no whole token, a character is wrong": "The token was cut off or mistyped",
    UNAUTHORIZED
    + "a job token logs in with the user name gitlab-ci-token": "The user name does not go with this token",
    UNAUTHORIZED + "the user name or the token is wrong, or": "The token or the password is wrong",
    UNAUTHORIZED + "the token has expired: get a new one from the token service": "A registry token ran out",
    DENIED + "the storage of acme/shop is full: with this it would use 2 GiB of 1 GiB": "A storage limit is reached",
    DENIED + "the storage of this registry is full. Delete tags": "A storage limit is reached",
    DENIED + "the storage of acme holds too much that no tag keeps (3 GiB, its": "Too much is stored that no tag keeps",
    DENIED + "the tag v1 is immutable, it stays what it was created as": "The tag is immutable",
    DENIED + "the repository acme/shop/web is protected, pushing needs a maintainer": "A rule protects it",
    DENIED
    + "the registry of acme/shop is switched off: a maintainer of": "The registry of this project is switched off",
    DENIED + "you are a guest in acme/shop; pushing needs the role developer": "A role is missing",
    DENIED + "you are not a member of acme/shop; pushing needs the role developer": "A role is missing",
    DENIED
    + "your token has read_registry; pushing needs write_registry as well": "The access token is not good for this",
    DENIED + "acme/base does not let in the jobs of your project: a maintainer": (
        "The project lets in the jobs of few others"
    ),
    UNAUTHORIZED + "this passkey is not known here, or": "The passkey was not taken",
    UNAUTHORIZED + "this code is wrong, or was used before": "The code is wrong",
    DENIED + "changing a user needs an administrator: ask one": "An administrator is needed",
    DENIED + "a job token is good for pushing in its own project only": "The access token is not good for this",
    "manifest unknown: no manifest v9 in this repository": "There is no such tag or digest",
    "name unknown: repository name not known to registry: no repository a/b, or none you may read": (
        "Nothing is at this path, or nothing that you may see"
    ),
    "blob is larger than this registry takes: it has 9 bytes": "It is larger than this server takes",
    "service unavailable: the store is full": "The server cannot do this for now",
    UNAUTHORIZED + "pushing in acme/shop needs a token for it: log in with an access token": "Nobody was logged in",
    "denied: requested access to the resource is denied": "It was denied",
    "response status code 403: Forbidden": "It was denied",
}


@pytest.mark.parametrize(("message", "name"), MESSAGES.items())
def test_the_cause_is_known_by_its_words(message: str, name: str) -> None:
    found = read(message)
    assert found is not None
    assert found.name == name


def test_those_about_logging_in_say_so() -> None:
    told = {message: cause for message in MESSAGES if (cause := read(message))}
    for message, cause in told.items():
        assert cause.login == (
            message.startswith((UNAUTHORIZED, "toomany", "auth")) and cause.name != "Nobody was logged in"
        )


def test_what_is_no_refusal_has_no_cause() -> None:
    assert read("it does not work") is None
    assert read("") is None
