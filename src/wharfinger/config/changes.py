"""How two sets of settings differ, and what of it a running server can take over."""

from dataclasses import dataclass
from functools import reduce
from typing import Any

from wharfinger.config.settings import Settings, leaves


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that differs. `old` and `new` are as they would be written; a secret is never shown."""

    path: str
    old: str
    new: str
    hot: bool

    def __str__(self) -> str:
        return f"{self.path}: {self.old} → {self.new}"


def changes(old: Settings, new: Settings) -> list[Change]:
    """What differs, in the order of the sections."""
    before, after = old.texts(), new.texts()
    return [
        Change(path, *_shown(setting.secret, before[path], after[path]), setting.hot)
        for path, setting in leaves().items()
        if before[path] != after[path]
    ]


def take_hot(old: Settings, new: Settings) -> Settings:
    """`new`, save what needs a restart: that stays as in `old`."""
    kept, table = old.model_dump(), new.model_dump()
    for path in (path for path, setting in leaves().items() if not setting.hot):
        *sections, name = path.split(".")
        _section(table, sections)[name] = _section(kept, sections)[name]
    return Settings.model_validate(table)


def _section(table: dict[str, Any], path: list[str]) -> dict[str, Any]:
    return reduce(lambda inner, name: inner[name], path, table)


def _shown(secret: bool, old: str, new: str) -> tuple[str, str]:  # noqa: FBT001 - a fact about the setting
    if secret:
        return ("(secret)" if old else "(empty)"), ("(another secret)" if new else "(empty)")
    return old or "(empty)", new or "(empty)"
