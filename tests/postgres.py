"""A PostgreSQL of the tests' own: made, started and thrown away with the session. It keeps nothing through a crash,
unless it is to be `durable`, for measurements."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from sqlalchemy import URL, create_engine, text

from tests.scratch import scratch

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "400",
    "dynamic_shared_memory_type": "mmap",  # in the folder, which is removed
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "max_wal_size": "2GB"}
PREFIX = "whf-pg-"


class Missing(Exception):
    """PostgreSQL cannot be had on this machine; says why."""


class Cluster:
    """One server, reached through a socket in its own folder."""

    def __init__(self, *, durable: bool = False) -> None:
        settings = {**SETTINGS, **DURABLE} if durable else SETTINGS
        self._programs = _programs()
        self._user = "postgres" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX)) if durable else scratch(PREFIX)
        if self._user:
            account = pwd.getpwnam(self._user)
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        self._data = self._folder / "data"
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        given = " ".join(f"-c {name}={value or repr('')}" for name, value in settings.items())
        options = f"-k {self._folder} {given}"
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self._folder / "log"), "-w", "-o", options, "start")

    def url(self, name: str) -> str:
        """The URL of a database."""
        query = {"host": str(self._folder)}
        return URL.create("postgresql+psycopg", "postgres", database=name, query=query).render_as_string()

    def create(self, name: str, template: str = "template0") -> str:
        """Make a database, as a copy of another one (PostgreSQL 15 or later); returns its URL."""
        self._administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        """End the server and remove everything."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

    def _administer(self, statement: str) -> None:
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def _run(self, program: str, *arguments: str) -> None:
        # The server inherits these files, and a pipe would stay open as long as it runs.
        with tempfile.TemporaryFile() as output:
            command = [self._programs / program, *arguments]
            done = subprocess.run(command, user=self._user, cwd="/", stdout=output, stderr=output, check=False)
            output.seek(0)
            if done.returncode:
                raise Missing(f"{program} failed: {output.read().decode(errors='replace')[-500:]}")


def _programs() -> Path:
    found = shutil.which("initdb")
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4].split(".")[0])
    )
    if found is None and not versions:
        raise Missing("no initdb on this machine: apt-get install postgresql")
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            raise Missing("PostgreSQL does not run as root, and there is no user postgres") from None
    return (Path(found) if found else versions[-1]).parent
