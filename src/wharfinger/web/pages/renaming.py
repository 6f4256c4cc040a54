"""The page on which an image repository is given another path: first what would happen, then that it does."""

from typing import Any, Final

from starlette.responses import Response

from wharfinger.domain import renaming, repositories
from wharfinger.domain.renaming import Prospect
from wharfinger.web.pages import image
from wharfinger.web.pages.visit import Visit

_MOST_SHOWN: Final = 200


def show(visit: Visit) -> Response:
    """The form."""
    return _page(visit, None)


def try_out(visit: Visit) -> Response:
    """The form with what would happen; where nothing is in the way, the new names are held for a minute."""
    _, repository = image.opened(visit)
    asked: Any = (visit.tools, visit.caller, repository.path, _to(visit))
    found = renaming.look(*asked, tree=_tree(visit))
    if found.free:
        renaming.hold(*asked, tree=_tree(visit))
    return _page(visit, found)


def carry_out(visit: Visit) -> Response:
    """Let it be called so, and with it all below it where that is wanted."""
    _, repository = image.opened(visit)
    path = renaming.rename(visit.tools, visit.caller, repository.path, _to(visit), tree=_tree(visit))
    moved = repositories.get(visit.tools, visit.caller, path)
    stays = moved.project_path == repository.project_path
    then = "the old name leads here until something else has it" if stays else "whoever pulls it needs the new name"
    return visit.go(image.address(moved), f"The image is at {path} now; {then}.")


def _page(visit: Visit, found: Prospect | None) -> Response:
    project, repository = image.opened(visit)
    below = renaming.count_below(visit.tools, visit.caller, repository.path)
    moves = sorted(found.moves, key=lambda move: not move.hurdles)[:_MOST_SHOWN] if found else []
    facts: dict[str, Any] = {"place": project, "repository": repository, "below": below, "to": _to(visit)}
    return visit.page("image_rename.html", found=found, moves=moves, held_for=renaming.HELD_FOR, **facts)


def _to(visit: Visit) -> str:
    return visit.form["to"].strip()


def _tree(visit: Visit) -> bool:
    return visit.form["tree"] == "yes"
