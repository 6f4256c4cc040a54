"""Processes that are to be killed, and what they acknowledged before.

Each is forked off a process that has imported all there is and opened nothing: Python starts once, not for every point
of a proof.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from signal import SIGKILL
from typing import Any

Words = tuple[Any, ...]
Say = Callable[..., None]

_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.faults.bucketeer", "tests.faults.collector", "tests.faults.pusher"])


@dataclass(frozen=True)
class Life:
    """What was said, in order, and how it ended: by a kill, or when all was done."""

    said: list[Words]
    killed: bool


def live(act: Callable[..., None], *arguments: object, **named: object) -> Life:
    """Let another process do `act(say, *arguments, **named)`, and wait for its end."""
    hears, says = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_act, args=(says, act, arguments, named))
    process.start()
    says.close()
    said = list[Words]()
    with suppress(EOFError), hears:
        while True:
            said.append(hears.recv())
    process.join()
    assert process.exitcode in (0, -SIGKILL), "standard error has the traceback"
    return Life(said, killed=process.exitcode != 0)


def _act(says: Connection, act: Callable[..., None], arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    def say(*words: Any) -> None:
        says.send(words)  # in one write: all of it or nothing

    act(say, *arguments, **named)
