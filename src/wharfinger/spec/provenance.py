"""What a provenance statement says of how an image was built (SLSA, in an in-toto statement): source, commit, builder.

It comes as the statement itself (BuildKit), or signed: in a DSSE envelope (cosign), or a Sigstore bundle around that.
No signature is looked at here: what is read is what somebody says.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wharfinger.spec import strict_json
from wharfinger.spec.errors import Malformed
from wharfinger.spec.facts import Facts
from wharfinger.spec.plain_text import visible

PREDICATE: Final = "https://slsa.dev/provenance/"
_LONGEST: Final = 500
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def parse(body: bytes) -> Facts:
    """source, commit, builder and run, as far as it says so; nothing for another statement. Raises Malformed.

    The caller bounds the length of `body`.
    """
    statement = _statement(strict_json.loads(body))
    predicate = _in(statement, "predicate")
    if not str(statement.get("predicateType", "")).startswith(PREDICATE):
        return ()
    source, commit = next(_sources(predicate), ("", ""))
    told = {
        "source": source,
        "commit": commit,
        "builder": _in(predicate, "runDetails", "builder").get("id") or _in(predicate, "builder").get("id"),
        "run": _in(predicate, "runDetails", "metadata").get("invocationId")
        or _in(predicate, "metadata").get("buildInvocationID"),
    }
    return tuple((name, visible(text, _LONGEST)) for name, text in told.items() if isinstance(text, str) and text)


def _statement(document: Any) -> Mapping[str, Any]:
    envelope = _in(document, "dsseEnvelope") or _in(document)
    payload = envelope.get("payload")
    if not isinstance(payload, str):
        return _in(document)
    try:
        return _in(strict_json.loads(base64.b64decode(payload, validate=True)))
    except binascii.Error as error:
        raise Malformed("MANIFEST_INVALID", "the payload of the envelope is not base64") from error


def _sources(predicate: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where the source was, and its commit: first what the build was started with, then what it took in."""
    definition = _in(predicate, "buildDefinition")
    named = [_in(predicate, "invocation", "configSource"), *_listed(definition, "resolvedDependencies")]
    for each in (*named, *_listed(predicate, "materials")):
        digests = _in(each, "digest")
        commit = digests.get("gitCommit") or digests.get("sha1")
        if isinstance(commit, str) and _COMMIT.fullmatch(commit):
            yield str(each.get("uri") or ""), commit


def _listed(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = document.get(name)
    return [_in(each) for each in found] if isinstance(found, list) else []


def _in(document: Any, *names: str) -> Mapping[str, Any]:
    """The object under these names; an empty one where there is none."""
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}
