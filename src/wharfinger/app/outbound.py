"""Settings in, the client for requests to others out."""

import ssl

from wharfinger.clients.http import Limits, Outbound
from wharfinger.config.load import Problem, SettingsRefused
from wharfinger.config.settings import Settings


def open_outbound(settings: Settings) -> Outbound:
    """The one client that asks others. Raises SettingsRefused where its certificates cannot be read."""
    section, pem = settings.outbound, ""
    if section.ca_file:
        try:
            pem = section.ca_file.read_text()
            ssl.create_default_context().load_verify_locations(cadata=pem)
        except (OSError, ValueError) as error:
            raise SettingsRefused([Problem("[outbound] ca_file", f"cannot be used: {error}")]) from None
    return Outbound(section.allow, Limits(seconds=section.timeout.total_seconds()), pem)
