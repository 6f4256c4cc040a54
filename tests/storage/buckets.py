"""Servers that speak the protocols of object stores, and buckets on them.

S3 is moto, a server in Python. Azure is azurite, Microsoft's own emulator from npm, which tests/install_clients.sh
fetches. Google's XML protocol, which obstore speaks, is S3's but for the signatures, so moto answers that as well.
"""

import atexit
import base64
import hashlib
import hmac
import os
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest

from wharfinger.storage.bucket import Bucket
from wharfinger.storage.connect import Account, open_bucket

AZURE_ACCOUNT = "devstoreaccount1"  # azurite's own, and public
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CLIENTS = Path(
    os.environ.get("WHARFINGER_TEST_CLIENTS")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wharfinger-test-clients"
)


def quick(**known: Any) -> Account:
    """An account that does not wait long for what does not come."""
    return Account(**{"timeout": timedelta(seconds=10), "retry_for": timedelta(seconds=2)} | known)


@cache
def moto() -> str:
    """The address of moto, started when it is first asked for; it ends with the tests."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


def s3_account(endpoint: str = "", **known: Any) -> Account:
    """Credentials that moto takes."""
    return quick(endpoint=endpoint or moto(), region="us-east-1", access_key="ada", secret_key="lovelace", **known)


def new_bucket() -> str:
    """A bucket of its own on moto; its name."""
    name = f"bucket{token_hex(6)}"  # obstore writes a dash in the Google way, as %2D, and moto does not read that
    assert httpx.put(f"{moto()}/{name}", headers={"authorization": MOTO_SCOPE}, timeout=60).status_code == 200
    return name


# moto finds the service in the credential's scope, and does not check who it is.
SCOPE = "ada/20260101/us-east-1/s3/aws4_request"
MOTO_SCOPE = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=0"


def on_s3() -> Bucket:
    """An empty bucket in S3."""
    return open_bucket(f"s3://{new_bucket()}/some/prefix", s3_account())


def on_google() -> Bucket:
    """An empty bucket in what speaks Google's protocol."""
    account = quick(endpoint=moto(), session_token=SCOPE)
    return open_bucket(f"gs://{new_bucket()}/some/prefix", account)


@cache
def azurite() -> str:
    """The address of azurite, or why there is none."""
    program = CLIENTS / "azurite" / "node_modules" / ".bin" / "azurite-blob"
    if not program.exists():
        return "azurite is not here: tests/install_clients.sh fetches it where npm can"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck", "--silent"]
    process = subprocess.Popen(
        [program, *options, "--blobHost", "127.0.0.1", "--blobPort", str(port)], stdout=subprocess.DEVNULL
    )
    atexit.register(process.terminate)
    ends = time.monotonic() + 30
    while time.monotonic() < ends and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return f"http://127.0.0.1:{port}"
    process.terminate()
    return "azurite does not start here"


def azure_account() -> Account:
    """Azurite's account; skips the test where there is no azurite."""
    if not azurite().startswith("http"):
        pytest.skip(azurite())
    return quick(endpoint=f"{azurite()}/{AZURE_ACCOUNT}", access_key=AZURE_ACCOUNT, secret_key=AZURE_KEY)


def on_azure() -> Bucket:
    """An empty container in Azure."""
    account, name = azure_account(), f"container{token_hex(6)}"
    make_container(account.endpoint, name)
    return open_bucket(f"az://{name}/some/prefix", account)


def make_container(endpoint: str, name: str) -> None:
    """Create Container, signed with the account's key (Authorize with Shared Key)."""
    date = format_datetime(datetime.now(UTC), usegmt=True)
    lines = ["PUT", *[""] * 11, f"x-ms-date:{date}", "x-ms-version:2021-08-06"]
    text = "\n".join([*lines, f"/{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{name}", "restype:container"])
    signature = base64.b64encode(hmac.digest(base64.b64decode(AZURE_KEY), text.encode(), hashlib.sha256)).decode()
    headers = {"x-ms-date": date, "x-ms-version": "2021-08-06"}
    headers["authorization"] = f"SharedKey {AZURE_ACCOUNT}:{signature}"
    answer = httpx.put(f"{endpoint}/{name}?restype=container", headers=headers)
    assert answer.status_code == 201, answer.text
