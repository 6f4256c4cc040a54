"""`wharfinger quota`: what places use and may use."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from wharfinger.cli.options import ConfigOption, JsonOption
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import Failure, say, show
from wharfinger.domain import breakdown, quotas, underway
from wharfinger.domain import recount as recounting
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.quotas import Quota
from wharfinger.rules import sizes

quota = typer.Typer(
    name="quota", help="Storage of projects, groups and all: show, usage, set, recount.", no_args_is_help=True
)

Place = Annotated[str, typer.Argument(help="Full path of a project or group, or / for the whole registry.")]


@quota.command("show")
def show_(place: Place = "/", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """What a place and those above it use, and the limits that hold."""
    with open_session(config) as tools:
        found = quotas.show(tools, OPERATOR, place.strip("/"))
    show([_plain(one) if as_json else _row(one) for one in found], as_json=as_json, empty="")


@quota.command()
def usage(place: Place = "/", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """What makes up the usage of a place, and what does not count: trash, what has no tag, open uploads."""
    with open_session(config) as tools:
        found = breakdown.get(tools, OPERATOR, place.strip("/"))
        arriving = underway.get(tools, OPERATOR, place.strip("/"))
    parts = {
        "used": found.quota.used_bytes,
        "used here alone": found.alone_bytes,
        "in the trash": found.trash_bytes,
        "without a tag": found.untagged_bytes,
        "being uploaded": arriving.size_bytes if arriving else None,
    }
    told = [(what, size) for what, size in parts.items() if size is not None]
    if as_json:
        show([{"what": what, "bytes": size} for what, size in told], as_json=True, empty="")
    else:
        show([{"what": what, "size": sizes.in_words(size)} for what, size in told], as_json=False, empty="")


@quota.command("set")
def set_(
    place: Place,
    limit: Annotated[str, typer.Argument(help="50GiB, or none.")],
    each: Annotated[bool, typer.Option("--each", help="For each project of the group that has none itself.")] = False,
    config: ConfigOption = None,
) -> None:
    """Limit a place, or each project in it (of the whole registry: each top group)."""
    with open_session(config) as tools:
        now = quotas.set_limit(tools, OPERATOR, place.strip("/"), size := _size(limit), each=each)
    what = ("each top group in it" if not now.path else "each project in it") if each else "it"
    then = "has no limit of its own" if size is None else f"may use {sizes.in_words(size)}"
    say(f"{now.path or 'The registry'} uses {sizes.in_words(now.used_bytes)}; {what} {then} from now on.")


@quota.command()
def recount(
    check: Annotated[bool, typer.Option("--check", help="Only look, repair nothing.")] = False,
    config: ConfigOption = None,
) -> None:
    """Count everything from the ground up and compare; repair what differs, which it never should."""
    with open_session(config) as tools:
        found = recounting.recount(tools, OPERATOR, repair=not check)
    if not found:
        say("Counted everything anew: the meters are right.")
        return
    wrong = f"{found.blobs} blobs, {found.holders} counts and {found.sums} sums were wrong"
    if check:
        raise Failure(f"{wrong}: run `wharfinger quota recount`, and tell the makers")
    say(f"{wrong}, and are repaired. This should never happen: tell the makers.")


def _size(text: str) -> int | None:
    try:
        return None if text.strip().lower() == "none" else sizes.parse(text)
    except ValueError as error:
        raise Failure(str(error)) from None


def _plain(one: Quota) -> Mapping[str, Any]:
    return {
        "path": one.path,
        "used_bytes": one.used_bytes,
        "limit_bytes": one.limit_bytes,
        "each_limit_bytes": one.each_limit_bytes,
        "holds_bytes": one.ceiling.limit_bytes if one.ceiling else None,
        "percent": one.percent,
    }


def _row(one: Quota) -> Mapping[str, Any]:
    held = one.ceiling
    inherited = held is not None and held.source != one.path
    return {
        "place": one.path or "the registry",
        "used": sizes.in_words(one.used_bytes),
        "limit": sizes.in_words(held.limit_bytes) if held else None,
        "of": (held.source or "the registry") if held and inherited else None,
        "full": f"{one.percent} %" if one.percent is not None else None,
        "each": sizes.in_words(one.each_limit_bytes) if one.each_limit_bytes is not None else None,
    }
