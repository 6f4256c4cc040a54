"""What groups, personal namespaces and projects share: they have a path, and it can change.

A change of path carries everything below and leaves the old paths behind as redirects, which hold until somebody takes
them. All of it is one transaction; places change one at a time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection

from wharfinger.db import meters as meter_rows
from wharfinger.db import places as rows
from wharfinger.domain import access, quotas
from wharfinger.domain.access import Caller, Group, Project
from wharfinger.domain.errors import PathInvalid, PathTaken, SettingInvalid
from wharfinger.domain.tools import Tools
from wharfinger.rules import paths
from wharfinger.rules.roles import Action, Visibility
from wharfinger.spec import name as names
from wharfinger.spec.errors import Malformed

LONGEST_TITLE: Final = 255
LONGEST_DESCRIPTION: Final = 2_000
_MOST_DIGITS: Final = 18


def get(tools: Tools, caller: Caller, path: str, action: Action = Action.PULL) -> Project | Group:
    """The group, personal namespace or project at this path, present or former, if the caller may do this there.

    Raises what `access.open_project` raises.
    """
    with tools.db.read() as tx:
        return access.open_place(tx, caller, path, action)


@contextmanager
def changing(tools: Tools) -> Iterator[Connection]:
    """A transaction that makes, moves or removes places, with nobody else doing the same."""
    with tools.db.begin() as tx:
        rows.take_turn(tx)
        yield tx


def number(key: str) -> int | None:
    """The number that a key is, where things are found by number or by path."""
    return int(key) if key.isascii() and key.isdigit() and len(key) <= _MOST_DIGITS else None


def checked(rule: Callable[[str], str], text: str) -> str:
    """The text, if the rule allows it; raises PathInvalid in the rule's words."""
    try:
        return rule(text)
    except (ValueError, Malformed) as error:
        raise PathInvalid(str(error)) from error


def title(text: str | None, otherwise: str) -> str:
    """A name for people. Raises SettingInvalid for one that is too long or not printable."""
    found = otherwise if text is None else text.strip()
    if not found or len(found) > LONGEST_TITLE or not found.isprintable():
        raise SettingInvalid(f"a name has 1 to {LONGEST_TITLE} characters, all of them printable")
    return found


def description(text: str) -> str:
    """What a place says of itself, in some lines. Raises SettingInvalid for a text that is too long."""
    if len(text) > LONGEST_DESCRIPTION or "\x00" in text:
        raise SettingInvalid(f"a description has {LONGEST_DESCRIPTION} characters at most, and no zero bytes")
    return text


def differing(old: Group | Project, new: Group | Project) -> tuple[dict[str, str], dict[str, str]]:
    """What changes of a place tell: its facts before and after, those that differ."""
    before, after = _facts(old), _facts(new)
    names = [name for name in before if before[name] != after[name]]
    return {name: before[name] for name in names}, {name: after[name] for name in names}


def _facts(place: Group | Project) -> dict[str, str]:
    facts = {"name": place.name, "visibility": place.visibility.name.lower(), "description": place.description}
    return facts | ({"registry_access": str(place.registry_access)} if isinstance(place, Project) else {})


def require_free(tx: Connection, path: str) -> None:
    """Refuse a path that somebody has. It says no more than that: the owner may be hidden from who asks."""
    if rows.in_use(tx, path):
        raise PathTaken(f"the path {path} is taken: choose another")


def require_not_above(visibility: Visibility, parent: Visibility, path: str) -> None:
    """Nothing is more visible than the group it is in."""
    if visibility > parent:
        raise SettingInvalid(
            f"{path} is {parent.name.lower()}, and nothing in it can be {visibility.name.lower()}: "
            f"choose {parent.name.lower()}, or make the group more visible first"
        )


def carry(tx: Connection, old: str, new: str) -> None:
    """Move a place from one path to another with everything below. Raises PathTaken, PathInvalid."""
    if new == old:
        return
    if new.startswith(f"{old}/"):
        raise PathInvalid(f"{old} cannot go into itself: choose a group outside of it")
    require_free(tx, new)
    places, repositories = rows.extremes(tx, old)
    for path in places:
        checked(paths.whole, new + path[len(old) :])
    for path in repositories:
        checked(names.repository, new + path[len(old) :])
    before = meter_rows.above(tx, old)
    rows.carry(tx, old, new)
    after = meter_rows.above(tx, new)
    meter_rows.move(tx, meter_rows.at(tx, new), before - after, after - before)
    if after - before:
        quotas.require_room_at(tx, new)
