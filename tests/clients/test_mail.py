"""Mail through a real SMTP server: text and HTML, STARTTLS, TLS, logins, and what is told where it fails."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mailbox import PASSWORD, USERNAME, Mailbox, certificate, lets_in, serving, text_of
from wharfinger.clients.mail import Letter, Mail, MailFailed, Security

LETTER = Letter(
    "ada@example.com",
    "The storage of acme/größe is 85% full",
    "acme uses <b>much</b>.\n\nThe largest:\nacme/shop: 5 GiB\n\nhttps://registry.example.com/acme/-/usage?a=1&b=2",
)


def client(port: int, security: Security = Security.NONE, **more: str) -> Mail:
    return Mail("127.0.0.1", port, security, sender="Registry <registry@example.com>", **more)


def test_a_letter_is_text_and_html() -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        client(port).check()
        client(port).send(LETTER)
    [letter] = mailbox.letters
    assert (letter["to"], letter["from"]) == ("ada@example.com", "Registry <registry@example.com>")
    assert letter["subject"] == LETTER.subject
    assert letter["auto-submitted"] == "auto-generated"
    assert text_of(letter).strip().splitlines() == LETTER.text.splitlines()
    body = letter.get_body(("html",))
    assert body is not None
    html = body.get_content()
    assert "&lt;b&gt;much&lt;/b&gt;" in html
    assert '<a href="https://registry.example.com/acme/-/usage?a=1&amp;b=2">' in html


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_encrypted_and_signed_in(tmp_path: Path, security: Security) -> None:
    mailbox = Mailbox()
    context, pem = certificate(tmp_path)
    key = "tls_context" if security is Security.STARTTLS else "ssl_context"
    login = {"authenticator": lets_in, "auth_required": True, "auth_require_tls": security is Security.STARTTLS}
    with serving(mailbox, **{key: context}, **login) as port:
        mail = client(port, security, username=USERNAME, password=PASSWORD, ca_pem=pem)
        mail.check()
        mail.send(LETTER)
        with pytest.raises(MailFailed, match=r"it refused the login \(535\)") as refused:
            replace(mail, password="wrong canary").send(LETTER)
        with pytest.raises(MailFailed, match="CERTIFICATE_VERIFY_FAILED"):
            replace(mail, ca_pem="").send(LETTER)
    assert mailbox.encrypted == [True]
    assert "canary" not in f"{refused.value!r} {refused.value} {mail!r}"


def test_no_password_goes_to_a_server_without_tls() -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port, pytest.raises(MailFailed, match="STARTTLS"):
        client(port, Security.STARTTLS, username=USERNAME, password=PASSWORD).send(LETTER)
    assert mailbox.letters == []


def test_what_the_server_refuses_and_where_none_listens() -> None:
    mailbox = Mailbox()
    mailbox.unknown.add(LETTER.to)
    with serving(mailbox) as port, pytest.raises(MailFailed, match="nobody of that name"):
        client(port).send(LETTER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(MailFailed, match=f"127.0.0.1:{port} does not take mail"):
        client(port).check()


def test_a_line_break_in_a_subject_or_address_adds_no_header() -> None:
    mailbox = Mailbox()
    with serving(mailbox) as port:
        for letter in (replace(LETTER, subject="x\r\nBcc: eve@example.com"), replace(LETTER, to="a@b\r\nBcc: e@f")):
            with pytest.raises(MailFailed):
                client(port).send(letter)
    assert mailbox.letters == []
