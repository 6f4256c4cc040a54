"""`wharfinger protection`: which repositories and tags only some may write, and which tags never move."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from wharfinger.cli.options import ConfigOption, JsonOption
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import Failure, say, show, show_one
from wharfinger.domain import protection as domain
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.protection import Kept
from wharfinger.rules.protection import Kind, Level, Rule

protection = typer.Typer(
    name="protection", help="Protected repositories and tags, immutable tags: list, add, remove.", no_args_is_help=True
)


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no kind; there are {', '.join(Kind)}") from None


def _level(text: str) -> Level:
    try:
        return Level[text.upper()]
    except KeyError:
        raise typer.BadParameter(f"{text} is no level; there are maintainer, owner, admin") from None


Project = Annotated[str, typer.Argument(help="Full path of the project: acme/shop.")]
KindArgument = Annotated[Kind, typer.Argument(parser=_kind, metavar="KIND", help="repository, tag or immutable.")]
LevelHelp = "The lowest who may: maintainer, owner or admin."


@protection.command("list")
def list_(project: Project, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """The rules of a project."""
    with open_session(config) as tools:
        found = domain.list_rules(tools, OPERATOR, project)
    show([_row(one) for one in found], as_json=as_json, empty=f"Nothing is protected in {project}.")


@protection.command()
def add(
    project: Project,
    kind: KindArgument,
    pattern: Annotated[str, typer.Argument(help="Path of repositories with *, or an RE2 expression for tags.")],
    *,
    push: Annotated[Level | None, typer.Option(parser=_level, metavar="LEVEL", help=LevelHelp)] = None,
    delete: Annotated[Level | None, typer.Option(parser=_level, metavar="LEVEL", help=LevelHelp)] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Protect repositories or tags (--push, --delete, or both), or make tags immutable."""
    if kind is Kind.IMMUTABLE and (push or delete):
        raise Failure("a rule for immutable tags has no levels: leave --push and --delete out")
    with open_session(config) as tools:
        made = domain.add(tools, OPERATOR, project, Rule(kind, pattern, push, delete))
    show_one(_row(made), as_json=as_json)


@protection.command()
def remove(
    project: Project,
    number: Annotated[int, typer.Argument(help="Its number in the list.")],
    config: ConfigOption = None,
) -> None:
    """Stop protecting something."""
    with open_session(config) as tools:
        found = next((one for one in domain.list_rules(tools, OPERATOR, project) if one.id == number), None)
        if found is None:
            raise Failure(f"{project} has no rule {number}: `wharfinger protection list {project}` shows those it has")
        domain.remove(tools, OPERATOR, project, found.rule.kind, number)
    say(f"{found.rule.pattern} is no longer {'immutable' if found.rule.kind is Kind.IMMUTABLE else 'protected'}.")


def _row(one: Kept) -> Mapping[str, Any]:
    return {
        "number": one.id,
        "kind": str(one.rule.kind),
        "pattern": one.rule.pattern,
        "push": _word(one.rule.push),
        "delete": _word(one.rule.delete),
    }


def _word(level: Level | None) -> str | None:
    return None if level is None else level.name.lower()
