"""What is wrong with a bucket is named by `doctor` and by `reconfigure`, before a push fails.

A bucket that is not there and an unknown key are asked of moto; regions and clocks, which it does not look at, of
a server that answers as S3 does.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Invoke
from tests.serving import Server, free_port, until
from tests.storage import buckets
from tests.storage.failing_server import Reply, answering, complaint
from tests.storage.test_served import in_bucket


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a folder: its bucket is to come."""
    made = Server(tmp_path_factory.mktemp("server")).start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A moto that asks who it is, after the first request; its address."""
    port = free_port()
    env = os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": "1"}
    with (tmp_path_factory.mktemp("moto") / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], env=env, stdout=log, stderr=log
        )

    def answers() -> bool:
        try:
            return bool(httpx.get(f"http://127.0.0.1:{port}/moto-api/data.json").status_code)
        except httpx.TransportError:
            return False

    assert until(answers, 60)
    httpx.put(f"http://127.0.0.1:{port}/locked", headers={"authorization": buckets.MOTO_SCOPE})
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


def require_named(invoke: Invoke, server: Server, storage: dict[str, object], *words: str) -> None:
    """Both say so, and the server goes on with what it had."""
    server.table["storage"] = {}
    server.change({"storage": storage})
    try:
        told = invoke("doctor", "--config", str(server.file), "--json")
        (found,) = [one for one in json.loads(told.out) if one["subject"] == "store"]
        assert (told.code, found["level"]) == (1, "fail")
        refused = invoke("reconfigure", "--config", str(server.file))
        assert (refused.code, refused.out) == (1, "")
        assert "the server goes on as it is" in refused.err
        for sentence in (found["sentence"], refused.err):
            assert all(word in sentence for word in words), sentence
            assert "lovelace" not in sentence
        assert httpx.get(f"{server.url}/-/ready").status_code == 200
    finally:
        server.table["storage"] = {}
        server.change({})


def test_a_bucket_that_is_not_there(invoke: Invoke, served: Server) -> None:
    require_named(invoke, served, in_bucket("s3://neverwas"), "no such bucket", "[storage] url", "s3://neverwas")


def test_a_key_that_is_unknown(invoke: Invoke, served: Server, strict: str) -> None:
    storage = in_bucket("s3://locked", endpoint=strict)
    require_named(invoke, served, storage, "access key", "[storage] access_key")


def test_an_endpoint_where_nobody_is(invoke: Invoke, served: Server) -> None:
    storage = in_bucket("s3://bucket", endpoint=f"http://127.0.0.1:{free_port()}")
    require_named(invoke, served, storage, "cannot be reached", "[storage] endpoint")


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "SignatureDoesNotMatch", ("secret key", "[storage] secret_key")),
        (400, "AuthorizationHeaderMalformed", ("another region", "[storage] region")),
        (301, "PermanentRedirect", ("another region", "[storage] region")),
        (403, "RequestTimeTooSkewed", ("clock is wrong", "NTP")),
        (403, "AccessDenied", ("access is denied", "get, put and delete")),
        (400, "KMS.NotFoundException", ("server-side encryption", "encryption_key")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_s3_complains_of(invoke: Invoke, served: Server, status: int, code: str, words: tuple[str, ...]) -> None:
    with answering(lambda method, path: Reply(status, complaint(code, "StringToSign lovelace"))) as address:
        require_named(invoke, served, in_bucket("s3://bucket", endpoint=address), *words)


def test_the_second_store_is_looked_at_too(invoke: Invoke, served: Server, tmp_path: Path) -> None:
    storage = {"folder": str(tmp_path / "new"), "other": in_bucket("s3://neverwas")}
    require_named(invoke, served, storage, "no such bucket", "s3://neverwas")
