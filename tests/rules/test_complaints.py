"""What a message is about that somebody pasted."""

from typing import Any

import pytest

from wharfinger.rules.complaints import Complaint, read
from wharfinger.rules.roles import Action

MESSAGES = {
    "denied: requested access to the resource is denied: you are a guest in acme/shop; pushing needs the role "
    "developer": ("acme/shop", Action.PUSH),
    "Error response from daemon: pull access denied for registry.example.com/acme/shop/web, repository does not exist "
    "or may require 'docker login'": ("acme/shop/web", Action.PULL),
    'level=fatal msg="initializing source docker://127.0.0.1:5050/acme/shop:1: reading manifest 1': (
        "acme/shop", Action.PULL, "1",
    ),
    "Error: writing blob: initiating layer upload to /v2/acme/shop/web/blobs/uploads/ in localhost:5050: denied": (
        "acme/shop/web", Action.PUSH,
    ),
    "PUT https://registry.example.com/v2/acme/shop/manifests/latest: DENIED": ("acme/shop", Action.PUSH, "latest"),
    "DELETE https://registry.example.com/v2/acme/shop/manifests/latest: DENIED": ("acme/shop", Action.DELETE, "latest"),
    "no repository acme/shop/x, or none you may read: check the name": ("acme/shop/x", None),
    "you are a developer in acme/shop; changing settings needs the role maintainer": ("acme/shop", Action.ADMINISTER),
    "insufficient_scope: repository:acme/shop:pull,push": ("acme/shop", Action.PUSH),
    "repository:acme/shop:pull": ("acme/shop", Action.PULL),
    "repository:acme/shop:delete": ("acme/shop", Action.DELETE),
    "repository:acme/shop:*": ("acme/shop", Action.DELETE),
    " acme/shop/web:1.2 ": ("acme/shop/web", None, "1.2"),
    "acme/shop@sha256:00": ("acme/shop", None),
    "localhost/acme/shop": ("acme/shop", None),
    'time="2026-03-01" level=fatal msg="writing manifest: uploading manifest v1 to 127.0.0.1:5050/acme/shop/web: '
    'denied: requested access to the resource is denied: the tag v1 is immutable, it stays"': (
        "acme/shop/web", Action.PUSH, "v1",
    ),
    "uploading manifest sha256:00 to localhost:5050/acme/shop/web: denied": ("acme/shop/web", Action.PUSH),
    "denied: the tag v1.0 is protected, pushing needs an owner": ("", Action.PUSH, "v1.0"),
    "Error response from daemon: manifest for localhost:5050/acme/shop/web:v9 not found: manifest unknown": (
        "acme/shop/web", None, "v9",
    ),
    "HEAD http://localhost:5050/v2/acme/shop/web/manifests/1.0: 403": ("acme/shop/web", Action.PULL, "1.0"),
    "HEAD http://localhost:5050/v2/acme/shop/web/manifests/sha256:00: 403": ("acme/shop/web", Action.PULL),
    "denied: the storage of acme/shop is full": ("acme/shop", None),
    "it does not work": ("", None),
    "": ("", None),
}  # fmt: skip


@pytest.mark.parametrize(("message", "expected"), MESSAGES.items())
def test_what_it_is_about(message: str, expected: tuple[Any, ...]) -> None:
    assert read(message) == Complaint(*expected)


@pytest.mark.parametrize("piece", ["a.", "a/", "/v2/a", "in a/", "repository:", "push ", "\0", "é"])
def test_long_messages_are_read_at_once(piece: str) -> None:
    """Whatever is pasted: the patterns take time in proportion to the text, and no more than the start is read."""
    read(piece * 100_000)
