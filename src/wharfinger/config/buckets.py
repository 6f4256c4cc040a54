"""What an operator writes to say in which bucket the bytes are."""

import re
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import BeforeValidator

_BUCKET: Final = re.compile(r"(?:s3|gs|az)://[A-Za-z0-9][A-Za-z0-9._-]{1,221}(?:/[A-Za-z0-9!_.*'()-]+)*", re.ASCII)


def bucket_url(value: Any) -> str:
    """`"s3://bucket/prefix"`, without a slash at its end; empty is no bucket."""
    text = value.strip().rstrip("/") if isinstance(value, str) else None
    if text == "":
        return ""
    if text is None or not _BUCKET.fullmatch(text) or {".", ".."} & set(text.split("/")):
        raise ValueError(
            f"{value!r:.80} is no bucket: write s3://bucket/prefix, gs://bucket/prefix or az://container/prefix, "
            "with credentials in settings of their own"
        )
    return text


def endpoint(value: Any) -> str:
    """`"https://objects.example.com"`, with a path where the provider wants one; empty is the provider's own."""
    text = value.strip().rstrip("/") if isinstance(value, str) else None
    if text == "":
        return ""
    parts = urlsplit(text or "")
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ValueError("it should be the address of an object store, like https://objects.example.com")
    return text or ""


BucketUrl = Annotated[str, BeforeValidator(bucket_url)]
Endpoint = Annotated[str, BeforeValidator(endpoint)]
