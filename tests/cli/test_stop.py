"""How a server ends: with what was begun, in its time, and without leaving anything behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import OwnServer
from tests.cli.transfers import Transfers
from tests.serving import Server, environment, until
from wharfinger.config import running

BIG = os.urandom(24 * 1024 * 1024)


def refuses(server: Server) -> bool:
    """Does nobody take a new connection any more?"""
    try:
        httpx.get(f"{server.url}/-/health", timeout=5)
    except httpx.TransportError:
        return True
    return False


@pytest.fixture
def served(own_server: OwnServer) -> Server:
    return own_server().start()


def test_running_transfers_are_finished_before_it_stops(served: Server) -> None:
    transfers = Transfers(served)
    digest = transfers.push(BIG)
    upload, download = transfers.slow_upload(BIG[::-1]), transfers.slow_download(digest)
    upload.send(1_000_000)
    assert download.status == 200
    assert served.process is not None
    served.process.send_signal(signal.SIGTERM)
    assert until(lambda: refuses(served)), "new connections are refused"
    upload.send(1_000_000)
    assert served.process.poll() is None, "it waits for what runs"
    assert download.finish() == BIG
    assert upload.finish() == 201
    assert served.process.wait(20) == 0
    again = served.start()
    assert Transfers(again)
    stored = again.tools.store.read(upload.digest)
    assert stored.path.read_bytes() == BIG[::-1]


def test_a_transfer_that_takes_too_long_ends_with_the_limit(own_server: OwnServer) -> None:
    server = own_server({"server": {"stop_timeout": "1s"}}).start()
    upload = Transfers(server).slow_upload(BIG)
    upload.send(1000)
    assert server.stop() in (0, 1)
    with pytest.raises(OSError):
        upload.finish()


def test_nothing_is_left_running(served: Server) -> None:
    described = running.read(served.settings.run)
    assert described is not None
    assert until(lambda: len(running.acknowledged(described)) == 3), "two web processes and the worker"
    pids = [one.pid for one in running.acknowledged(described)]
    assert served.stop() == 0
    assert until(lambda: not any(running.alive(pid) for pid in pids))
    assert running.find(served.settings.run) is None


def pipes(pid: int) -> set[str]:
    """The pipes that a process holds, but for what it reads and prints."""
    links = {int(link.name): str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
    return {target for number, target in links.items() if number > 2 and target.startswith("pipe:")}


def test_the_worker_holds_nothing_of_the_other_processes(served: Server) -> None:
    """Else the main process would not notice that a web process has ended, until the worker has ended too."""
    described = running.read(served.settings.run)
    assert described is not None
    assert until(lambda: len(running.acknowledged(described)) == 3)
    (worker,) = [one.pid for one in running.acknowledged(described) if one.role == "worker"]
    assert pipes(described.pid)
    assert not pipes(worker) & pipes(described.pid)


def test_processes_end_when_the_main_one_is_killed(own_server: OwnServer) -> None:
    """Even one that waits for a client who does nothing, once its time is over."""
    served = own_server({"server": {"stop_timeout": "2s"}}).start()
    upload = Transfers(served).slow_upload(BIG)
    upload.send(1000)
    described = running.read(served.settings.run)
    assert described is not None
    pids = [one.pid for one in running.acknowledged(described)]
    assert served.process is not None
    served.process.kill()
    served.process.wait()
    assert until(lambda: not any(running.alive(pid) for pid in pids))
    assert served.start().command("status").returncode == 0


def test_a_worker_whose_server_is_gone_before_it_begins_ends(served: Server) -> None:
    assert served.process is not None
    served.process.kill()
    served.process.wait()
    command = [sys.executable, "-m", "wharfinger", "worker", "--inside", str(served.settings.run)]
    subprocess.run(command, check=True, timeout=60, env=environment())


@pytest.mark.parametrize("role", ["web", "worker"])
def test_a_process_that_dies_is_replaced(served: Server, role: str) -> None:
    described = running.read(served.settings.run)
    assert described is not None

    def pids() -> set[int]:
        return {one.pid for one in running.acknowledged(described) if one.role == role}

    assert until(pids)
    before = pids()
    os.kill(victim := min(before), signal.SIGKILL)
    assert until(lambda: len(pids() - {victim}) == len(before), 30)
    assert httpx.get(f"{served.url}/-/ready").status_code == 200
