"""What a bucket complains of, in words for the operator: which setting, key, clock or right is wrong."""

import re
from typing import Final

from obstore.exceptions import BaseError

from wharfinger.storage.store import StoreFailed

FAILURES: Final = (BaseError, OSError, ValueError)  # all that obstore raises

_CODE: Final = re.compile(r"<Code>\s*([\w.]{1,80})\s*</Code>", re.ASCII)
_STATUS: Final = re.compile(r"status code: (\d{3})", re.ASCII)

OUT_OF_REACH: Final = "it cannot be reached in time"
_NO_BUCKET: Final = "there is no such bucket: make it, or correct [storage] url"
_NO_KEY: Final = "the access key is unknown there, or over: correct [storage] access_key"
_NO_SECRET: Final = "the secret key does not belong to the access key: correct [storage] secret_key"  # noqa: S105
_NO_TIME: Final = "this machine's clock is wrong: let NTP set it"
_NO_REGION: Final = "the bucket is in another region: correct [storage] region"
_KEYS: Final = "access_key and secret_key"  # of S3 and Azure
_NO_RIGHTS: Final = f"access is denied: check [storage] {_KEYS}, and that they may get, put and delete objects there"
_NO_KMS: Final = (
    "the key for server-side encryption cannot be used: correct [storage] encryption_key, and who may use it"
)
_BUSY: Final = "it is overloaded or down: it usually passes by itself; its operator knows more"

# The codes of S3, Google and Azure.
_CODES: Final = {
    "NoSuchBucket": _NO_BUCKET,
    "ContainerNotFound": _NO_BUCKET,
    "InvalidBucketName": _NO_BUCKET,
    "InvalidResourceName": _NO_BUCKET,
    "InvalidAccessKeyId": _NO_KEY,
    "InvalidToken": _NO_KEY,
    "ExpiredToken": _NO_KEY,
    "InvalidAuthenticationInfo": _NO_KEY,
    "SignatureDoesNotMatch": _NO_SECRET,
    "AuthenticationFailed": f"{_NO_SECRET}; where it is right, set this machine's clock",
    "RequestTimeTooSkewed": _NO_TIME,
    "AuthorizationHeaderMalformed": _NO_REGION,
    "PermanentRedirect": _NO_REGION,
    "TemporaryRedirect": _NO_REGION,
    "IllegalLocationConstraintException": _NO_REGION,
    "AccessDenied": _NO_RIGHTS,
    "AuthorizationFailure": _NO_RIGHTS,
    "AuthorizationPermissionMismatch": _NO_RIGHTS,
    "InsufficientAccountPermissions": _NO_RIGHTS,
    "KMS.NotFoundException": _NO_KMS,
    "KMS.DisabledException": _NO_KMS,
    "KMS.KMSInvalidStateException": _NO_KMS,
    "SlowDown": _BUSY,
    "ServiceUnavailable": _BUSY,
    "ServerBusy": _BUSY,
    "InternalError": _BUSY,
    "OperationTimedOut": _BUSY,
}

_STATUSES: Final = {
    "301": _NO_REGION,
    "400": "it takes the request for wrong: check [storage] url, endpoint and region",
    "401": f"it does not know these credentials: correct [storage] {_KEYS}",
    "403": f"access is denied: check [storage] {_KEYS}, and what they may do",
    "404": _NO_BUCKET,
    "429": _BUSY,
    "500": _BUSY,
    "502": _BUSY,
    "503": _BUSY,
    "504": _BUSY,
}

_TEXTS: Final = (
    (r"Received redirect", _NO_REGION),
    (
        r"InvalidCertificate",
        "its certificate is not trusted: set [storage] ca_file to the one that signed it, or correct [storage] "
        "endpoint",
    ),
    (r"InvalidContentType|InvalidMessage", "it does not speak TLS: is [storage] endpoint to begin with http://?"),
    (
        r"ConnectionRefused",
        "it cannot be reached, nobody listens at that address: check [storage] endpoint, and that it runs",
    ),
    (r"dns error", "it cannot be reached, its name is not known here: check [storage] endpoint, and DNS"),
    (
        r"service account|GCP credential",
        "its credentials cannot be read: [storage] key_file is to be the JSON key of a service account",
    ),
    (r"error sending request", f"{OUT_OF_REACH}: check [storage] endpoint, and the network"),
    (r"TimedOut|timed out", "it does not answer in time: check the network, or raise [storage] timeout"),
    (r"kind: Connect", "it cannot be reached: check [storage] endpoint, and the network"),
    (
        r"(?i)credential|token",
        f"it has no credentials: set [storage] {_KEYS}, or give the machine a role",
    ),
)


def failed(error: Exception, doing: str, where: str) -> StoreFailed:
    """What to tell the operator. The answer's body is not repeated: it may hold what was signed."""
    sentence = _sentence(error)
    if where.startswith("gs://"):
        sentence = sentence.replace(_KEYS, "key_file")
    return StoreFailed(f"cannot {doing} in {where}: {sentence}")


def bucket_missing(error: Exception) -> bool:
    """Is it the bucket that is not there, rather than the object?"""
    return code(error) in ("NoSuchBucket", "ContainerNotFound")


def code(error: Exception) -> str:
    """The provider's own code for what went wrong, or nothing."""
    found = _CODE.search(str(error))
    return found[1] if found else ""


def status(error: Exception) -> str:
    """The HTTP status that the last try ended with, or nothing."""
    numbers: list[str] = _STATUS.findall(str(error))
    return numbers[-1] if numbers else ""


def _sentence(error: Exception) -> str:
    said, text = code(error), str(error)
    if "Cloud KMS" in text:  # Google denies access, and says only in words to what
        return f"{_NO_KMS} ({said})"
    if said in _CODES:
        return f"{_CODES[said]} ({said})"
    number = status(error)
    if number in _STATUSES:
        return f"{_STATUSES[number]} ({said or number})"
    for pattern, sentence in _TEXTS:
        if re.search(pattern, text):
            return sentence
    return text.partition("\n")[0][:200] or type(error).__name__
