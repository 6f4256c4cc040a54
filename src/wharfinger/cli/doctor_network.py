"""What `doctor` looks at from outside: the certificate, and whether `external_url` leads here."""

import ssl
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from cryptography import x509

from wharfinger.app import secret
from wharfinger.app.clock import now
from wharfinger.cli.finding import Finding, fail, ok, warn
from wharfinger.config.load import SettingsRefused
from wharfinger.config.settings import Settings

_SOON: Final = timedelta(days=21)
_CLOCKS_APART: Final = timedelta(seconds=30)
_PATIENCE_SECONDS: Final = 5
_RENEW: Final = "renew it in the same files: a running server takes the new pair by itself"


def examine(settings: Settings) -> Iterator[Finding]:
    """One thing after another."""
    if settings.server.tls_certificate and settings.server.tls_key:
        yield _certificate(settings.server.tls_certificate, settings.server.tls_key, settings.address)
    yield from _address(settings)
    yield _proxies(settings)


def _certificate(chain: Path, key: Path, address: str) -> Finding:
    subject, advice = (
        "certificate",
        "set [server] tls_certificate and tls_key to a pair in PEM, the key without a passphrase",
    )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, password="")  # never asked for
        certificate = x509.load_pem_x509_certificate(chain.read_bytes())
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        return fail(subject, f"{chain} and {key} cannot be used: {error}", advice)
    left = certificate.not_valid_after_utc - now()
    if left < timedelta():
        return fail(subject, f"{chain} expired on {certificate.not_valid_after_utc:%Y-%m-%d}", _RENEW)
    if not _names(certificate, urlsplit(address).hostname or ""):
        return fail(subject, f"{chain} is not for {urlsplit(address).hostname}", "have one made for that host")
    if left < _SOON:
        return warn(subject, f"{chain} expires in {left.days} days", _RENEW)
    return ok(subject, f"{chain} is good for {left.days} days")


def _names(certificate: x509.Certificate, host: str) -> bool:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    known = {str(name.value).lower() for name in names}
    return host in known or f"*.{host.partition('.')[2]}" in known


def _address(settings: Settings) -> Iterator[Finding]:
    """Ask where clients ask. The installation's mark shows that it is this one that answers."""
    address, subject = settings.address, "address"
    try:
        answer = httpx.get(f"{address}/-/health", timeout=_PATIENCE_SECONDS, follow_redirects=False)
    except httpx.HTTPError as error:
        advice = "check that the server runs, DNS, the firewall, and whether its certificate is trusted here"
        yield fail(subject, f"{address} cannot be reached from here: {error}", advice)
        return
    if f'"{_mark(settings)}"' not in answer.text[:1000]:
        advice = "point external_url and the proxy at this server; the mark follows the secret, so compare secrets too"
        yield fail(subject, f"something else answers at {address} (status {answer.status_code})", advice)
        return
    yield ok(subject, f"{address} leads to this installation")
    yield _clock(answer)


def _mark(settings: Settings) -> str:
    try:
        return secret.mark(secret.read_secret(settings))
    except SettingsRefused:
        return "no secret"


def _clock(answer: httpx.Response) -> Finding:
    apart = abs(parsedate_to_datetime(answer.headers["date"]) - now())
    if apart > _CLOCKS_APART:
        return fail("clock", f"the server's is {apart.total_seconds():.0f} s off this one", "let NTP set both clocks")
    return ok("clock", "the same as the server's, to half a minute")


def _proxies(settings: Settings) -> Finding:
    outside, trusted = urlsplit(settings.address), settings.server.trusted_proxies
    port = outside.port or (443 if outside.scheme == "https" else 80)
    behind = (outside.scheme, port) != (settings.scheme, settings.listen.port)
    if behind and not trusted:
        return warn(
            "proxy",
            "external_url differs from where the server listens, and no proxy is trusted",
            "list the proxy in [server] trusted_proxies; else all clients share its address in logs and login limits",
        )
    if any(network.prefixlen == 0 for network in trusted):
        advice = "list only the proxy itself: anybody can write X-Forwarded-For"
        return warn("proxy", "every address is trusted as a proxy", advice)
    return ok("proxy", f"{', '.join(map(str, trusted))} trusted" if trusted else "none, clients come directly")
