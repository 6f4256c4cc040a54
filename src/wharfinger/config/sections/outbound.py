"""How others are asked: webhooks, sign-in providers, registries to fetch from."""

from pathlib import Path

from wharfinger.config.sections.section import Section, setting
from wharfinger.config.values import Duration, Networks, duration, networks


class OutboundSection(Section):
    """Requests that we send to others."""

    allow: Networks = setting(
        networks([]), "Private networks that may be asked; others than public addresses never are.", hot=True
    )
    ca_file: Path | None = setting(None, "Certificates in PEM that are trusted for it besides the system's.", hot=True)
    timeout: Duration = setting(
        duration("10s"), "How long one request may take, redirects and answer included.", hot=True,
        ge=duration("100ms"), le=duration("5m"),
    )  # fmt: skip
