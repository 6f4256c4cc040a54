"""What `doctor` looks at of mail: does the server named in the settings talk to us, and let us in?"""

from wharfinger.app.mail import open_mail
from wharfinger.cli.finding import Finding, fail, ok, warn
from wharfinger.clients.mail import Letter, MailFailed
from wharfinger.config.load import SettingsRefused
from wharfinger.config.settings import Settings

_LETTER = "This is a test: {sender} reaches you, and people will hear from it when something needs them."


def examine(settings: Settings, mail_to: str = "") -> Finding:
    """Connect and sign in; nothing is sent but, where it is wanted, a test to this address."""
    advice = "correct [mail] host, port, security, username and password"
    try:
        mail = open_mail(settings)
        if not mail.works:
            return ok("mail", "none is sent: [mail] host is empty")
        mail.check()
        if mail_to:
            mail.send(Letter(mail_to, "A test of mail", _LETTER.format(sender=settings.external_url or mail.sender)))
    except SettingsRefused as refused:
        return fail("mail", "; ".join(map(str, refused.problems)), advice)
    except MailFailed as failed:
        return fail("mail", str(failed), advice)
    takes = f"{mail.host}:{mail.port} takes mail from {mail.sender}{f' to {mail_to}' if mail_to else ''}"
    if not settings.external_url:
        return warn("mail", f"{takes}, but its links lead nowhere", "set external_url to where people find the pages")
    return ok("mail", takes)
