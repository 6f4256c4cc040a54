"""Previews of cleanup are made a few at a time: one of many tags takes seconds, and everybody may ask for many."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy import Connection

from tests.actors import Actors
from wharfinger.db.engine import Database
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import preview
from wharfinger.domain.cleanup.policies import INSTANCE
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.errors import PreviewsBusy
from wharfinger.domain.tools import Tools


class Slow:
    """A database whose readers come together, and go on when they are let."""

    def __init__(self, real: Database, together: Barrier, on: Event) -> None:
        self._real, self._together, self._on = real, together, on

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._together.wait(30)
        self._on.wait(30)
        with self._real.read() as tx:
            yield tx


def test_more_than_a_few_at_once(tools: Tools) -> None:
    project = Actors(tools).project().path
    together, on = Barrier(preview.AT_ONCE + 1), Event()
    slow = replace(tools, db=Slow(tools.db, together, on))  # type: ignore[arg-type]
    with ThreadPoolExecutor(preview.AT_ONCE) as threads:
        running = [threads.submit(preview.of_all, slow, OPERATOR, project) for _ in range(preview.AT_ONCE)]
        together.wait(30)
        try:
            for act in (
                lambda: preview.of_all(tools, OPERATOR, project),
                lambda: preview.of_terms(tools, OPERATOR, project, Terms()),
                lambda: preview.of_place(tools, OPERATOR, INSTANCE),
            ):
                with pytest.raises(PreviewsBusy, match="ask again"):
                    act()
        finally:
            on.set()
        assert [each.result().tags for each in running] == [0] * preview.AT_ONCE
    assert preview.of_all(tools, OPERATOR, project).tags == 0
