"""What an operator does to the installation itself."""

from collections.abc import Mapping

from wharfinger.domain import access, events
from wharfinger.domain.access import Caller
from wharfinger.domain.events.operation import SettingsChanged
from wharfinger.domain.tools import Tools


def settings_changed(tools: Tools, caller: Caller, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Write down that running servers took over other settings: values by setting, secrets replaced by words."""
    access.require_admin(caller, "changing settings")
    with tools.db.begin() as tx:
        events.put(tx, tools, caller, SettingsChanged(path="", before=before, after=after))
