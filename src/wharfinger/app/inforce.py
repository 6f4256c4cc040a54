"""The settings in force and where each comes from, for administrators to look at."""

from collections.abc import Sequence

from wharfinger.config.running import Running
from wharfinger.config.settings import Settings, leaves, variable
from wharfinger.domain import operation
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.tools import Tools
from wharfinger.web.pages.site import InForce, Served


def served(running: Running) -> Served:
    """What the pages tell of the running server."""
    return Served(running.version, running.started_at, lambda: in_force(running))


def in_force(running: Running) -> Sequence[InForce]:
    """Every setting in the order of the sections; of a secret one only whether it is set."""
    texts, defaults = running.settings.texts(), Settings().texts()
    return [
        InForce(
            path=path,
            value=_shown(texts[path], secret=setting.secret),
            meaning=setting.meaning,
            source=_source(running, path, default=texts[path] == defaults[path]),
            hot=setting.hot,
        )
        for path, setting in leaves().items()
    ]


def record(tools: Tools, settings: Settings, before: Settings | None = None) -> None:
    """Write down what these settings, now in force, change; `before` are those that a running server has followed."""
    secrets = {path for path, setting in leaves().items() if setting.secret}
    operation.take_over(tools, OPERATOR, settings.texts(), secrets, before=before.texts() if before else {})


def _shown(text: str, *, secret: bool) -> str:
    if secret:
        return "(set, and not shown)" if text else ""
    return text


def _source(running: Running, path: str, *, default: bool) -> str:
    if variable(path) in running.variables:
        return variable(path)
    return "default" if default or running.file is None else running.file.name
