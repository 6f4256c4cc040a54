"""What `doctor` looks at of mail: does the server named in the settings talk to us, and let us in?"""

from wharfinger.app.mail import open_mail
from wharfinger.cli.finding import Finding, fail, ok
from wharfinger.clients.mail import MailFailed
from wharfinger.config.load import SettingsRefused
from wharfinger.config.settings import Settings


def examine(settings: Settings) -> Finding:
    """Connect and sign in; nothing is sent."""
    advice = "correct [mail] host, port, security, username and password"
    try:
        mail = open_mail(settings)
        if not mail.works:
            return ok("mail", "none is sent: [mail] host is empty")
        mail.check()
    except SettingsRefused as refused:
        return fail("mail", "; ".join(map(str, refused.problems)), advice)
    except MailFailed as failed:
        return fail("mail", str(failed), advice)
    return ok("mail", f"{mail.host}:{mail.port} takes mail from {mail.sender}")
