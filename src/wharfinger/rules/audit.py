"""What somebody looks for in the audit log, from what they typed into its search box.

ada deleted              both words are in what an event tells: who, by what, what, where, from where, and its facts
"v1"                     this is all of a name that it tells
acme/shop:v1             it happened to that path or below it, and that tag is in what it tells; so with a digest
"""

from dataclasses import dataclass
from typing import Final

from wharfinger.rules import search

LONGEST: Final = 300
MOST_WORDS: Final = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What an event has to tell, in any case of its letters, and the path that it is about or below; "" is any."""

    words: tuple[str, ...] = ()
    path: str = ""


def read(text: str) -> Asked:
    """What this text asks for. The first word with a slash is a path, as nothing else is looked for by one."""
    words, path = list[str](), ""
    printable = "".join(one if one.isprintable() else " " for one in text[:LONGEST])
    for word in printable.split()[:MOST_WORDS]:
        found = search.read(word) if "/" in word and not path else search.Wanted()
        path = path or found.path
        words += [f'"{found.tag}"'] * bool(found.tag) + [found.digest] * bool(found.digest) if found.path else [word]
    return Asked(tuple(words), path)
