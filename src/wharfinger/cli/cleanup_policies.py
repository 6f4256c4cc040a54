"""`wharfinger cleanup list|set|enable|disable|remove`: what policies of projects, groups and the registry say."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

import typer

from wharfinger.cli.options import ConfigOption, JsonOption, YesOption, confirm
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import Failure, note, say, show, show_one
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import policies
from wharfinger.domain.cleanup.policies import Policy
from wharfinger.domain.cleanup.terms import FIRST, Terms
from wharfinger.domain.errors import SettingInvalid
from wharfinger.domain.tools import Tools

Place = Annotated[str, typer.Argument(help="Full path of a project or group, or / for the whole registry.")]
Name = Annotated[str, typer.Option("--policy", help="Which: its name.")]
OrNone = "or none for no such rule."
_NONE = "none"
_OPTIONS: Final[Mapping[str, str]] = {  # by the field that a refusal begins with
    "cadence": "--every",
    "repositories": "--image",
    "name_regex": "--remove",
    "name_regex_keep": "--keep",
    "keep_n": "--keep-newest",
    "keep_pulled": "--keep-pulled",
    "older_than": "--older-than",
    "enforced": "--enforced",
}


def list_(place: Place = "/", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """The policies of a project with those it inherits, of a group, or of the whole registry."""
    with open_session(config) as tools:
        found = policies.list_policies(tools, OPERATOR, place.strip("/"))
    where = place.strip("/") or "the instance"
    empty = f"There is no cleanup policy for {where}: `wharfinger cleanup set {place}` makes one."
    show([_row(one) for one in found], as_json=as_json, empty=empty)


def set_(
    place: Place,
    policy: Name = FIRST,
    *,
    every: Annotated[str | None, typer.Option(help="How often it runs: 1d, 7d, 1month.")] = None,
    images: Annotated[
        list[str] | None, typer.Option("--image", help="Names below the project, * for any run; may be given again.")
    ] = None,
    keep_newest: Annotated[str | None, typer.Option(metavar="COUNT", help=f"So many newest stay, {OrNone}")] = None,
    keep: Annotated[str | None, typer.Option(metavar="RE2", help=f"Tags of such names stay, {OrNone}")] = None,
    keep_pulled: Annotated[str | None, typer.Option(metavar="AGE", help=f"Pulled so lately stays, {OrNone}")] = None,
    remove_tags: Annotated[str | None, typer.Option("--remove", metavar="RE2", help="Tags of such names go.")] = None,
    older_than: Annotated[str | None, typer.Option(metavar="AGE", help=f"What is younger stays, {OrNone}")] = None,
    by_use: Annotated[bool | None, typer.Option(help="Count the age from the later of push and pull.")] = None,
    untagged: Annotated[bool | None, typer.Option(help="Images that no tag leads to go as well.")] = None,
    enforced: Annotated[bool | None, typer.Option(help="Of groups: beside what projects have themselves.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a policy, or change what it says; what is not given stays. A new one is off: preview it, then enable it."""
    given: dict[str, Any] = {
        "cadence": every,
        "repositories": tuple(images) if images else None,
        "name_regex": remove_tags,
        "by_use": by_use,
        "untagged": untagged,
        "enforced": enforced,
    }
    given = {field: value for field, value in given.items() if value is not None}
    for field, text in (("older_than", older_than), ("keep_pulled", keep_pulled)):
        if text is not None:
            given[field] = None if text == _NONE else text
    if keep is not None:
        given["name_regex_keep"] = "" if keep == _NONE else keep
    if keep_newest is not None:
        given["keep_n"] = _count(keep_newest)
    with open_session(config) as tools:
        saved = _save(tools, place, policy, **given)
    show_one(_row(saved), as_json=as_json)
    if not saved.terms.enabled:
        which = place if policy == FIRST else f"{place} --policy {policy}"
        note(f"It is off. `wharfinger cleanup preview {place} --policy {policy}` shows what it would take now,")
        note(f"`wharfinger cleanup enable {which}` switches it on.")


def enable(place: Place, policy: Name = FIRST, config: ConfigOption = None) -> None:
    """Have a policy run from now on, for the first time after one cadence."""
    with open_session(config) as tools:
        _existing(tools, place, policy)
        saved = _save(tools, place, policy, enabled=True)
    say(f"The policy {policy} is on and runs next at {saved.next_run_at:%Y-%m-%d %H:%M} UTC.")


def disable(place: Place, policy: Name = FIRST, config: ConfigOption = None) -> None:
    """Let a policy run no more; what it says stays."""
    with open_session(config) as tools:
        _existing(tools, place, policy)
        _save(tools, place, policy, enabled=False)
    say(f"The policy {policy} is off.")


def remove(place: Place, policy: Name = FIRST, yes: YesOption = False, config: ConfigOption = None) -> None:
    """Forget a policy; what it did stays in the history."""
    confirm(f"Forget the policy {policy}?", yes=yes)
    with open_session(config) as tools:
        policies.remove(tools, OPERATOR, place.strip("/"), policy)
    say(f"The policy {policy} is gone.")


def _existing(tools: Tools, place: str, name: str) -> Policy:
    found = policies.get(tools, OPERATOR, place.strip("/"), name)
    if found is None:
        raise policies.unknown(place, name)
    return found


def _save(tools: Tools, place: str, name: str, **fields: Any) -> Policy:
    before = policies.get(tools, OPERATOR, place.strip("/"), name)
    terms = replace(before.terms if before else Terms(name), **fields)
    try:
        policies.save(tools, OPERATOR, place.strip("/"), terms)
    except SettingInvalid as refused:
        field, colon, sentence = str(refused).partition(": ")
        raise Failure(f"{_OPTIONS.get(field, field)}{colon}{sentence}") from None
    return _existing(tools, place, name)


def _count(text: str) -> int | None:
    if text == _NONE:
        return None
    if not (text.isascii() and text.isdigit()):
        raise Failure(f"--keep-newest: {text} is no count; write a number, or none")
    return int(text)


def _row(one: Policy) -> Mapping[str, Any]:
    terms = one.terms
    return {
        "policy": terms.name,
        "of": one.place or "the instance",
        "on": terms.enabled,
        "holds": one.holds,
        "enforced": terms.enforced,
        "repositories": ", ".join(terms.repositories),
        "keep_newest": terms.keep_n,
        "keep": terms.name_regex_keep,
        "keep_pulled": terms.keep_pulled,
        "remove": terms.name_regex,
        "older_than": terms.older_than,
        "by_use": terms.by_use,
        "untagged": terms.untagged,
        "every": terms.cadence,
        "next_run": one.next_run_at,
    }
