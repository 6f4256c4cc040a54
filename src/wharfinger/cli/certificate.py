"""A renewed certificate is served without a restart.

Whoever renews it replaces two files, one after the other, and a web process may be started in between. So the processes
read neither: they read one file of the run folder, in which a certificate and its own key are put at once. When the two
have changed and belong together, the web processes are followed by new ones: a new process takes connections before an
old one ends, and the old one ends its transfers first, for as long as `stop_timeout` allows.
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


class Unfit(Exception):
    """Certificate and key cannot be served; says why and what to do."""


class Pair:
    """A certificate and its key in two files of the operator's, and what of them is served, in one file of ours."""

    def __init__(self, certificate: Path, key: Path, folder: Path) -> None:
        self._certificate, self._key, self.served = certificate, key, folder / "tls.pem"
        self._taken: _Stamp = ()

    def take(self) -> None:
        """Serve from now on what the two files hold, to new processes. Raises Unfit, and leaves what was served."""
        self._taken, fresh = self._stamp(), self.served.with_suffix(".new")
        try:
            both = self._certificate.read_bytes() + b"\n" + self._key.read_bytes()
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(both)
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(fresh, password="")  # never asked for
            fresh.replace(self.served)
        except (OSError, ValueError) as error:
            what = f"{self._certificate} and {self._key}"
            advice = "put a certificate and its own key there, in PEM, the key without a passphrase"
            raise Unfit(f"{what} cannot be served ({error}): {advice}") from error

    def follow(self) -> Never:
        """Watch the two files for as long as this process lives, and have Granian renew its processes."""
        self.watch(lambda: os.kill(os.getpid(), signal.SIGHUP))

    def watch(self, renew: Callable[[], None], *, every: float = _EVERY_SECONDS) -> Never:
        """Call `renew` whenever the files have changed and were taken."""
        seen = self._taken
        while True:
            time.sleep(every)
            last, seen = seen, self._stamp()
            if seen == self._taken or seen != last:  # nothing new, or still being written
                continue
            try:
                self.take()
            except Unfit as error:
                _log.error("%s; the certificate from before is served on", error)
            else:
                _log.info("%s has changed: new processes serve it, the old ones end their transfers", self._certificate)
                renew()

    def _stamp(self) -> _Stamp:
        """What tells one state of the two files from another, through links; empty where one is not there."""
        try:
            found = [file.stat() for file in (self._certificate, self._key)]
        except OSError:
            return ()
        return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in found)
