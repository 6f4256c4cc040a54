"""Repository names and tags: distribution-spec v1.1, "Pulling manifests".

A name is `component(/component)*`, 255 characters at most so that host and name together fit where clients keep them,
and has fewer than 20 components. Nothing the grammar lets through can climb (`..`) or hide (control characters).
"""

import re
from typing import Final

from wharfinger.spec.errors import Malformed, quoted

LONGEST_NAME: Final = 255
MOST_COMPONENTS: Final = 19
LONGEST_TAG: Final = 128

COMPONENT: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_NAME: Final = re.compile(rf"{COMPONENT.pattern}(?:/{COMPONENT.pattern})*")
_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


def repository(text: str) -> str:
    """The text, if it can name a repository; raises Malformed NAME_INVALID."""
    if len(text) > LONGEST_NAME:
        raise Malformed("NAME_INVALID", f"the repository name has {len(text)} characters, {LONGEST_NAME} is the most")
    if _NAME.fullmatch(text) is None:
        raise Malformed("NAME_INVALID", _why_not(text))
    if text.count("/") >= MOST_COMPONENTS:
        raise Malformed("NAME_INVALID", f"the repository name {quoted(text)} has 20 levels or more, 19 is the most")
    return text


def tag(text: str) -> str:
    """The text, if it can name a tag; raises Malformed TAG_INVALID."""
    if _TAG.fullmatch(text) is None:
        raise Malformed(
            "TAG_INVALID",
            f"{quoted(text)} cannot be a tag: up to {LONGEST_TAG} letters, digits, dots, dashes and underscores, "
            "the first of them no dot or dash",
        )
    return text


def _why_not(text: str) -> str:
    if _NAME.fullmatch(text.lower()):
        return f"the repository name {quoted(text)} has upper-case letters: write {quoted(text.lower())}"
    bad = next(part for part in text.split("/") if COMPONENT.fullmatch(part) is None)
    return (
        f"{quoted(bad)} in the repository name {quoted(text)} is not allowed: every part is made of lower-case letters "
        "and digits, with single dots, one or two underscores, or dashes between them"
    )
