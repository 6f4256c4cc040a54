"""The error codes a registry answers with: the distribution spec's own table, and the few that it lacks.

The spec names code and message; the status comes from its table of end points (so a manifest that names what is not
there gets 404, not the 400 of some) and from common practice where that is silent.
"""

from dataclasses import dataclass
from typing import Final

LONGEST_QUOTE: Final = 80


@dataclass(frozen=True, slots=True)
class Code:
    """One line of the table: what goes into `errors[].code` and `errors[].message`, and the HTTP status around it."""

    code: str
    status: int
    message: str


class Malformed(ValueError):
    """Text or bytes outside a grammar. `code` is a key of CODES, `sentence` says what is wrong, where, what to do."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


def quoted(text: str) -> str:
    """The text as it may stand in a sentence: in quotes, ASCII only, control characters escaped, long ones cut."""
    return ascii(text) if len(text) <= LONGEST_QUOTE else ascii(text[:LONGEST_QUOTE]) + "..."


# distribution-spec v1.1, "Error Codes": code-1 to code-14, messages word for word
STANDARD: Final = (
    Code("BLOB_UNKNOWN", 404, "blob unknown to registry"),
    Code("BLOB_UPLOAD_INVALID", 400, "blob upload invalid"),
    Code("BLOB_UPLOAD_UNKNOWN", 404, "blob upload unknown to registry"),
    Code("DIGEST_INVALID", 400, "provided digest did not match uploaded content"),
    Code("MANIFEST_BLOB_UNKNOWN", 404, "manifest references a manifest or blob unknown to registry"),
    Code("MANIFEST_INVALID", 400, "manifest invalid"),
    Code("MANIFEST_UNKNOWN", 404, "manifest unknown to registry"),
    Code("NAME_INVALID", 400, "invalid repository name"),
    Code("NAME_UNKNOWN", 404, "repository name not known to registry"),
    Code("SIZE_INVALID", 400, "provided length did not match content length"),
    Code("UNAUTHORIZED", 401, "authentication required"),
    Code("DENIED", 403, "requested access to the resource is denied"),
    Code("UNSUPPORTED", 405, "the operation is unsupported"),
    Code("TOOMANYREQUESTS", 429, "too many requests"),
)

EXTRA: Final = (
    Code("TAG_INVALID", 400, "invalid tag name"),
    Code("TAG_UNKNOWN", 404, "tag unknown to registry"),
    Code("MANIFEST_SIZE_LIMIT", 413, "manifest is larger than this registry takes"),
    Code("BLOB_SIZE_LIMIT", 413, "blob is larger than this registry takes"),
    Code("MANIFEST_REFERENCED", 409, "manifest referenced by another manifest"),
    Code("BLOB_REFERENCED", 409, "blob referenced by a manifest"),
    Code("BLOB_UPLOAD_BUSY", 409, "blob upload is being written by another request"),
    Code("CONTENT_RANGE_INVALID", 416, "invalid content range"),
    Code("RANGE_INVALID", 416, "requested range is not satisfiable"),
    Code("PAGINATION_NUMBER_INVALID", 400, "invalid number of results requested"),
    Code("PARAMETER_INVALID", 400, "invalid request parameter"),
    Code("CONFLICT", 409, "the operation conflicts with what is there"),
    Code("UNAVAILABLE", 503, "service unavailable"),
    Code("UNKNOWN", 500, "unknown error"),
)

CODES: Final[dict[str, Code]] = {entry.code: entry for entry in STANDARD + EXTRA}
