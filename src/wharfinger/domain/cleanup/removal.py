"""Doing a run of cleanup: a durable job that goes on where it stopped, and removes to the trash.

First it is looked what is to go, in all repositories, and written down. Then tags go, a part in a transaction, and only
those that still point where they pointed and that no rule protects by then. A repository that got another name since is
looked at anew; one that went to another project stays as it is. Each part holds the run's row, so that who ends the run
(`outcome`) knows that nothing more goes. Whoever looks after the project hears of a run that fails or does not finish;
the policy goes on as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from wharfinger.db import cleanup as facts
from wharfinger.db import garbage as garbage_rows
from wharfinger.db import policies as rows
from wharfinger.domain import guard, images, pace
from wharfinger.domain.cleanup import evaluate, history, outcome, policies
from wharfinger.domain.cleanup import terms as written
from wharfinger.domain.cleanup.evaluate import Findings, Loose, Question
from wharfinger.domain.cleanup.freed import Bytes
from wharfinger.domain.cleanup.history import State
from wharfinger.domain.cleanup.policies import Policy
from wharfinger.domain.images import Existing
from wharfinger.domain.tools import Tools
from wharfinger.rules.cleanup import Tag

AnyRow = Row[*tuple[Any, ...]]


class Ended(Exception):
    """Somebody has ended the run, or its project is gone."""


class _Renamed(Exception):
    """The repository is not where it was when it was looked at what is to go."""


def carry_on(tools: Tools, about: Mapping[str, Any], *, at_once: int = images.TAGS_AT_ONCE) -> None:
    """Do a run, or what is left of it, so many tags at most in a transaction."""
    id_ = about["run"]
    try:
        with _going(tools, id_) as (tx, run):
            started_at = run.started_at or _begin(tx, run, tools.clock())
            rows.change_run(tx, id_, state=State.RUNNING, started_at=started_at)
        _carry_on(tools, id_, run.state, at_once)
    except Ended:
        return


def _begin(tx: Connection, run: AnyRow, now: datetime) -> datetime:
    """Now a run begins: the repositories that its policy is about say so. What was asked for once has no policy."""
    if run.policy_id is not None:
        about = written.read(run.terms).about
        facts.begin(tx, [place.id for place in _places(tx, run) if about(place.name)], now)
    return now


def _carry_on(tools: Tools, id_: int, state: str, at_once: int) -> None:
    try:
        _plan(tools, id_)
        while _clean_next(tools, id_, at_once):
            pass
        with tools.db.read() as tx:  # and not below, where a push into SQLite would wait for it
            size = outcome.freed_bytes(tx, tools, _read(tx, id_), State.DONE)
        with _going(tools, id_) as (tx, run):
            outcome.done(tx, tools, run, size)
    except Ended:
        raise
    except Exception as error:
        with _going(tools, id_) as (tx, run):
            outcome.failing(tx, tools, run, f"{type(error).__name__}: {error}", before=state)
        raise


@contextmanager
def _going(tools: Tools, id_: int, *, removing: bool = False) -> Iterator[tuple[Connection, AnyRow]]:
    """A transaction that holds the run, after it took the turn for `removing` things. Raises Ended where it has ended.

    In this order, as who deletes the project has that turn, too, and then removes its runs.
    """
    with tools.db.begin() as tx:
        if removing:
            garbage_rows.take_turn(tx)
        run = rows.run(tx, id_)
        if run is None or run.finished_at is not None:
            raise Ended
        yield tx, run


def _plan(tools: Tools, id_: int) -> None:
    """Look once what is to go, and what that frees: later, what went already cannot be counted any more."""
    with tools.db.read() as tx:
        run = _read(tx, id_)
        if run.tags_planned is not None:
            return
        freed, tags = Bytes(), 0
        for place in _places(tx, run):
            found = _look(tx, tools, run, place)
            freed.add(tx, found)
            tags += len(found.doomed)
    with _going(tools, id_) as (tx, _):
        rows.change_run(tx, id_, tags_planned=tags, size_bytes=freed.total)


def _clean_next(tools: Tools, id_: int, at_once: int) -> bool:
    """Clean the next repository; False where none is left."""
    with tools.db.read() as tx:
        run = _read(tx, id_)
        place = next((place for place in _places(tx, run) if place.id > run.after_repository), None)
        if place is None:
            return False
        found = _look(tx, tools, run, place)
    with suppress(_Renamed):
        _clean(tools, id_, place, found, at_once)
        with _going(tools, id_) as (tx, _):
            rows.change_run(tx, id_, after_repository=place.id)
    return True


def _clean(tools: Tools, id_: int, place: AnyRow, found: Findings, at_once: int) -> None:
    """Remove what was found to go. Raises _Renamed."""
    # Those pushed first go first: as long as a layer that many share is needed, one of the newest says so (db.usage).
    for part in pace.parts(tools.db, found.doomed[::-1], at_once):
        _remove_tags(tools, id_, place, part)
    for loose in pace.parts(tools.db, found.loose, images.MANIFESTS_AT_ONCE):
        _remove_loose(tools, id_, place, loose)


def _remove_tags(tools: Tools, id_: int, place: AnyRow, part: Sequence[Tag]) -> None:
    with _going(tools, id_, removing=True) as (tx, run):
        repository = _existing(tx, run, place)
        held = guard.of(tx, tools, run.project_id, run.project_path).at(place.path)
        pushed = {tag.name: tag.pushed_at for tag in part if not held.keeps(tag.name)}
        cleaner, batch = outcome.cleaner(run), history.of_row(run).batch
        gone = images.delete_tags(tx, tools, cleaner, repository, list(pushed), batch=batch, pushed=pushed)
        rows.count_removed(tx, id_, tags=len(gone))


def _remove_loose(tools: Tools, id_: int, place: AnyRow, part: Sequence[Loose]) -> None:
    with _going(tools, id_, removing=True) as (tx, run):
        repository = _existing(tx, run, place)
        if guard.of(tx, tools, run.project_id, run.project_path).at(place.path).whole:
            return
        cleaner, batch, digests = outcome.cleaner(run), history.of_row(run).batch, [one.digest for one in part]
        count = images.delete_untagged(tx, tools, cleaner, repository, digests, batch=batch)
        rows.count_removed(tx, id_, manifests=count)


def _look(tx: Connection, tools: Tools, run: AnyRow, place: AnyRow) -> Findings:
    held = guard.of(tx, tools, run.project_id, run.project_path)
    terms, keeping, rank = written.read(run.terms), list[Policy](), 0
    if run.policy_id is not None:
        reaching = policies.in_project(tx, run.project_id, run.project_path)
        rank = next((one.rank for one in reaching if one.id == run.policy_id), 0)
        keeping = [one for one in reaching if one.holds and one.id != run.policy_id]
    mine = Policy(run.policy_id or 0, run.project_path, terms, rank=rank)
    question = Question([mine, *keeping], (0,), held, run.started_at)
    return evaluate.repository(tx, question, id_=place.id, name=place.name, path=place.path)


def _places(tx: Connection, run: AnyRow) -> list[AnyRow]:
    found = facts.repositories_of(tx, run.project_id)
    return [place for place in found if run.repository_id in (None, place.id)]


def _read(tx: Connection, id_: int) -> AnyRow:
    run = rows.read_run(tx, id_)
    if run is None:
        raise Ended
    return run


def _existing(tx: Connection, run: AnyRow, place: AnyRow) -> Existing:
    if not facts.is_at(tx, place.id, run.project_id, place.path):
        raise _Renamed
    return Existing(place.id, place.path, run.project_id)
