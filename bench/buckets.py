"""Object stores on loopback, each in a process of its own: moto keeps its objects in memory, azurite in files."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from time import sleep

import httpx

from bench.process import free_port
from tests.storage import buckets
from wharfinger.storage.bucket import Bucket
from wharfinger.storage.connect import Account, open_bucket

AZURITE = buckets.CLIENTS / "azurite/node_modules/.bin/azurite-blob"
_PATIENCE = timedelta(minutes=5)  # a busy machine is slow, and that is what is measured


@dataclass(frozen=True, slots=True)
class Served:
    """An empty bucket, and what the settings say of it."""

    url: str
    known: Mapping[str, str]

    def opened(self) -> Bucket:
        """As a store uses it."""
        return open_bucket(self.url, Account(timeout=_PATIENCE, **self.known))

    def settings(self) -> str:
        """The section of the settings file. Pulls come through the server: its memory is what is watched."""
        lines = [f'url = "{self.url}"', *(f'{name} = "{value}"' for name, value in self.known.items())]
        return "\n".join(["[storage]", "redirect = false", 'timeout = "5m"', *lines]) + "\n"


@contextmanager
def on_moto(scratch: Path) -> Iterator[Served]:
    """A bucket on an S3 server in Python."""
    port, name = free_port(), f"bench{token_hex(4)}"
    address = f"http://127.0.0.1:{port}"
    with _running([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], address, scratch):
        httpx.put(f"{address}/{name}", headers={"authorization": buckets.MOTO_SCOPE}).raise_for_status()
        known = {"endpoint": address, "region": "us-east-1", "access_key": "ada", "secret_key": "lovelace"}
        yield Served(f"s3://{name}", known)


@contextmanager
def on_azurite(scratch: Path) -> Iterator[Served]:
    """A container on Microsoft's emulator of Azure's blobs, in Node."""
    port, name = free_port(), f"bench{token_hex(4)}"
    endpoint, folder = f"http://127.0.0.1:{port}/{buckets.AZURE_ACCOUNT}", scratch / f"azurite-{token_hex(2)}"
    options = ["--disableTelemetry", "--skipApiVersionCheck", "--silent", "--location", str(folder)]
    with _running([AZURITE, *options, "--blobHost", "127.0.0.1", "--blobPort", str(port)], endpoint, scratch):
        buckets.make_container(endpoint, name)
        known = {"endpoint": endpoint, "access_key": buckets.AZURE_ACCOUNT, "secret_key": buckets.AZURE_KEY}
        yield Served(f"az://{name}", known)
    subprocess.run(["rm", "-rf", "--", folder], check=True)


@contextmanager
def _running(command: Sequence[str | Path], address: str, scratch: Path) -> Iterator[None]:
    with (scratch / "buckets.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        for _ in range(600):
            try:
                httpx.get(address)
                break
            except httpx.TransportError:
                sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()
