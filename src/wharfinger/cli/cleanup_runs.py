"""`wharfinger cleanup preview|run|stop|history|undo`: what policies would take, running them, taking it back."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from wharfinger.cli.options import ConfigOption, JsonOption, YesOption, confirm
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import say, show, show_one
from wharfinger.domain import access
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.access import Project as Place
from wharfinger.domain.cleanup import history as past
from wharfinger.domain.cleanup import policies, runs
from wharfinger.domain.cleanup import preview as domain
from wharfinger.domain.cleanup.evaluate import Findings
from wharfinger.domain.cleanup.history import Run
from wharfinger.domain.cleanup.preview import Preview, Share
from wharfinger.domain.cleanup.terms import FIRST, Terms
from wharfinger.domain.tools import Tools
from wharfinger.rules import sizes
from wharfinger.rules.roles import Action

Project = Annotated[str, typer.Argument(help="Full path of the project: acme/shop.")]
PolicyOption = Annotated[str | None, typer.Option("--policy", help="Only this one, on or off; else all that hold.")]


def preview(
    place: Annotated[str, typer.Argument(help="Full path of a project or group, or / for the whole registry.")],
    policy: PolicyOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """What would go now: of a project every tag and why the rest stays, of a group a line for each project.

    Nothing is changed.
    """
    with open_session(config) as tools:
        if _is_project(tools, place):
            _preview_project(tools, place, policy, as_json=as_json)
        else:
            _preview_group(tools, place.strip("/"), policy, as_json=as_json)


def run(project: Project, policy: Annotated[str, typer.Option("--policy", help="Which policy, by its name.")] = FIRST,
        yes: YesOption = False, config: ConfigOption = None, as_json: JsonOption = False) -> None:  # fmt: skip
    """Have a policy run now. A worker does it; what goes lies in the trash for a while."""
    confirm(f"Remove from {project} what the policy {policy} takes?", yes=yes)
    with open_session(config) as tools:
        started = runs.run_now(tools, OPERATOR, project, policy)
    if as_json:
        show_one(_run(started), as_json=True)
    else:
        say(f"Run {started.id} is queued: `wharfinger cleanup history {project}` shows how it goes.")


def history(
    project: Project,
    limit: Annotated[int, typer.Option(help="So many, newest first.", min=1, max=1000)] = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """What cleanup did in a project."""
    with open_session(config) as tools:
        found = past.list_runs(tools, OPERATOR, project, limit=limit)
    show([_run(one) for one in found], as_json=as_json, empty=f"Cleanup has not run in {project} yet.")


def stop(
    project: Project, number: Annotated[int, typer.Argument(help="Of the run, in the history.")],
    config: ConfigOption = None,
) -> None:  # fmt: skip
    """Let a run end where it is. What went so far can be brought back."""
    with open_session(config) as tools:
        ended = runs.stop(tools, OPERATOR, project, number)
    say(f"Run {number} is stopped. It removed {_counted(ended.tags_removed, 'tag')}.")
    if ended.removed:
        say(f"`wharfinger cleanup undo {project} {number}` brings them back.")


def undo(
    project: Project, number: Annotated[int, typer.Argument(help="Of the run, in the history.")],
    yes: YesOption = False, config: ConfigOption = None,
) -> None:  # fmt: skip
    """Bring back all that a run removed, and switch its policy off."""
    confirm(f"Bring back all that the run {number} removed from {project}?", yes=yes)
    with open_session(config) as tools:
        found = past.restore(tools, OPERATOR, project, number)
    say(f"{_counted(found.back, 'thing')} came back." + (f" {found.left} could not." if found.left else ""))
    if found.switched_off:
        say("Its policy is off now, so that the next run does not take them again.")


def _is_project(tools: Tools, place: str) -> bool:
    with tools.db.read() as tx:
        return bool(place.strip("/")) and isinstance(access.open_place(tx, OPERATOR, place, Action.PULL), Place)


def _preview_project(tools: Tools, project: str, policy: str | None, *, as_json: bool) -> None:
    terms = _terms(tools, project, policy)
    found = domain.of_terms(tools, OPERATOR, project, terms) if terms else domain.of_all(tools, OPERATOR, project)
    rows = [_tag(one, place) for place in found.repositories for one in place.verdicts]
    show(rows, as_json=as_json, empty=f"No policy is about anything in {project}.{_off(tools, project, policy)}")
    if not as_json:
        for line in _summary(found):
            say(line)


def _off(tools: Tools, project: str, policy: str | None) -> str:
    """How to look at a policy that is not on, where none was named."""
    off = [one.terms.name for one in policies.list_policies(tools, OPERATOR, project) if not one.terms.enabled]
    return f" `--policy {off[0]}` looks at one that is off." if off and policy is None else ""


def _preview_group(tools: Tools, place: str, policy: str | None, *, as_json: bool) -> None:
    terms, rows, after = _terms(tools, place, policy), list[Mapping[str, Any]](), 0
    while True:
        found = domain.of_place(tools, OPERATOR, place, terms, after=after)
        rows += [_share(one) for one in found.projects]
        if found.after is None:
            break
        after = found.after
    show(rows, as_json=as_json, empty=f"There is no project with images in {place or 'the registry'}.")


def _terms(tools: Tools, place: str, name: str | None) -> Terms | None:
    """What a policy of this place says; None where none is asked for."""
    if name is None:
        return None
    found = policies.get(tools, OPERATOR, place, name)
    if found is None:
        raise policies.unknown(place, name)
    return found.terms


def _summary(found: Preview) -> list[str]:
    reasons = Counter(verdict.reason for place in found.repositories for verdict in place.verdicts if not verdict.goes)
    staying = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    lines = [f"{found.goes} of {_counted(found.tags, 'tag')} would go, which frees {sizes.in_words(found.size_bytes)}."]
    if staying:
        lines.append(f"The others stay: {staying}.")
    if found.manifests:
        lines.append(f"{_counted(found.manifests, 'image')} that no tag leads to would go as well.")
    return lines


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _tag(verdict: Any, place: Findings) -> Mapping[str, Any]:
    return {
        "image": f"{place.path}:{verdict.tag.name}",
        "goes": verdict.goes,
        "because_it": place.because(verdict),
        "policy": place.about[verdict.policy].terms.name,
        "pushed_at": verdict.tag.pushed_at,
    }


def _share(one: Share) -> Mapping[str, Any]:
    return {
        "project": one.path,
        "holds": one.holds,
        "would_go": one.goes,
        "of": one.tags,
        "untagged_images": one.manifests,
        "frees": sizes.in_words(one.size_bytes),
    }


def _run(one: Run) -> Mapping[str, Any]:
    return {
        "number": one.id,
        "policy": one.terms.name if one.policy_id else "bulk delete",
        "state": "restored" if one.restored_at else str(one.state),
        "started_by": one.started_by,
        "started": one.started_at,
        "finished": one.finished_at,
        "tags": one.tags_removed,
        "of": one.tags_planned,
        "untagged_images": one.manifests_removed,
        "frees": sizes.in_words(one.size_bytes),
        "error": one.error,
    }
