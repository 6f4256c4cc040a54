"""What `doctor` looks at of mail: does the server named in the settings talk to us, and let us in?"""

from wharfinger.app.mail import open_mail
from wharfinger.cli.finding import Finding, fail, ok, warn
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
    takes = f"{mail.host}:{mail.port} takes mail from {mail.sender}"
    if not settings.external_url:
        return warn("mail", f"{takes}, but its links lead nowhere", "set external_url to where people find the pages")
    return ok("mail", takes)
