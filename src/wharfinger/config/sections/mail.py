"""How mail is sent."""

from pathlib import Path
from typing import Literal

from pydantic import field_validator, model_validator

from wharfinger.config.sections.section import Section, setting


class MailSection(Section):
    """Mail to people: when storage fills up, when a cleanup policy fails, when a webhook is given up."""

    host: str = setting("", "The SMTP server, name or address alone; empty sends no mail.", hot=True)
    port: int = setting(587, "Its port.", hot=True, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = setting(
        "starttls", '`"tls"` from the start (port 465), `"starttls"`, or `"none"`.', hot=True
    )
    username: str = setting("", "Who signs in there; empty does not.", hot=True)
    password: str = setting("", "The password for it.", hot=True, secret=True)
    password_file: Path | None = setting(None, "A file with that password instead.", hot=True)
    sender: str = setting("", "Who writes: `Registry <registry@example.com>`.", hot=True)
    ca_file: Path | None = setting(None, "Certificates in PEM that are trusted besides the system's.", hot=True)

    @field_validator("host")
    @classmethod
    def _alone(cls, host: str) -> str:
        if any(sign in host for sign in "/@ ") or host.count(":") == 1:
            raise ValueError(
                "it should be a name or an address alone, as in smtp.example.com: the port has its own line"
            )
        return host

    @model_validator(mode="after")
    def _whole(self) -> "MailSection":
        if self.host and "@" not in self.sender:
            raise ValueError("sender should be an address, as in registry@example.com, where a host is named")
        if self.username and self.security == "none" and self.host not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError('a password is not sent unencrypted: choose security = "starttls" or "tls"')
        return self
