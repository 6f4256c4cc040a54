"""What all pages of one application share: tools, address, templates, stylesheet."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from wharfinger import __version__
from wharfinger.domain import quotas
from wharfinger.domain.tools import Tools
from wharfinger.web.pages import menu, words
from wharfinger.web.pages.assets import Assets

TEMPLATES: Final = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class InForce:
    """A setting: its path, its value as it would be written, what it means, and where the value comes from."""

    path: str
    value: str
    meaning: str
    source: str
    hot: bool

    @property
    def section(self) -> str:
        """The table of the settings file that it is in; none for those at the top."""
        return self.path.rpartition(".")[0]

    @property
    def name(self) -> str:
        """Its name in that table."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Served:
    """The running server, as administrators see it."""

    version: str
    started_at: datetime | None = None
    settings: Callable[[], Sequence[InForce]] = tuple


@dataclass(frozen=True, slots=True)
class Site:
    """One for each `Pages`. `external_url` is empty where clients are to use the host they ask."""

    tools: Tools
    external_url: str
    assets: Assets
    environment: Environment
    served: Served
    has_page: Callable[[str], bool]

    def render(self, template: str, facts: Mapping[str, Any]) -> str:
        """The text of a template that is handed these facts."""
        return self.environment.get_template(template).render(facts)


def build(tools: Tools, external_url: str, served: Served, has_page: Callable[[str], bool]) -> Site:
    """What pages share; `has_page` tells of a path whether some line of the table of routes answers it."""
    assets = Assets()
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update({**words.FILTERS, "prose": _prose})
    environment.globals.update(
        asset=assets.url, now=tools.clock, version=__version__, has_page=has_page, policy=tools.policy, menu=menu
    )
    environment.globals.update(nearly_full=partial(quotas.nearly_full, tools))
    drawn = environment.get_template("icons.html").module
    environment.globals.update(icon=drawn.icon, logo=drawn.logo)  # type: ignore[attr-defined]
    return Site(tools, external_url, assets, environment, served, has_page)


def _prose(text: str) -> Markup:
    """`prose.prose`, loaded with the first description that is shown: a start does not wait for it."""
    from wharfinger.web.pages.prose import prose  # noqa: PLC0415

    return prose(text)
