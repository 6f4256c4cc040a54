"""Load: wrk where it can, our own loops where it cannot (HEAD, whole pushes and pulls, big blobs)."""

import json
import os
import select
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time

from bench.bodies import ACCEPT
from bench.measured import Tally, latencies

Operation = Callable[[], None]

# wrk reads bodies in 8 KiB steps, so it serves for small answers only. It gets all its requests as text beforehand.
_SCRIPT = """
local texts, last, turn = {}, 0, 0
init = function(args)
  for target in io.lines(args[1]) do
    last = last + 1
    texts[last] = wrk.format("GET", target)
  end
end
request = function()
  turn = turn % last + 1
  return texts[turn]
end
done = function(summary, latency)
  local e = summary.errors
  local said = '\\n{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"status":%d,"wire":%d}\\n'
  io.write(string.format(said, summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout))
end
"""


def have_wrk() -> bool:
    """Whether wrk is installed."""
    return shutil.which("wrk") is not None


def gets(
    scratch: Path, port: int, targets: Sequence[str], *, connections: int, seconds: float, authorization: str = ""
) -> Tally:
    """GET the targets in turn over keep-alive connections with wrk, in one thread."""
    script, listed = scratch / "wrk.lua", scratch / "wrk.targets"
    script.write_text(_SCRIPT)
    listed.write_text("\n".join(targets) + "\n")
    header = ["-H", f"Authorization: {authorization}"] if authorization else []
    whole = max(1, round(seconds))  # wrk takes whole seconds only
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{whole}s",
        "--timeout",
        "30s",
        "-s",
        str(script),
        "-H",
        f"Accept: {ACCEPT}",
        *header,
    ]
    before = os.times()
    ran = subprocess.run(
        [*command, f"http://127.0.0.1:{port}", "--", str(listed)], capture_output=True, text=True, check=True
    )
    after = os.times()
    said = json.loads(ran.stdout[ran.stdout.rindex("\n{") :])
    return Tally(
        operations=said["requests"],
        seconds=said["micros"] / 1e6,
        p50=said["p50"] / 1e6,
        p99=said["p99"] / 1e6,
        errors=said["status"] + said["wire"],
        first_error=f"wrk counted {said['status']} bad statuses, {said['wire']} broken connections"
        if said["status"] + said["wire"]
        else "",
        cpu_seconds=max(0.0, sum(after[2:4]) - sum(before[2:4])),  # of children, wrk being the only one
    )


def heads(port: int, targets: Sequence[str], *, connections: int, seconds: float, authorization: str = "") -> Tally:
    """HEAD the targets in turn over keep-alive connections, from one thread (wrk waits for a body that never comes)."""
    header = f"Authorization: {authorization}\r\n" if authorization else ""
    common = f"HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: {ACCEPT}\r\n{header}\r\n"
    texts = [f"HEAD {target} {common}".encode() for target in targets]
    tally, times, poll = Tally(), [], select.epoll()
    sockets = {made.fileno(): made for made in (_connected(port) for _ in range(connections))}
    sent = dict.fromkeys(sockets, 0.0)
    for number in sockets:
        poll.register(number, select.EPOLLIN)
    turn, began, burnt = 0, perf_counter(), process_time()

    def send(number: int) -> None:
        nonlocal turn
        sent[number] = perf_counter()
        sockets[number].sendall(texts[turn % len(texts)])
        turn += 1

    for number in sockets:
        send(number)
    while (now := perf_counter()) - began < seconds:
        for number, _ in poll.poll(1):
            got = _received(sockets[number])
            times.append(perf_counter() - sent[number])
            if not (got.startswith(b"HTTP/1.1 200") and got.endswith(b"\r\n\r\n")):
                tally.errors += 1
                tally.first_error = tally.first_error or repr(got[:300])
                if not got:
                    poll.unregister(number)
                    continue
            send(number)
    tally.operations, tally.seconds, tally.cpu_seconds = len(times), now - began, process_time() - burnt
    for made in sockets.values():
        made.close()
    tally.p50, tally.p99 = latencies(times)
    return tally


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def _connected(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=30)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def drive(clients: Sequence[Operation], seconds: float) -> Tally:
    """Let each client, in a thread of its own, do its operation over and over until the time is up, once at least."""
    tally, times, lock = Tally(), [], threading.Lock()
    ready = threading.Barrier(len(clients) + 1)

    def work(operation: Operation) -> None:
        mine: list[float] = []
        failed: list[str] = []
        ready.wait()
        end = perf_counter() + seconds
        while True:
            began = perf_counter()
            try:
                operation()
            except Exception as error:  # whatever went wrong is counted and shown
                failed.append(f"{type(error).__name__}: {error}")
            else:
                mine.append(perf_counter() - began)
            if perf_counter() >= end or len(failed) >= 20:
                break
        with lock:
            times.extend(mine)
            tally.errors += len(failed)
            tally.first_error = tally.first_error or next(iter(failed), "")

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    ready.wait()
    began, burnt = perf_counter(), process_time()
    for thread in threads:
        thread.join()
    tally.seconds, tally.cpu_seconds = perf_counter() - began, process_time() - burnt
    tally.operations = len(times)
    tally.p50, tally.p99 = latencies(times)
    return tally
