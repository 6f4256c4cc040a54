"""`wharfinger audit`: look into the log of what happened, take it elsewhere, verify that nobody changed it."""

import re
import sys
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any

import orjson
import typer

from wharfinger.cli.options import ConfigOption, JsonOption
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import Failure, note, say, show, show_one
from wharfinger.domain import audit as domain
from wharfinger.domain import chain
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.audit import Wanted
from wharfinger.domain.chain import Verdict
from wharfinger.domain.events.record import Recorded

audit = typer.Typer(name="audit", help="What happened: list, export, verify.", no_args_is_help=True)

_KNOWN = re.compile(r"(\d{1,18}):([0-9a-f]{64})")
_TOLD_EVERY = 50_000


class Format(StrEnum):
    """How an export is written."""

    JSONL = "jsonl"
    CSV = "csv"


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no time: write 2026-03-01 or 2026-03-01T12:00") from None
    return found.astimezone()


Place = Annotated[str, typer.Argument(help="A group or project: acme/shop. Without one, everything.")]
Who = Annotated[str, typer.Option("--who", help="By whom: a user name, or that of a token.")]
What = Annotated[str, typer.Option("--what", help='What: "manifest pushed", "member added" …')]
Where = Annotated[str, typer.Option("--path", help="To what: the path of a repository, project, group or user.")]
From = Annotated[str, typer.Option("--address", help="From which address.")]
Search = Annotated[str, typer.Option("--search", help='Words that an event tells, or a reference: "acme/shop:v1".')]
Since = Annotated[
    datetime | None,
    typer.Option("--since", parser=_moment, metavar="TIME", help="From then on: 2026-03-01, or 2026-03-01T12:00."),
]
Before = Annotated[
    datetime | None, typer.Option("--before", parser=_moment, metavar="TIME", help="Until then, written the same way.")
]


@audit.command("list")
def list_(
    place: Place = "", *, who: Who = "", what: What = "", path: Where = "", address: From = "", since: Since = None,
    before: Before = None, search: Search = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    config: ConfigOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """What happened, newest first."""
    wanted = Wanted(who, what, path, address, since, before, search)
    with open_session(config) as tools:
        found = list(islice(domain.export(tools, OPERATOR, place, wanted, looked=_tell_how_far), limit))
    show([_row(one) for one in found], as_json=as_json, empty="Nothing like that happened.")


@audit.command()
def export(
    place: Place = "", *, who: Who = "", what: What = "", path: Where = "", address: From = "", since: Since = None,
    before: Before = None, search: Search = "",
    kind: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.JSONL,
    config: ConfigOption = None,
) -> None:  # fmt: skip
    """Write all of it to standard output, newest first."""
    with open_session(config) as tools:
        events = domain.export(tools, OPERATOR, place, Wanted(who, what, path, address, since, before, search))
        lines = domain.as_csv(events) if kind is Format.CSV else domain.as_lines(events)
        for piece in domain.in_pieces(lines):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


@audit.command()
def verify(
    known: Annotated[str, typer.Option(help="A link and its hash as `audit status` told them before: 17:4f2c…")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at every event and link: exit code 1 and the first broken one where somebody changed something."""
    noted = _noted(known)
    with open_session(config) as tools:
        verdict = chain.verify(tools, OPERATOR, known=noted, progress=_Progress())
    if as_json:
        show_one({**_facts(verdict), "broken": verdict.broken}, as_json=True)
    elif not verdict.broken:
        show_one(_facts(verdict), as_json=False)
        say("\nNothing was changed, removed or slipped in.")
    if verdict.broken:
        raise Failure(f"the audit log is not what it was: {verdict.broken}")


@audit.command()
def status(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Where the chain ends. Note link and hash elsewhere: with them, `audit verify` sees if the end was cut off."""
    with open_session(config) as tools:
        found = chain.state(tools, OPERATOR)
    facts = {
        "link": found.seal,
        "hash": found.hash,
        "events": found.event,
        "sealed_at": found.sealed_at,
        "wait_for_their_seal": found.waiting,
        "dropped_months": " ".join(found.dropped),
    }
    show_one(facts, as_json=as_json)


class _Progress:
    """Tells now and then how far it is."""

    def __init__(self) -> None:
        self._told = 0

    def __call__(self, events: int) -> None:
        if events - self._told >= _TOLD_EVERY:
            self._told = events
            note(f"{events:,} events are whole so far …")


def _tell_how_far(looked_to: datetime) -> None:
    note(f"looked back to {looked_to:%Y-%m-%d %H:%M} so far …")


def _noted(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    found = _KNOWN.fullmatch(text)
    if found is None:
        raise Failure(
            "--known is a link's number and hash, as in 17:4f2c… with 64 hex digits: `audit status` tells them"
        )
    return int(found[1]), found[2]


def _facts(verdict: Verdict) -> Mapping[str, Any]:
    state = verdict.state
    return {
        "verified_links": verdict.links,
        "verified_events": verdict.events,
        "last_link": state.seal,
        "last_hash": state.hash,
        "wait_for_their_seal": state.waiting,
        "dropped_months": " ".join(state.dropped),
    }


def _row(one: Recorded) -> Mapping[str, Any]:
    return {
        "number": one.number,
        "at": one.at,
        "who": one.actor,
        "by": one.credential,
        "from": one.address,
        "what": one.kind,
        "path": one.path,
        "about": orjson.dumps(one.about).decode() if one.about else "",
    }
