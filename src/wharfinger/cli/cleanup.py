"""`wharfinger cleanup`: policies that remove old tags: what they would take, running them, taking it back."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from wharfinger.cli.options import ConfigOption, JsonOption, YesOption, confirm
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import say, show, show_one
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import history as past
from wharfinger.domain.cleanup import policies, runs
from wharfinger.domain.cleanup import preview as domain
from wharfinger.domain.cleanup.evaluate import Findings
from wharfinger.domain.cleanup.history import Run
from wharfinger.domain.cleanup.policies import Policy
from wharfinger.domain.cleanup.preview import Preview
from wharfinger.domain.cleanup.terms import FIRST
from wharfinger.domain.tools import Tools

cleanup = typer.Typer(
    name="cleanup",
    help="Cleanup policies: list, preview, run, history, restore.",
    no_args_is_help=True,
)

Project = Annotated[str, typer.Argument(help="Full path of the project: acme/shop.")]
PolicyOption = Annotated[str | None, typer.Option("--policy", help="Only this one, on or off; else all that hold.")]


@cleanup.command("list")
def list_(
    place: Annotated[str, typer.Argument(help="Full path of a project or group; without it, the instance.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """The policies of a project with those it inherits, of a group, or of the instance."""
    with open_session(config) as tools:
        found = policies.list_policies(tools, OPERATOR, place)
    where = place or "the instance"
    show([_policy(one) for one in found], as_json=as_json, empty=f"There is no cleanup policy for {where}.")


@cleanup.command()
def preview(
    project: Project, policy: PolicyOption = None, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """What would go now, and why the rest stays. Nothing is changed."""
    with open_session(config) as tools:
        found = _previewed(tools, project, policy)
    rows = [_tag(one, place) for place in found.repositories for one in place.verdicts]
    show(rows, as_json=as_json, empty=f"No policy is about anything in {project}.")
    if not as_json:
        for line in _summary(found):
            say(line)


@cleanup.command()
def run(project: Project, policy: Annotated[str, typer.Option("--policy", help="Which.")] = FIRST,
        yes: YesOption = False, config: ConfigOption = None, as_json: JsonOption = False) -> None:  # fmt: skip
    """Have a policy run now. A worker does it; what goes lies in the trash for a while."""
    confirm(f"Remove from {project} what the policy {policy} takes?", yes=yes)
    with open_session(config) as tools:
        started = runs.run_now(tools, OPERATOR, project, policy)
    if as_json:
        show_one(_run(started), as_json=True)
    else:
        say(f"Run {started.id} is queued: `wharfinger cleanup history {project}` shows how it goes.")


@cleanup.command()
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


@cleanup.command()
def restore(
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


def _previewed(tools: Tools, project: str, name: str | None) -> Preview:
    if name is None:
        return domain.of_all(tools, OPERATOR, project)
    found = policies.get(tools, OPERATOR, project, name)
    if found is None:
        raise runs.unknown(project, name)
    return domain.of_terms(tools, OPERATOR, project, found.terms)


def _summary(found: Preview) -> list[str]:
    reasons = Counter(verdict.reason for place in found.repositories for verdict in place.verdicts if not verdict.goes)
    staying = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    lines = [f"{found.goes} of {_counted(found.tags, 'tag')} would go, which frees {_size(found.size_bytes)}."]
    if staying:
        lines.append(f"The others stay: {staying}.")
    if found.manifests:
        lines.append(f"{_counted(found.manifests, 'image')} that no tag leads to would go as well.")
    return lines


def _size(count: int) -> str:
    """Bytes as people read them: 9.8 MiB."""
    value = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


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


def _policy(one: Policy) -> Mapping[str, Any]:
    terms = one.terms
    return {
        "policy": terms.name,
        "of": one.place or "the instance",
        "on": terms.enabled,
        "holds": one.holds,
        "repositories": ", ".join(terms.repositories),
        "keep_newest": terms.keep_n,
        "keep": terms.name_regex_keep,
        "remove": terms.name_regex,
        "older_than": terms.older_than,
        "every": terms.cadence,
        "next_run": one.next_run_at,
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
        "frees": _size(one.size_bytes),
        "error": one.error,
    }
