"""How it answers: addresses, limits, logs."""

from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from wharfinger.config.sections.section import Section, setting
from wharfinger.config.values import Duration, Listen, Networks, Size, address, duration, networks, size


class Server(Section):
    """How requests come in."""

    listen: Listen = setting(address("127.0.0.1:5050"), "Address and port to listen at; `*:5050` is every address.")
    workers: int = setting(0, "Processes that answer requests; 0 is one per core, at most 8.", ge=0, le=256)
    tls_certificate: Path | None = setting(
        None, "Certificate chain in PEM; with `tls_key`, the server speaks HTTPS. A renewed pair is served by itself."
    )
    tls_key: Path | None = setting(None, "Private key of the certificate, in PEM.")
    trusted_proxies: Networks = setting(
        networks([]), "Networks whose `X-Forwarded-*` or, without those, `Forwarded` headers are believed.", hot=True
    )
    stop_timeout: Duration = setting(duration("30s"), "How long running transfers may go on once a stop is asked for.")
    header_timeout: Duration = setting(duration("30s"), "How long a client may take to send its headers.")
    body_timeout: Duration = setting(
        duration("1m"), "How long a client may pause within a body.", hot=True, ge=duration("1s")
    )
    header_limit: Size = setting(size("64KiB"), "Most bytes of headers in one request.", hot=True, ge=4096, le=400_000)

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together: set both, or neither behind a proxy")
        return self


class Log(Section):
    """What the server writes to standard error."""

    level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "Least level written; a request is `info`, or `error` from status 500 on.", hot=True
    )
    format: Literal["json", "text"] = setting("json", "One JSON object a line, or text for people.", hot=True)
