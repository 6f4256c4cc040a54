"""The pages of cleanup policies: of a project, of a group, of the whole instance.

A policy is looked at before it is saved: the preview says of every tag why it stays or goes. What a run removed comes
back as one act.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from wharfinger.domain.access import Group, Project
from wharfinger.domain.cleanup import history, policies, preview, runs
from wharfinger.domain.cleanup.policies import INSTANCE
from wharfinger.domain.cleanup.preview import Preview, Shares
from wharfinger.domain.cleanup.terms import FIRST, Terms
from wharfinger.domain.errors import SettingInvalid
from wharfinger.rules.roles import Role
from wharfinger.web.pages import words
from wharfinger.web.pages.places import opened
from wharfinger.web.pages.visit import Visit

CADENCES: Final = (("1d", "Every day"), ("7d", "Every week"), ("14d", "Every two weeks"), ("1month", "Every month"),
                   ("3month", "Every three months"))  # fmt: skip
AGES: Final = (("", "Whatever their age"), ("7d", "7 days"), ("14d", "14 days"), ("30d", "30 days"), ("60d", "60 days"),
               ("90d", "90 days"))  # fmt: skip
COUNTS: Final = (("", "Not for being new"), *((str(count), str(count)) for count in (1, 5, 10, 25, 50, 100)))
_MOST_SHOWN: Final = 1_000
_MOST_RUNS: Final = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the preview: an image with its tag, when that was published, whether it goes, and why."""

    image: str
    published_at: datetime
    goes: bool
    because: str
    policy: str


def show(visit: Visit) -> Response:
    """The policies, the form of one, and what cleanup did."""
    place = _place(visit)
    return _page(visit, place, _typed(visit) if "cadence" in visit.form else _saved(visit, place))


def try_out(visit: Visit) -> Response:
    """The same page with what the policy would take that the form says, or all that hold; nothing is saved."""
    place, together = _place(visit), visit.form["of"] == "all"
    asked = None if together else _typed(visit)
    terms = asked or _saved(visit, place)
    if isinstance(place, Project):
        return _page(visit, place, terms, together=together, found=_found(visit, place, asked))
    shares = preview.of_place(visit.tools, visit.caller, _path(place), asked, after=visit.number("after"))
    return _page(visit, place, terms, together=together, shares=shares)


def save(visit: Visit) -> Response:
    """Save the policy that the form says."""
    place, terms = _place(visit), _typed(visit)
    saved = policies.save(visit.tools, visit.caller, _path(place), terms)
    state = "It will run for the first time in a while." if saved.next_run_at else "It is off, and removes nothing."
    return visit.go(f"{_top(place)}?policy={terms.name}", f"The policy {terms.name} is saved. {state}")


def remove(visit: Visit) -> Response:
    """Forget a policy."""
    place, name = _place(visit), visit.form["name"]
    visit.require_typed(name)
    policies.remove(visit.tools, visit.caller, _path(place), name)
    return visit.go(_top(place), f"The policy {name} is gone.")


def run(visit: Visit) -> Response:
    """Have a policy run now."""
    place, name = opened(visit), visit.form["name"]
    started = runs.run_now(visit.tools, visit.caller, place.path, name)
    return visit.go(f"{_top(place)}?policy={name}", f"Run {started.id} of the policy {name} is on its way.")


def stop(visit: Visit) -> Response:
    """Let a run end where it is."""
    place = opened(visit)
    ended = runs.stop(visit.tools, visit.caller, place.path, visit.number("run"))
    said = f"Run {ended.id} is stopped. {words.count(ended.removed, 'thing')} went, and can be brought back."
    return visit.go(_top(place), said if ended.removed else f"Run {ended.id} is stopped. It removed nothing.")


def restore(visit: Visit) -> Response:
    """Bring back what a run removed."""
    place = opened(visit)
    found = history.restore(visit.tools, visit.caller, place.path, visit.number("run"))
    said = f"{words.count(found.back, 'thing')} came back."
    if found.left:
        said += f" {words.count(found.left, 'thing')} could not."
    if found.switched_off:
        said += " The policy is off now, so that its next run does not take them again."
    return visit.go(_top(place), said)


def show_runs(visit: Visit) -> Response:
    """The history alone, for the page that waits for a run to end."""
    place = opened(visit)
    return visit.page("cleanup_runs.html", **_history(visit, place), place=place, manages=_manages(place))


def _page(
    visit: Visit,
    place: Project | Group | None,
    terms: Terms,
    *,
    together: bool = False,
    found: Preview | None = None,
    shares: Shares | None = None,
) -> Response:
    listed = policies.list_policies(visit.tools, visit.caller, _path(place))
    facts: dict[str, Any] = {
        "listed": listed,
        "own": [one for one in listed if not one.inherited],
        "terms": terms,
        "top": _top(place),
        "manages": _manages(place),
        "often": dict(CADENCES),
        "cadences": _with(CADENCES, terms.cadence),
        "ages": _with(AGES, terms.older_than or ""),
        "pulls": _with((("", "Not for being pulled"), *AGES[1:]), terms.keep_pulled or ""),
        "counts": _with(COUNTS, str(terms.keep_n or "")),
        "together": together,
        "found": found,
        "shares": shares,
        "tried": tried(found),
        "loose": loose(found),
        "reasons": reasons(found),
        **_history(visit, place),
    }
    name = "cleanup_instance.html" if place is None else "cleanup.html"
    return visit.page(name, place=place, **facts)


def _found(visit: Visit, project: Project, terms: Terms | None) -> Preview:
    """What a policy would take that says this; without `terms` what all that hold would."""
    if terms is None:
        return preview.of_all(visit.tools, visit.caller, project.path)
    return preview.of_terms(visit.tools, visit.caller, project.path, terms)


def _history(visit: Visit, place: Project | Group | None) -> dict[str, Any]:
    if not isinstance(place, Project):
        return {"runs": [], "going_on": False}
    before = visit.number("before") or None
    found = history.list_runs(visit.tools, visit.caller, place.path, before=before, limit=_MOST_RUNS + 1)
    page, more = found[:_MOST_RUNS], len(found) > _MOST_RUNS
    going_on = any(one.finished_at is None for one in page)
    return {"runs": page, "going_on": going_on, "before": before, "older": page[-1].id if more else None}


def _saved(visit: Visit, place: Project | Group | None) -> Terms:
    """The policy that the query names, or the first; of an absent one what a new one says to begin with."""
    listed = policies.list_policies(visit.tools, visit.caller, _path(place))
    name = visit.asked("policy")
    found = next((one for one in listed if not one.inherited and (one.terms.name == name or not name)), None)
    return found.terms if found else Terms(name or FIRST, enabled=True)


def _typed(visit: Visit) -> Terms:
    """What the form says. Raises SettingInvalid."""
    form = visit.form
    return Terms(
        name=form["name"].strip() or FIRST,
        enabled="enabled" in form.all("is"),
        enforced="enforced" in form.all("is"),
        repositories=tuple(form["repositories"].replace(",", " ").split()) or ("*",),
        cadence=form["cadence"],
        keep_n=keep_n(visit),
        older_than=form["older_than"] or None,
        name_regex=form["name_regex"].strip(),
        name_regex_keep=form["name_regex_keep"].strip(),
        keep_pulled=form["keep_pulled"] or None,
        by_use="by_use" in form.all("is"),
        untagged="untagged" in form.all("is"),
    )


def keep_n(visit: Visit) -> int | None:
    """How many of the newest are kept for being new, as the field says. Raises SettingInvalid."""
    count = visit.form["keep_n"].strip()
    if count and not (count.isascii() and count.isdigit() and len(count) < 10):
        raise SettingInvalid("choose how many of the newest are kept")
    return int(count or 0) or None


def tried(found: Preview | None) -> list[Shown]:
    """What goes first, then what stays, as much as a page can hold."""
    verdicts = [(verdict, place) for place in found.repositories for verdict in place.verdicts] if found else []
    chosen = sorted(verdicts, key=lambda each: not each[0].goes)[:_MOST_SHOWN]
    return [
        Shown(
            f"{place.path}:{verdict.tag.name}",
            verdict.tag.pushed_at,
            verdict.goes,
            place.because(verdict),
            place.about[verdict.policy].terms.name,
        )
        for verdict, place in chosen
    ]


def loose(found: Preview | None) -> list[str]:
    """The images that no tag leads to and that go, as much as a page can hold."""
    every = [f"{place.path}@{one.digest}" for place in found.repositories for one in place.loose] if found else []
    return every[:_MOST_SHOWN]


def reasons(found: Preview | None) -> list[tuple[str, int]]:
    """Why the others stay, and how many for each reason, the commonest first."""
    verdicts = [verdict for place in found.repositories for verdict in place.verdicts] if found else []
    return Counter(str(verdict.reason) for verdict in verdicts if not verdict.goes).most_common()


def _with(options: Sequence[tuple[str, str]], value: str) -> list[tuple[str, str]]:
    """The options, and the present value where it is none of them."""
    return [*options] if value in dict(options) else [*options, (value, value)]


def _place(visit: Visit) -> Project | Group | None:
    return opened(visit) if "place" in visit.request.path_params else None


def _path(place: Project | Group | None) -> str:
    return INSTANCE if place is None else place.path


def _top(place: Project | Group | None) -> str:
    return "/admin/cleanup" if place is None else f"/{place.path}/-/cleanup"


def _manages(place: Project | Group | None) -> bool:
    return place is None or (place.role is not None and place.role >= Role.MAINTAINER)
