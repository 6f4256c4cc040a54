"""What stands in the side bars: of a project, of a group, of the administrators.

An entry is shown where a line of the table of routes answers its path, and to whose role is enough.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from wharfinger.domain.access import Group, Project
from wharfinger.rules.roles import Role


@dataclass(frozen=True, slots=True)
class Entry:
    """A link: its name, what follows the place's path, the icon, who sees it, and the heading it is the first below."""

    name: str
    path: str
    icon: str
    role: Role | None = None  # the least; None: everybody who sees the place
    heading: str = ""


PROJECT: Final = (
    Entry("Overview", "", "home"),
    Entry("Container Registry", "/-/registry", "images", heading="Deploy"),
    Entry("Cleanup", "/-/cleanup", "broom", Role.DEVELOPER),
    Entry("Protection", "/-/protection", "shield", Role.DEVELOPER),
    Entry("Trash", "/-/trash", "trash", Role.MAINTAINER),
    Entry("Usage", "/-/usage", "chart", Role.REPORTER),
    Entry("Members", "/-/members", "people", Role.GUEST, heading="Manage"),
    Entry("Access tokens", "/-/tokens", "key", Role.MAINTAINER),
    Entry("Webhooks", "/-/webhooks", "hook", Role.MAINTAINER),
    Entry("Audit", "/-/audit", "list", Role.MAINTAINER),
    Entry("Settings", "/-/settings", "gear", Role.MAINTAINER),
)
GROUP: Final = (
    Entry("Overview", "", "home"),
    Entry("Container Registry", "/-/registry", "images", heading="Deploy"),
    Entry("Cleanup", "/-/cleanup", "broom", Role.DEVELOPER),
    Entry("Usage", "/-/usage", "chart", Role.REPORTER),
    Entry("Members", "/-/members", "people", Role.GUEST, heading="Manage"),
    Entry("Access tokens", "/-/tokens", "key", Role.OWNER),
    Entry("Webhooks", "/-/webhooks", "hook", Role.OWNER),
    Entry("Audit", "/-/audit", "list", Role.OWNER),
    Entry("Settings", "/-/settings", "gear", Role.OWNER),
)
PERSONAL: Final = tuple(entry for entry in GROUP if entry.path in ("", "/-/registry", "/-/usage"))
ADMIN: Final = (
    Entry("Overview", "", "home"),
    Entry("Users", "/users", "people"),
    Entry("Groups", "/groups", "folder"),
    Entry("Access tokens", "/tokens", "key"),
    Entry("Deploy tokens", "/deploy_tokens", "key"),
    Entry("Cleanup", "/cleanup", "broom"),
    Entry("Usage", "/usage", "chart"),
    Entry("Storage", "/storage", "disk"),
    Entry("Jobs", "/jobs", "clock"),
    Entry("Webhooks", "/webhooks", "hook"),
    Entry("Audit", "/audit", "list"),
    Entry("Settings", "/settings", "gear"),
)
PROFILE: Final = (
    Entry("Profile", "", "person"),
    Entry("Access tokens", "/tokens", "key"),
    Entry("Second factor", "/second-factor", "shield"),
    Entry("Passkeys", "/passkeys", "lock"),
    Entry("Sessions", "/sessions", "screen"),
    Entry("Notices", "/notices", "bell"),
)


def of_place(place: Project | Group) -> Sequence[Entry]:
    """The entries of a place that its opener's role is enough for."""
    entries = PROJECT if isinstance(place, Project) else GROUP if place.owner_id is None else PERSONAL
    return [entry for entry in entries if entry.role is None or (place.role is not None and place.role >= entry.role)]


def known(entries: Sequence[Entry], top: str, has_page: Callable[[str], bool]) -> list[Entry]:
    """Those of the entries that a page answers."""
    return [entry for entry in entries if not entry.path or has_page(top + entry.path)]
