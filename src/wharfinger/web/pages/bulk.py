"""Deleting tags of an image by expression, once: which go and why the others stay, doing it, and taking it back.

It is a run of cleanup like any other (`domain/cleanup/once.py`), so the page tells of the run how far it is.
"""

from typing import Any, Final

from starlette.responses import Response

from wharfinger.domain.access import Project
from wharfinger.domain.cleanup import history, once, preview, runs
from wharfinger.domain.cleanup.history import Run
from wharfinger.domain.cleanup.preview import Preview
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.domain.repositories import Repository
from wharfinger.rules.roles import Action
from wharfinger.web.pages import cleanup, image, live, registry, words
from wharfinger.web.pages.places import opened
from wharfinger.web.pages.visit import Visit

_SECONDS: Final = 2  # while a run goes on


def show(visit: Visit) -> Response:
    """The form, and the run that was asked for here."""
    return _page(visit, None)


def try_out(visit: Visit) -> Response:
    """The form with what its rules would take; nothing is changed."""
    _, repository = image.opened(visit)
    return _page(visit, preview.of_repository(visit.tools, visit.caller, repository.path, _typed(visit)))


def delete(visit: Visit) -> Response:
    """Have the tags moved to the trash; the visitor has typed the image's path."""
    _, repository = image.opened(visit)
    visit.require_typed(repository.path)
    run = once.ask(visit.tools, visit.caller, repository.path, _typed(visit))
    return visit.go(_address(repository, run))


def stop(visit: Visit) -> Response:
    """Let a run end where it is."""
    project, repository = image.opened(visit)
    ended = runs.stop(visit.tools, visit.caller, project.path, _run(visit, project, repository, visit.number("run")).id)
    said = f"It is stopped. {words.count(ended.tags_removed, 'tag')} went, and can be brought back."
    return visit.go(_address(repository, ended.id), said if ended.removed else "It is stopped. Nothing was deleted.")


def undo(visit: Visit) -> Response:
    """Bring back what a run removed."""
    project, repository = image.opened(visit)
    run = _run(visit, project, repository, visit.number("run"))
    found = history.restore(visit.tools, visit.caller, project.path, run.id)
    left = (
        f" {words.count(found.left, 'is', 'are')} still in the trash: others are in their place." if found.left else ""
    )
    said = f"{words.count(found.back, 'tag is', 'tags are')} back.{left}"
    return visit.go(_address(repository, run.id), said)


def _page(visit: Visit, found: Preview | None) -> Response:
    opened(visit, Action.DELETE)
    project, repository = image.opened(visit)
    run = _shown(visit, project, repository)
    facts: dict[str, Any] = {"place": project, "repository": repository, "run": run}
    seconds = _SECONDS if run and run.finished_at is None else live.SECONDS
    part = live.part(visit, "image_bulk_run.html", seconds=seconds, manages=_manages(visit, project), **facts)
    if live.asked(visit):
        return live.answer(visit, part)
    told: dict[str, Any] = {
        "found": found,
        "tried": cleanup.tried(found),
        "loose": cleanup.loose(found),
        "reasons": cleanup.reasons(found),
    }
    return visit.page("image_bulk.html", part=part if run else None, terms=Terms(), **told, **facts)


def _shown(visit: Visit, project: Project, repository: Repository) -> Run | None:
    """The run that the address names, or else one of this image that goes on, whoever asked for it."""
    if visit.number("run"):
        return _run(visit, project, repository, visit.number("run"))
    lately = history.list_runs(visit.tools, visit.caller, project.path)
    return next((run for run in lately if run.repository_id == repository.id and run.finished_at is None), None)


def _run(visit: Visit, project: Project, repository: Repository, number: int) -> Run:
    run = history.get(visit.tools, visit.caller, project.path, number)
    if run.repository_id != repository.id:
        raise history.unknown(project.path, run.id)
    return run


def _typed(visit: Visit) -> Terms:
    """What the form says. Raises SettingInvalid."""
    form = visit.form
    return Terms(
        name_regex=form["name_regex"].strip(),
        name_regex_keep=form["name_regex_keep"].strip(),
        keep_n=cleanup.keep_n(visit),
        older_than=form["older_than"].strip() or None,
    )


def _address(repository: Repository, run: int) -> str:
    return f"{image.address(repository)}/bulk?run={run}"


def _manages(visit: Visit, project: Project) -> bool:
    return registry.allows(visit, project, Action.ADMINISTER)
