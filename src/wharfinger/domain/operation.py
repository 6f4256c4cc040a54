"""What an operator does to the installation itself."""

import hmac
from collections.abc import Collection, Mapping
from typing import Final

from wharfinger.db import operation as rows
from wharfinger.domain import access, events
from wharfinger.domain.access import Caller
from wharfinger.domain.events.operation import SettingsChanged
from wharfinger.domain.tools import Tools

_EMPTY: Final = "(empty)"
_WORDS: Final = ("(secret)", "(another secret)")


def take_over(
    tools: Tools, caller: Caller, values: Mapping[str, str], secrets: Collection[str], *, before: Mapping[str, str]
) -> None:
    """Servers follow these settings from now on: write down which differ from those that were last in force.

    Values are as they are written in the file; what is among `secrets` is neither kept nor told. `before` is what is
    known to have been in force where nothing was ever remembered: of the very first start, nothing.
    """
    access.require_admin(caller, "changing settings")
    now = _sealed(tools, values, secrets)
    with tools.db.begin() as tx:
        known = rows.settings(tx) or _sealed(tools, before, secrets)
        rows.put_settings(tx, now)
        changed = [name for name in now if name in known and now[name] != known[name]]
        if changed:
            old, new = ({name: each[name] for name in changed} for each in (known, now))
            told = SettingsChanged(path="", before=_told(old, secrets, 0), after=_told(new, secrets, 1))
            events.put(tx, tools, caller, told)


def _told(values: Mapping[str, str], secrets: Collection[str], word: int) -> dict[str, str]:
    return {name: (_WORDS[word] if name in secrets and text else text) or _EMPTY for name, text in values.items()}


def _sealed(tools: Tools, values: Mapping[str, str], secrets: Collection[str]) -> dict[str, str]:
    """With a keyed hash in place of each secret: it tells that one changed, and nothing else."""
    return {name: _hash(tools, name, text) if name in secrets and text else text for name, text in values.items()}


def _hash(tools: Tools, name: str, text: str) -> str:
    return hmac.digest(tools.secret, f"setting {name} {text}".encode(), "sha256").hex()
