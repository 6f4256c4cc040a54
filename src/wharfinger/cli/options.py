"""Options and arguments that several commands have, and how their text is read."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from wharfinger.cli.terminal import Failure
from wharfinger.config.values import size
from wharfinger.rules.roles import Role, Visibility


def _role(text: str) -> Role:
    try:
        return Role[text.upper()]
    except KeyError:
        raise typer.BadParameter(f"{text} is no role; there are {_names(Role)}") from None


def _role_name(text: str) -> str:
    _role(text)
    return text


def _visibility(text: str) -> Visibility:
    try:
        return Visibility[text.upper()]
    except KeyError:
        raise typer.BadParameter(f"{text} is no visibility; there are {_names(Visibility)}") from None


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise typer.BadParameter(f"{text} is no day; write it like 2030-12-31") from None


def _rate(text: str) -> int:
    try:
        return size(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _names(kind: type[Role] | type[Visibility]) -> str:
    return ", ".join(one.name.lower() for one in kind)


ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Settings file; else WHARFINGER_CONFIG, ./wharfinger.toml, /etc/wharfinger/…"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, for scripts.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether to go on.")]
RoleArgument = Annotated[  # a name, for of what is of the type Role the numbers are shown where it is missing
    str, typer.Argument(callback=_role_name, metavar="ROLE", help=f"One of {_names(Role)}.")
]
RoleOption = Annotated[
    Role | None, typer.Option("--role", parser=_role, metavar="ROLE", help=f"One of {_names(Role)}.")
]
VisibilityOption = Annotated[
    Visibility | None,
    typer.Option("--visibility", parser=_visibility, metavar="WHO", help=f"One of {_names(Visibility)}."),
]
UntilOption = Annotated[
    datetime | None,
    typer.Option("--until", parser=_day, metavar="DAY", help="Ends on this day at 00:00 UTC: 2030-12-31."),
]
RateOption = Annotated[
    int, typer.Option("--limit", parser=_rate, metavar="SIZE", help="Read so much a second at most: 50MiB.")
]
NameOption = Annotated[str | None, typer.Option(help="A name for people.")]


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something cannot be undone. Raises Failure where nobody is there to answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure(f"{question} Nobody is here to say yes: add --yes")
    typer.confirm(question, abort=True)
