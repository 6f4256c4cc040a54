"""Paths: where in a repository's name the project ends, and what groups, projects and people may be called.

Every path is the start of image names, so each segment obeys the distribution spec's grammar for a name component.
"""

from collections.abc import Set
from typing import Final

from wharfinger.spec.errors import quoted
from wharfinger.spec.name import COMPONENT

IMAGE_LEVELS: Final = 2  # how far below its project an image may be
CHECK_PUSHED: Final = (  # for who pushes to nowhere, and may not know that the project comes first
    f"an image is at the path of a project, or up to {IMAGE_LEVELS} levels below it: check the name, that the project "
    "is there, and that you are a member of it"
)
LONGEST_SEGMENT: Final = 100
LONGEST_PATH: Final = 200  # leaves an image 54 characters of the 255 that a repository name may have
MOST_SEGMENTS: Final = 17  # and its two levels of the 19

# words that the server's own addresses begin with, or that stand for something inside a group
FIRST_WORDS: Final = frozenset(
    {"v2", "api", "jwt", "oauth", "static", "assets", "admin", "login", "logout", "register", "explore", "dashboard"}
    | {"search", "help", "users", "groups", "projects", "profile", "public", "uploads", "robots.txt", "favicon.ico"}
)
ANYWHERE: Final = frozenset({"-", "dependency_proxy"})
OURS: Final = "gitlab/v1"  # where the registry's own API is
ENDINGS: Final = (".git", ".atom")


def candidates(repository_path: str) -> list[str]:
    """The paths its project may have, longest first: itself and up to two levels up, of two segments at least."""
    segments = repository_path.split("/")
    shortest = max(2, len(segments) - IMAGE_LEVELS)
    return ["/".join(segments[:length]) for length in range(len(segments), shortest - 1, -1)]


def namespace(text: str) -> str:
    """The text, if a group can have this as its part of a path; raises ValueError with a sentence."""
    return _segment(text, "group", FIRST_WORDS | ANYWHERE)


def project(text: str) -> str:
    """The text, if a project can have this as its part of a path; raises ValueError with a sentence."""
    return _segment(text, "project", ANYWHERE)


def username(text: str) -> str:
    """The text, if a person can be called this: it is their personal namespace's path too. Raises ValueError."""
    return _segment(text, "user", FIRST_WORDS | ANYWHERE)


def whole(text: str) -> str:
    """A full path, if image names fit below it; raises ValueError with a sentence. Its segments are checked before."""
    if f"{text}/".startswith(f"{OURS}/"):
        raise ValueError(f"nothing can be called {OURS}: the server uses that path itself, choose another")
    if len(text) > LONGEST_PATH:
        raise ValueError(f"the path {quoted(text)} has {len(text)} characters, {LONGEST_PATH} is the most")
    if text.count("/") >= MOST_SEGMENTS:
        raise ValueError(f"the path {quoted(text)} has more than {MOST_SEGMENTS} levels")
    return text


def _segment(text: str, what: str, reserved: Set[str]) -> str:
    if text in reserved or text.endswith(ENDINGS):
        raise ValueError(f"no {what} can be called {quoted(text)}: the server uses that word itself, choose another")
    if len(text) > LONGEST_SEGMENT:
        raise ValueError(f"the path {quoted(text)} has {len(text)} characters, {LONGEST_SEGMENT} is the most")
    if COMPONENT.fullmatch(text) is None:
        raise ValueError(_why_not(text, what))
    return text


def _why_not(text: str, what: str) -> str:
    if COMPONENT.fullmatch(text.lower()):
        return f"no {what} can be called {quoted(text)}: paths are lower case, write {quoted(text.lower())}"
    return (
        f"no {what} can be called {quoted(text)}: use lower-case letters and digits, with dots, dashes or underscores "
        "between them"
    )
