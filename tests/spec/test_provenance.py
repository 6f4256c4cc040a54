"""What provenance statements say, in the forms that builders write them in."""

import base64
import json
from typing import Any

import pytest

from wharfinger.spec import provenance
from wharfinger.spec.errors import Malformed

COMMIT = "1" * 40
SLSA_1 = {
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {
        "buildDefinition": {"resolvedDependencies": [{"uri": "pkg:docker/alpine", "digest": {"sha256": "a" * 64}}, {
            "uri": "git+https://git.example.com/acme/shop", "digest": {"gitCommit": COMMIT}}]},
        "runDetails": {"builder": {"id": "https://ci.example.com/runner/7"}, "metadata": {"invocationId": "job/4711"}},
    },
}  # fmt: skip
SLSA_02 = {
    "predicateType": "https://slsa.dev/provenance/v0.2",
    "predicate": {
        "builder": {"id": "https://ci.example.com"},
        "invocation": {"configSource": {"uri": "https://git.example.com/acme/shop", "digest": {"sha1": COMMIT}}},
        "metadata": {"buildInvocationID": "99"},
    },
}
MATERIALS = {
    "predicateType": "https://slsa.dev/provenance/v0.2",
    "predicate": {"materials": [{"uri": "git+ssh://x", "digest": {"sha1": COMMIT}}], "builder": {"id": 7}},
}
NEW = (
    ("source", "git+https://git.example.com/acme/shop"), ("commit", COMMIT),
    ("builder", "https://ci.example.com/runner/7"), ("run", "job/4711"),
)  # fmt: skip


def envelope(statement: dict[str, Any]) -> dict[str, Any]:
    return {"payloadType": "application/vnd.in-toto+json", "payload": base64.b64encode(dumped(statement)).decode()}


def dumped(document: Any) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (SLSA_1, NEW),
        (envelope(SLSA_1), NEW),
        ({"mediaType": "…", "dsseEnvelope": envelope(SLSA_1)}, NEW),
        (
            SLSA_02,
            (
                ("source", "https://git.example.com/acme/shop"),
                ("commit", COMMIT),
                ("builder", "https://ci.example.com"),
                ("run", "99"),
            ),
        ),
        (MATERIALS, (("source", "git+ssh://x"), ("commit", COMMIT))),
        ({"predicateType": "https://spdx.example.com/Document", "predicate": SLSA_1["predicate"]}, ()),
        ({"predicateType": "https://slsa.dev/provenance/v1", "predicate": {"materials": [3, {"digest": []}]}}, ()),
        ({"predicateType": "https://slsa.dev/provenance/v1"}, ()),
        ([], ()),
    ],
)
def test_what_is_said(document: Any, found: tuple[tuple[str, str], ...]) -> None:
    assert provenance.parse(dumped(document)) == found


@pytest.mark.parametrize("body", [b"no JSON", dumped({"payload": "no base64!"}), dumped({"payload": "bm8="})])
def test_what_cannot_be_read(body: bytes) -> None:
    with pytest.raises(Malformed):
        provenance.parse(body)
