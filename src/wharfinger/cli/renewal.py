"""A renewed certificate is served without a restart.

Whoever renews it replaces two files. Once these belong together, the web processes are followed by new ones, which read
them: a new process takes connections before an old one ends, and the old one ends its transfers first, for as long as
`stop_timeout` allows.
"""

import logging
import os
import signal
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Never

_EVERY_SECONDS: Final = 2.0
_log: Final = logging.getLogger("wharfinger.serve")

_Stamp = tuple[tuple[int, int, int], ...]


def follow(certificate: Path, key: Path) -> Never:
    """Watch the two files for as long as this process lives, and have Granian renew its processes."""
    watch(certificate, key, lambda: os.kill(os.getpid(), signal.SIGHUP))


def watch(certificate: Path, key: Path, renew: Callable[[], None], *, every: float = _EVERY_SECONDS) -> Never:
    """Call `renew` whenever the files have changed to a pair that belongs together."""
    served = seen = _stamp(certificate, key)
    while True:
        time.sleep(every)
        last, seen = seen, _stamp(certificate, key)
        if seen == served or seen != last:  # nothing new, or still being written
            continue
        served = seen
        if _fit(certificate, key):
            _log.info("%s has changed: new processes serve it, the old ones end their transfers", certificate)
            renew()


def _stamp(*files: Path) -> _Stamp:
    """What tells one state of the files from another, through links; empty where one is not there."""
    try:
        found = [file.stat() for file in files]
    except OSError:
        return ()
    return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in found)


def _fit(certificate: Path, key: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")  # never asked for
    except (OSError, ValueError) as error:
        _log.error(
            "%s and %s cannot be served (%s): the certificate from before is served on; put a certificate and its own "
            "key there",
            certificate,
            key,
            error,
        )
        return False
    return True
