"""What may go: decided from facts alone, so that it can be checked case by case.

A manifest is kept alive by a tag, by the trash, by having been touched a short while ago, or by another manifest that
lives: an index that names it, or the subject it speaks about. Everything else is garbage. Manifests can keep each other
alive in a circle (an index that names its own subject's index), so looking at the next keeper is not enough: what no
held manifest leads to goes, circle or not.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

FALLBACK_ENDINGS: Final = ("", ".sig", ".att", ".sbom")

_FALLBACK: Final = re.compile(r"(sha256|sha512)-([0-9a-f]{64}|[0-9a-f]{128})(?:\.sig|\.att|\.sbom)?")


@dataclass(frozen=True, slots=True)
class Node:
    """A manifest under review, or one that might keep such a one alive.

    `held`: by a tag, by the trash, or because it was touched; `due`: its own review is due; `keepers`: ids of the
    indexes that name it and of its subject, as far as these are here. A keeper that is not among the nodes is somebody
    else's to judge, and counts as alive.
    """

    held: bool
    due: bool
    keepers: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ids by what follows: `dead` are removed, `live` leave the queue, `waiting` are looked at once more later."""

    dead: frozenset[int]
    live: frozenset[int]
    waiting: frozenset[int]


def judge(nodes: Mapping[int, Node]) -> Verdict:
    """Which manifests go. Only those die whose own review is due: others may have been promised to a client."""
    held = {id_ for id_, node in nodes.items() if node.held or any(keeper not in nodes for keeper in node.keepers)}
    alive = _led_to(nodes, held)
    suspects = {id_ for id_, node in nodes.items() if id_ not in alive and not node.due}
    waiting = _led_to(nodes, suspects) - alive
    due = {id_ for id_, node in nodes.items() if node.due}
    return Verdict(frozenset(due - alive - waiting), frozenset(due & alive), frozenset(waiting))


def fallback_tags(digest: str) -> list[str]:
    """The tags by which clients without the referrers API keep what speaks about a manifest.

    distribution-spec, Referrers Tag Schema; cosign ends them in .sig, .att and .sbom.
    """
    return [digest.replace(":", "-", 1) + ending for ending in FALLBACK_ENDINGS]


def spoken_of(tag: str) -> str | None:
    """The digest of the manifest that such a tag speaks about; None for any other tag."""
    found = _FALLBACK.fullmatch(tag)
    return f"{found[1]}:{found[2]}" if found else None


def _led_to(nodes: Mapping[int, Node], held: Collection[int]) -> set[int]:
    """The held ones, and all that they keep alive, directly or through others."""
    kept_by: dict[int, list[int]] = {}
    for id_, node in nodes.items():
        for keeper in node.keepers:
            kept_by.setdefault(keeper, []).append(id_)
    found, ahead = set(held), list(held)
    while ahead:
        for kept in kept_by.get(ahead.pop(), ()):
            if kept not in found:
                found.add(kept)
                ahead.append(kept)
    return found
