"""What `doctor` looks at of single sign-on: does the provider named in the settings answer, and as itself?"""

from wharfinger.app.outbound import open_outbound
from wharfinger.app.policy import policy
from wharfinger.cli.finding import Finding, fail, ok, warn
from wharfinger.clients import oidc
from wharfinger.clients.oidc import ProviderFailed
from wharfinger.config.load import SettingsRefused
from wharfinger.config.settings import Settings

_SUBJECT = "single sign-on"


def examine(settings: Settings) -> Finding:
    """Ask the provider what it says of itself, as a sign-in does. The client's secret shows when somebody signs in."""
    try:
        provider = policy(settings).single_sign_on
        if provider is None:
            return ok(_SUBJECT, "none: [oidc] issuer is empty")
        oidc.check(open_outbound(settings), provider.client)
    except SettingsRefused as refused:
        return fail(_SUBJECT, "; ".join(map(str, refused.problems)), "correct the settings")
    except ProviderFailed as failed:
        return fail(_SUBJECT, str(failed), "correct [oidc] issuer; [outbound] ca_file names a certificate authority")
    if not settings.external_url:
        advice = "set external_url: the provider sends people back to one address alone"
        return warn(_SUBJECT, f"{settings.oidc.issuer} answers, and does not know where we are", advice)
    back = f"{settings.external_url}/login/oidc/callback"
    return ok(_SUBJECT, f"{settings.oidc.issuer} answers; it has to know {back} as the redirect address")
