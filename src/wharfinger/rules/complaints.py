"""What somebody was refused, read out of the message that a program showed them.

People paste what docker, podman, buildah, skopeo, oras, helm or we ourselves said. From it come the image's path, with
the host it was written with taken off, its tag, and what was to be done; each may be missing.
"""

from dataclasses import dataclass
from typing import Final

import re2  # type: ignore[import-untyped]

from wharfinger.rules.roles import Action

LONGEST: Final = 4000

_NAME: Final = r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
_TAG: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,126}[A-Za-z0-9_-])?"
_HOST: Final = r"(?:localhost(?::\d+)?|[a-zA-Z0-9.-]+:\d+|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+)"
_SCOPE: Final = re2.compile(rf"repository:({_NAME}):([a-z*,]+)")
_PLACES: Final = (  # the first that fits wins
    re2.compile(rf"/v2/({_NAME})/(?:manifests|blobs|tags|referrers)\b"),
    re2.compile(rf"{_HOST}/({_NAME})"),
    re2.compile(rf"\b(?:in|member of|project|repository|storage of) ({_NAME}/{_NAME})"),
)
_TAGS: Final = (
    re2.compile(rf"\bthe tag ({_TAG}) is (?:protected|immutable)\b"),
    re2.compile(rf"/v2/{_NAME}/manifests/({_TAG})(?::?(?:\s|$)|[^A-Za-z0-9_.:-])"),
    re2.compile(rf"\bmanifest (?:for )?({_TAG}) (?:in|to)\b"),
    re2.compile(rf"{_HOST}/{_NAME}:({_TAG})"),
)
_BARE: Final = re2.compile(rf"\s*({_NAME}/{_NAME})(?::({_TAG}))?(?:@\S*)?\s*")
_WORDS: Final = (
    (re2.compile(r"\b(?:PUT|POST|PATCH)\b|\bpush|\bwriting (?:blob|manifest)|\bupload|\bmount"), Action.PUSH),
    (re2.compile(r"\bDELETE\b|\bdelet(?:e|ing)"), Action.DELETE),
    (re2.compile(r"\bchanging settings"), Action.ADMINISTER),
    (re2.compile(r"\b(?:GET|HEAD)\b|\bpull|\breading manifest|\bfetch|\binitializing source"), Action.PULL),
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What was refused: the image or project and its tag, "" where the message does not say; None for the action."""

    path: str
    action: Action | None
    tag: str = ""


def read(message: str) -> Complaint:
    """What a message is about, as far as it can be told."""
    text = message[:LONGEST]
    scope = _SCOPE.search(text)
    if scope is not None:
        return Complaint(scope[1], _of_scope(scope[2]), _tag(text))
    path, bare = _first(_PLACES, text), _BARE.fullmatch(text)
    if bare is not None and not path:
        return Complaint(bare[1], None, bare[2] or "")
    return Complaint(path, _action(text), _tag(text))


def _of_scope(words: str) -> Action:
    """The most that was asked for."""
    asked = set(words.split(","))
    if asked & {"delete", "*"}:
        return Action.DELETE
    return Action.PUSH if "push" in asked else Action.PULL


def _tag(text: str) -> str:
    """A URL of the API ends in digests as well, and names a tag in its own place only."""
    return _first(_TAGS[:-1] if "/v2/" in text else _TAGS, text)


def _first(patterns: tuple[re2._Regexp, ...], text: str) -> str:
    found = next((found for pattern in patterns if (found := pattern.search(text))), None)
    return str(found[1]) if found else ""


def _action(text: str) -> Action | None:
    return next((action for words, action in _WORDS if words.search(text)), None)
