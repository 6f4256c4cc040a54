"""Refusals in the words of the distribution spec: one table, one function."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from wharfinger.domain import errors
from wharfinger.spec.errors import CODES, Malformed
from wharfinger.web import refusals
from wharfinger.web.respond import Answer

# The first line that fits wins: special cases stand above their kind. `spec.errors` has status and message.
TABLE: Final[Mapping[type[Exception], str]] = {
    errors.Unauthenticated: "UNAUTHORIZED",
    errors.Denied: "DENIED",
    errors.ProjectUnknown: "NAME_UNKNOWN",
    errors.RepositoryUnknown: "NAME_UNKNOWN",
    errors.ManifestUnknown: "MANIFEST_UNKNOWN",
    errors.TagUnknown: "MANIFEST_UNKNOWN",
    errors.BlobUnknown: "BLOB_UNKNOWN",
    errors.UploadUnknown: "BLOB_UPLOAD_UNKNOWN",
    errors.NotFound: "NAME_UNKNOWN",
    errors.BlobsMissing: "MANIFEST_BLOB_UNKNOWN",
    errors.DigestMismatch: "DIGEST_INVALID",
    errors.RangeInvalid: "CONTENT_RANGE_INVALID",
    errors.SizeMismatch: "SIZE_INVALID",
    errors.PageInvalid: "PAGINATION_NUMBER_INVALID",
    errors.Invalid: "PARAMETER_INVALID",
    errors.ManifestTooLarge: "MANIFEST_SIZE_LIMIT",
    errors.BlobTooLarge: "BLOB_SIZE_LIMIT",
    errors.TooLarge: "MANIFEST_SIZE_LIMIT",
    errors.ManifestInUse: "MANIFEST_REFERENCED",
    errors.BlobInUse: "BLOB_REFERENCED",
    errors.UploadBusy: "BLOB_UPLOAD_BUSY",
    errors.Conflict: "CONFLICT",
    errors.LoginsLimited: "TOOMANYREQUESTS",
    errors.Exhausted: "UNAVAILABLE",
}


# GitLab's codes: clients print one they do not know as "unknown: …", so it stands in the detail (decision 12).
_PROTECTION: Final[Mapping[type[errors.TagProtected], str]] = {
    errors.TagProtected: "PROTECTED_TAG",
    errors.TagImmutable: "IMMUTABLE_TAG",
    errors.ManifestProtected: "PROTECTED_MANIFEST",
}


def code_of(refusal: Exception) -> str:
    """The spec's code for a refusal."""
    if isinstance(refusal, Malformed):
        return refusal.code
    return next(code for kind, code in TABLE.items() if isinstance(refusal, kind))


def answer(refusal: Exception, challenge: str) -> Answer:
    """The answer to a refused request; `challenge` starts the WWW-Authenticate of one without a usable token."""
    found = plain(code_of(refusal), str(refusal), _details(refusal))
    found.headers += refusals.headers(refusal, challenge)
    return found


def plain(code: str, sentence: str, details: Sequence[Any] = (None,)) -> Answer:
    """An answer with this code of the spec: its message, a sentence on what to do, and an error for each detail."""
    return refusals.answer(CODES[code], sentence, details)


def failure() -> Answer:
    """Something broke here; the log says what, under the id of the request."""
    return plain("UNKNOWN", "the registry failed to do this: try again, and tell its operator the request id")


def _details(refusal: Exception) -> list[Any]:
    match refusal:
        case errors.BlobsMissing():
            return [{"digest": digest} for digest in refusal.digests]
        case errors.BlobUnknown():
            return [{"digest": refusal.digest}]
        case errors.ManifestUnknown():
            return [{"reference": refusal.reference}]
        case errors.DigestMismatch():
            return [{"digest": refusal.promised, "found": refusal.found}]
        case errors.RangeInvalid():
            return [{"offset": refusal.offset}]
    return [_protection(refusal) if isinstance(refusal, errors.TagProtected) else None]


def _protection(refusal: errors.TagProtected) -> dict[str, str]:
    return {"tag": refusal.tag, "reason": _PROTECTION[type(refusal)]}
