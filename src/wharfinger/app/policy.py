"""Settings in, what operations follow out."""

from wharfinger.clients.oidc import Client
from wharfinger.config.load import Problem, SettingsRefused
from wharfinger.config.sections.identity import Issuer
from wharfinger.config.sections.oidc import Oidc
from wharfinger.config.settings import Settings
from wharfinger.domain.policy import Policy, SingleSignOn, TrustedIssuer
from wharfinger.rules.roles import Profile


def policy(settings: Settings) -> Policy:
    """What operations follow. Raises SettingsRefused where a trusted issuer's keys cannot be read."""
    registry, tokens = settings.registry, settings.tokens
    return Policy(
        address=settings.address,
        profile=Profile(settings.access.profile),
        password_login=settings.access.password_login,
        external_url=settings.external_url,
        issuer=tokens.issuer,
        audience=tokens.audience,
        token_life=tokens.life,
        key_overlap=tokens.key_overlap,
        trusted_issuers=tuple(map(_trusted, tokens.trusted_issuers)),
        manifest_limit_bytes=registry.manifest_limit,
        blob_limit_bytes=registry.blob_limit,
        upload_keep=registry.upload_keep,
        untagged_percent=settings.quotas.untagged_percent,
        immutable_versions=registry.immutable_versions,
        page_default=registry.page_default,
        page_limit=registry.page_limit,
        trash_keep=settings.trash.keep,
        gc_delay=settings.gc.delay,
        gc_interval=settings.gc.interval,
        gc_batch=settings.gc.batch,
        audit_keep_months=settings.audit.keep_months,
        audit_pulls=settings.audit.pulls,
        login_failures=settings.logins.failures,
        login_window=settings.logins.window,
        single_sign_on=_single_sign_on(settings.oidc),
        session_idle=settings.sessions.idle,
        session_life=settings.sessions.life,
        redirect_life=settings.storage.redirect_life if settings.storage.redirect else None,
        stream_to=settings.storage.stream_to,
    )


def _single_sign_on(oidc: Oidc) -> SingleSignOn | None:
    if not oidc.issuer:
        return None
    return SingleSignOn(
        client=Client(oidc.issuer, oidc.client_id, oidc.client_secret, oidc.scopes),
        name=oidc.name,
        sign_up=oidc.sign_up,
        groups=frozenset(group.strip() for group in oidc.groups.split(",") if group.strip()),
        groups_claim=oidc.groups_claim,
        username_claim=oidc.username_claim,
        admin_group=oidc.admin_group,
    )


def _trusted(issuer: Issuer) -> TrustedIssuer:
    try:
        keys = {kid: file.read_text() for kid, file in issuer.keys.items()}
    except (OSError, UnicodeDecodeError) as error:
        where = f"[tokens.trusted_issuers] {issuer.issuer}"
        raise SettingsRefused([Problem(where, f"its key cannot be read: {error}")]) from None
    return TrustedIssuer(issuer=issuer.issuer, audience=issuer.audience, keys=keys)
