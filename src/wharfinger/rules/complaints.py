"""What somebody was refused, read out of the message that a program showed them.

People paste what docker, podman, skopeo, oras, helm or we ourselves said. From it come the image's path, with the
host it was written with taken off, and what was to be done; either may be missing.
"""

from dataclasses import dataclass
from typing import Final

import re2  # type: ignore[import-untyped]

from wharfinger.rules.roles import Action

LONGEST: Final = 4000

_NAME: Final = r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
_HOST: Final = r"(?:localhost(?::\d+)?|[a-zA-Z0-9.-]+:\d+|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+)"
_SCOPE: Final = re2.compile(rf"repository:({_NAME}):([a-z*,]+)")
_PLACES: Final = (  # the first that fits wins
    re2.compile(rf"/v2/({_NAME})/(?:manifests|blobs|tags|referrers)\b"),
    re2.compile(rf"{_HOST}/({_NAME})"),
    re2.compile(rf"\b(?:in|member of|project|repository) ({_NAME}/{_NAME})"),
)
_BARE: Final = re2.compile(rf"\s*({_NAME}/{_NAME})(?:[:@]\S*)?\s*")
_WORDS: Final = (
    (re2.compile(r"\b(?:PUT|POST|PATCH)\b|\bpush|\bwriting (?:blob|manifest)|\bupload|\bmount"), Action.PUSH),
    (re2.compile(r"\bDELETE\b|\bdelet(?:e|ing)"), Action.DELETE),
    (re2.compile(r"\bchanging settings"), Action.ADMINISTER),
    (re2.compile(r"\b(?:GET|HEAD)\b|\bpull|\breading manifest|\bfetch|\binitializing source"), Action.PULL),
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What was refused: the image or project, "" where the message does not say; None for the action likewise."""

    path: str
    action: Action | None


def read(message: str) -> Complaint:
    """What a message is about, as far as it can be told."""
    text = message[:LONGEST]
    scope = _SCOPE.search(text)
    if scope is not None:
        return Complaint(scope[1], _of_scope(scope[2]))
    return Complaint(_path(text), _action(text))


def _of_scope(words: str) -> Action:
    """The most that was asked for."""
    asked = set(words.split(","))
    if asked & {"delete", "*"}:
        return Action.DELETE
    return Action.PUSH if "push" in asked else Action.PULL


def _path(text: str) -> str:
    found = next((found for pattern in _PLACES if (found := pattern.search(text))), None) or _BARE.fullmatch(text)
    return str(found[1]) if found else ""


def _action(text: str) -> Action | None:
    return next((action for words, action in _WORDS if words.search(text)), None)
