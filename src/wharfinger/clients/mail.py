"""Sending mail, by an SMTP server that the operator named (RFC 5321). Plain text, and the same as simple HTML."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from enum import StrEnum
from html import escape
from typing import Final

_SECONDS: Final = 20.0


class Security(StrEnum):
    """How the way to the server is secured: from the start, from STARTTLS on, or not at all."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class MailFailed(Exception):
    """The server could not be reached, or did not take it. The sentence names the server and no secret."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What one person is sent. `text` is lines and paragraphs; a line that is an address becomes a link in HTML."""

    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Mail:
    """The way to people's mailboxes; without a host there is none."""

    host: str = ""
    port: int = 587
    security: Security = Security.STARTTLS
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    ca_pem: str = ""  # trusted besides the system's certificates

    @property
    def works(self) -> bool:
        """Was a server named?"""
        return bool(self.host)

    def send(self, letter: Letter) -> None:
        """Hand a letter to the server, which has it when this returns. Raises MailFailed."""
        with self._server() as server:
            refused = server.send_message(_message(self.sender, letter))
        if refused:
            raise MailFailed(f"{self.host} did not take a mail to {letter.to}")

    def check(self) -> None:
        """Would the server talk to us? Raises MailFailed."""
        with self._server() as server:
            server.noop()

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        try:
            with self._connect() as server:
                yield server
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise MailFailed(f"{self.host}:{self.port} does not take mail: {_said(error)}") from error

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.ca_pem:
            context.load_verify_locations(cadata=self.ca_pem)
        if self.security is Security.TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=_SECONDS, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=_SECONDS)
        try:
            if self.security is Security.STARTTLS:
                server.starttls(context=context)
            if self.username:
                server.login(self.username, self.password)
        except BaseException:
            server.close()
            raise
        return server


def _message(sender: str, letter: Letter) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, letter.to, letter.subject
    message["Date"], message["Auto-Submitted"] = formatdate(), "auto-generated"
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip(">") or None)
    message.set_content(letter.text)
    message.add_alternative(_html(letter.text), subtype="html")
    return message


def _html(text: str) -> str:
    paragraphs = ("<br>\n".join(map(_line, part.splitlines())) for part in text.strip().split("\n\n"))
    body = "\n".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    style = "font-family: sans-serif; max-width: 40em"
    return f'<!doctype html><html lang="en"><body style="{style}">\n{body}\n</body></html>'


def _line(line: str) -> str:
    address = escape(line.strip(), quote=True)
    is_link = address.startswith(("https://", "http://")) and " " not in address
    return f'<a href="{address}">{address}</a>' if is_link else escape(line)


def _said(error: Exception) -> str:
    """What went wrong, in the server's words where it had some; an answer to a login is not repeated."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"it refused the login ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {words}"
    return str(error) or type(error).__name__
