"""What all pages of one application share: tools, address, templates, stylesheet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from wharfinger import __version__
from wharfinger.domain.tools import Tools
from wharfinger.web.pages import menu, words
from wharfinger.web.pages.assets import Assets

TEMPLATES: Final = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class Site:
    """One for each `Pages`. `external_url` is empty where clients are to use the host they ask."""

    tools: Tools
    external_url: str
    assets: Assets
    environment: Environment

    def render(self, template: str, facts: Mapping[str, Any]) -> str:
        """The text of a template that is handed these facts."""
        return self.environment.get_template(template).render(facts)


def build(tools: Tools, external_url: str, has_page: Callable[[str], bool]) -> Site:
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
    environment.filters.update(words.FILTERS)
    environment.globals.update(
        asset=assets.url, now=tools.clock, version=__version__, has_page=has_page, policy=tools.policy, menu=menu
    )
    drawn = environment.get_template("icons.html").module
    environment.globals.update(icon=drawn.icon, logo=drawn.logo)  # type: ignore[attr-defined]
    return Site(tools, external_url, assets, environment)
