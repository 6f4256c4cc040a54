"""What lists of places are filtered by: the word in the address, what it is called, what it means."""

from collections.abc import Mapping
from typing import Any, Final

from wharfinger.rules.roles import Role, Visibility
from wharfinger.web.pages import words
from wharfinger.web.pages.visit import Visit

Choices = Mapping[str, tuple[Any, ...]]

VISIBILITIES: Final[Choices] = {
    "": ("Any", None),
    **{one.name.lower(): (words.named(one), one) for one in Visibility},
}
ROLES: Final[Choices] = {
    "": ("Any or none", None),
    **{role.name.lower(): (words.named(role) + (" or more" if role < Role.OWNER else ""), role) for role in Role},
}
LEVELS: Final[Choices] = {"": ("All", False), "top": ("Topmost only", True)}


def chosen(visit: Visit, name: str, choices: Choices, otherwise: str = "") -> str:
    """The word that the address has for this choice, if there is such a one."""
    asked = visit.asked(name)
    return asked if asked in choices else otherwise
