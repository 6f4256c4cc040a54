"""Settings in, the way to people's mailboxes out."""

import ssl

from wharfinger.clients.mail import Mail, Security
from wharfinger.config.load import Problem, SettingsRefused
from wharfinger.config.settings import Settings


def open_mail(settings: Settings) -> Mail:
    """How mail is sent; nothing is sent yet. Raises SettingsRefused."""
    section = settings.mail
    try:
        password = section.password_file.read_text().strip() if section.password_file else section.password
    except (OSError, ValueError) as error:
        raise SettingsRefused([Problem("[mail] password_file", f"cannot be read: {error}")]) from None
    return Mail(
        host=section.host,
        port=section.port,
        security=Security(section.security),
        username=section.username,
        password=password,
        sender=section.sender,
        ca_pem=_certificates(settings),
    )


def _certificates(settings: Settings) -> str:
    file = settings.mail.ca_file
    if file is None:
        return ""
    try:
        pem = file.read_text()
        ssl.create_default_context().load_verify_locations(cadata=pem)
    except (OSError, ValueError) as error:
        raise SettingsRefused([Problem("[mail] ca_file", f"cannot be used: {error}")]) from None
    return pem
