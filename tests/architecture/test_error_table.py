"""The refusals of `/v2` are the distribution spec's own, and every refusal of the platform has one."""

import inspect

import pytest

from wharfinger.domain import errors as refusals
from wharfinger.domain.errors import Refusal
from wharfinger.spec.errors import CODES, STANDARD, Malformed
from wharfinger.web.oci.errors import TABLE, code_of

# distribution-spec v1.1, "Error Codes": code and message word for word; the status is that of the end points naming it
SPEC = {
    "BLOB_UNKNOWN": ("blob unknown to registry", 404),
    "BLOB_UPLOAD_INVALID": ("blob upload invalid", 400),
    "BLOB_UPLOAD_UNKNOWN": ("blob upload unknown to registry", 404),
    "DIGEST_INVALID": ("provided digest did not match uploaded content", 400),
    "MANIFEST_BLOB_UNKNOWN": ("manifest references a manifest or blob unknown to registry", 404),
    "MANIFEST_INVALID": ("manifest invalid", 400),
    "MANIFEST_UNKNOWN": ("manifest unknown to registry", 404),
    "NAME_INVALID": ("invalid repository name", 400),
    "NAME_UNKNOWN": ("repository name not known to registry", 404),
    "SIZE_INVALID": ("provided length did not match content length", 400),
    "UNAUTHORIZED": ("authentication required", 401),
    "DENIED": ("requested access to the resource is denied", 403),
    "UNSUPPORTED": ("the operation is unsupported", 405),
    "TOOMANYREQUESTS": ("too many requests", 429),
}

NAMED = [kind for _, kind in inspect.getmembers(refusals, inspect.isclass) if issubclass(kind, Refusal)]


def test_codes_and_messages_are_those_of_the_spec() -> None:
    assert {line.code: (line.message, line.status) for line in STANDARD} == SPEC


def test_our_own_codes_look_like_the_others() -> None:
    for code, line in CODES.items():
        assert code == line.code == line.code.upper()
        assert line.message == line.message.lower()
        assert 400 <= line.status <= 503


@pytest.mark.parametrize("kind", [kind for kind in NAMED if kind is not Refusal], ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_code(kind: type[Refusal]) -> None:
    assert code_of(kind.__new__(kind)) in CODES


def test_the_code_of_malformed_text_is_its_own() -> None:
    assert code_of(Malformed("TAG_INVALID", "x")) == "TAG_INVALID"


def test_no_line_of_the_table_hides_another() -> None:
    kinds = list(TABLE)
    hidden = [
        (early.__name__, late.__name__)
        for number, early in enumerate(kinds)
        for late in kinds[number + 1 :]
        if issubclass(late, early)
    ]
    assert not hidden


def test_every_line_of_the_table_is_a_refusal_with_a_known_code() -> None:
    assert all(issubclass(kind, Refusal) for kind in TABLE)
    assert set(TABLE.values()) <= set(CODES)
