"""Clients that begin a body and say nothing more."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.cli.transfers import Transfers
from tests.serving import Server, until
from tests.web.asgi import run
from wharfinger.web.patience import Bodies


async def never() -> dict[str, Any]:
    await asyncio.sleep(3600)
    return {}


def test_a_body_that_waits_is_ended_as_if_the_client_had_gone() -> None:
    async def scenario() -> None:
        bodies, messages = Bodies(), list[Any]()

        async def handler() -> None:
            body = bodies.begin(never)
            messages.append(await body())
            messages.append(await body())
            bodies.end(body)

        task = asyncio.create_task(handler())
        await asyncio.sleep(0)
        bodies.let_go(3600)
        await asyncio.sleep(0)
        assert messages == []
        bodies.let_go(-1)
        await task
        assert messages == [{"type": "http.disconnect"}] * 2
        assert task.cancelling() == 0

    run(scenario())


def test_a_handler_at_work_is_left_alone() -> None:
    async def scenario() -> None:
        bodies, done = Bodies(), asyncio.Event()

        async def piece() -> dict[str, Any]:
            return {"type": "http.request", "body": b"x"}

        async def handler() -> None:
            body = bodies.begin(piece)
            await body()
            await asyncio.wait_for(done.wait(), 10)  # the disk is slow
            assert (await body())["body"] == b"x"

        task = asyncio.create_task(handler())
        await asyncio.sleep(0)
        bodies.let_go(-1)
        done.set()
        await task

    run(scenario())


def test_somebody_else_may_still_cancel_it() -> None:
    async def scenario() -> None:
        task = asyncio.create_task(Bodies().begin(never)())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scenario())


def test_a_server_lets_go_of_those_who_pause_and_of_nobody_else(tmp_path: Any) -> None:
    server = Server(tmp_path, {"server": {"body_timeout": "1s", "workers": 1}}).start()
    try:
        transfers = Transfers(server)
        silent, slow = transfers.slow_upload(b"x" * 100_000), transfers.slow_upload(b"y" * 40_000)
        silent.send(1000)
        sent = 0

        def running() -> float:
            """Requests being answered, while the slow one goes on."""
            nonlocal sent
            if sent < 39_000:
                slow.send(100)
                sent += 100
            lines = httpx.get(f"{server.url}/-/metrics").text.splitlines()
            return float(next(line.split()[1] for line in lines if line.startswith("wharfinger_requests_running ")))

        assert until(lambda: running() == 2)
        assert until(lambda: running() == 1), "the silent one is gone, the slow one is not"
        assert slow.finish() == 201
        with pytest.raises(OSError):
            for _ in range(100):
                silent.send(1000)
            silent.finish()
    finally:
        server.stop()
