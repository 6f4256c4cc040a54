"""What somebody looks for, from what they typed or pasted into the search box.

shop                          projects, images and tags with that in their name
acme/shop:1.2                 the tag of an image; so with `docker pull registry.example.com/` before it
sha256:0123456789ab, 0123ab   what has a digest that begins so, of six digits at least
"""

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 300
SHORTEST_DIGEST: Final = 6
_IN_NO_NAME: Final = "\x1f"
_PASTED: Final = re.compile(
    r"^(?:(?:docker|podman|nerdctl|crane|skopeo) (?:pull|copy|inspect|run) |https?://|docker://|oci://)+"
)
_HEX: Final = re.compile(r"(?:(sha256|sha512):)?([0-9a-f]{6,128})")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Parts of what was typed; "" where there is none of the kind. `digest` starts with its algorithm.

    `exact`: path and tag belong together, as in `shop:1.2`.
    """

    path: str = ""
    tag: str = ""
    digest: str = ""
    exact: bool = False


def in_a_name(text: str) -> str:
    """The text, if names for people may have it in them; else one that none has: databases refuse some texts.

    They refuse some characters, and SQLite patterns of more than 50,000.
    """
    return text if len(text) <= LONGEST and text.isprintable() else _IN_NO_NAME


def read(text: str) -> Wanted:
    """What this text looks for."""
    said = "".join(_PASTED.sub("", text[:LONGEST].strip()).split())
    said = said if said.isascii() and said.isprintable() else ""
    whole, _, digest = said.partition("@")
    if digest or _is_digest(whole):
        return Wanted(path="" if not digest else _path(whole), digest=_digest(digest or whole))
    path, colon, tag = _without_host(whole).rpartition(":")
    if colon:
        return Wanted(path=path.strip("/").lower(), tag=tag, exact=True)
    return Wanted(path=_path(whole), tag=tag if "/" not in tag else "", digest=_digest(whole))


def _is_digest(text: str) -> bool:
    return text.startswith(("sha256:", "sha512:"))


def _digest(text: str) -> str:
    """The start of a digest, or "" where this is none."""
    found = _HEX.fullmatch(text.lower())
    return f"{found[1] or 'sha256'}:{found[2]}" if found else ""


def _path(text: str) -> str:
    return _without_host(text).partition(":")[0].strip("/").lower()


def _without_host(text: str) -> str:
    """What follows the host: its name has a dot or a port, or is localhost, and no group's first part is like that."""
    first, slash, rest = text.partition("/")
    return rest if slash and ("." in first or ":" in first or first == "localhost") else text
