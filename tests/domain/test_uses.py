"""Last uses wait in memory, for a minute at most, and are not lost to a failing database."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NoReturn

import pytest

from wharfinger.domain.uses import PERIOD_SECONDS, Uses

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def timers() -> list[threading.Timer]:
    return [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


class Broken:
    """A database that fails, and counts how often it was asked."""

    asked = 0

    def begin(self) -> NoReturn:
        self.asked += 1
        raise OSError("disk full")


@pytest.fixture
def uses() -> Iterator[Uses]:
    """Uses whose timers end with the test."""
    before = set(timers())
    yield Uses()
    for timer in set(timers()) - before:
        timer.cancel()


def test_a_timer_is_set_once_and_ends_within_a_minute(uses: Uses) -> None:
    before = set(timers())
    broken = Broken()
    for credential in range(5):
        uses.note(broken, credential, NOW)
    [timer] = set(timers()) - before
    assert timer.interval <= PERIOD_SECONDS <= 60
    assert timer.daemon
    with pytest.raises(OSError, match="disk full"):
        uses.flush(broken)
    timer.join(5)
    assert not timer.is_alive()
    [again] = set(timers()) - before
    assert again is not timer


def test_what_could_not_be_written_is_tried_again(uses: Uses) -> None:
    broken = Broken()
    uses.note(broken, 1, NOW)
    for _ in range(2):
        with pytest.raises(OSError, match="disk full"):
            uses.flush(broken)
    assert broken.asked == 2


def test_nothing_pending_asks_no_database(uses: Uses) -> None:
    broken = Broken()
    uses.flush(broken)
    assert broken.asked == 0
