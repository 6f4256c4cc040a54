"""Deleting tags by expression in a browser: which go and why the others stay, doing it, taking it back as one act."""

import pytest
from playwright.sync_api import Page, expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.visitor import Visitor, somebody
from tests.web.pages.wares import Wares
from wharfinger.db import policies
from wharfinger.domain import protection, repositories, tags, trash
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import history
from wharfinger.domain.cleanup.terms import Terms, written
from wharfinger.rules.protection import Kind, Level, Rule

SLOWLY = 60_000  # milliseconds: so long the worker may take
HIDDEN = ("time",)


@pytest.fixture
def wares(site: Server) -> Wares:
    made = Wares(site.tools)
    for name in ("dev-1", "dev-2", "dev-3", "dev-keep", "v1", "latest"):
        made.built(name, name)
    return made


def image(wares: Wares) -> str:
    return f"/{wares.project}/-/registry/{repositories.get(wares.tools, OPERATOR, wares.path).id}"


def names(wares: Wares) -> list[str]:
    return [tag.name for tag in tags.list_tags(wares.tools, OPERATOR, wares.path).items]


def fill(page: Page, **fields: str) -> None:
    for label, text in fields.items():
        page.get_by_label(label.replace("_", " ")).fill(text)
    page.get_by_role("button", name="Preview").click()


def test_which_go_is_shown_then_they_go_and_come_back_as_one(person: NewPerson, wares: Wares) -> None:
    protection.add(wares.tools, OPERATOR, wares.project, Rule(Kind.TAG, "2$", delete=Level.OWNER))
    ada, before = person(wares.place, "maintainer"), names(wares)
    page = ada.open(image(wares))
    page.get_by_role("link", name="Delete by expression").click()
    fill(page, Delete_tags_matching="dev-.*", But_keep_tags_matching=".*-keep", Keep_so_many_of_the_newest="1")
    expect(page.get_by_role("status").first).to_contain_text("1 of 6 tags would go")
    for name, verdict, because in (
        ("dev-1", "Goes", "matches dev-.* and is not the newest"),
        ("dev-2", "Stays", "is protected by a rule"),
        ("dev-3", "Stays", "is the newest"),
        ("dev-keep", "Stays", "matches the pattern of names to keep, .*-keep"),
        ("v1", "Stays", "does not match the pattern of names to remove, dev-.*"),
        ("latest", "Stays", "is latest, which always stays"),
    ):
        row = page.get_by_role("row").filter(has_text=f"{wares.path}:{name}")
        expect(row).to_contain_text(verdict)
        expect(row).to_contain_text(because)
    assert names(wares) == before
    ada.check("bulk-preview")
    move = page.get_by_role("button", name="Move 1 tag to the trash")
    expect(move).to_be_disabled()
    page.get_by_label("to go on").fill(wares.path)
    move.click()
    expect(page.get_by_role("status").first).to_contain_text("1 tag is in the trash for", timeout=SLOWLY)
    assert names(wares) == [name for name in before if name != "dev-1"]
    ada.check("bulk-done", HIDDEN)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").filter(has_text="1 tag is back.")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert names(wares) == before
    (run,) = history.list_runs(wares.tools, OPERATOR, wares.project)
    assert (run.started_by, run.terms.name_regex, run.restored_at is None) == (ada.username, "dev-.*", False)
    assert trash.list_trash(wares.tools, OPERATOR, wares.project) == []


def test_what_is_wrong_is_said_and_kept(person: NewPerson, wares: Wares) -> None:
    page = person(wares.place, "maintainer").open(f"{image(wares)}/bulk")
    for label, text, why in (
        ("Delete_tags_matching", "(", "no RE2 expression"),
        ("Keep_what_is_younger_than", "soon", "the duration 'soon' is not understood"),
        ("Keep_so_many_of_the_newest", "some", "Choose how many of the newest are kept"),
    ):
        fill(page, **{"Delete_tags_matching": ".*", label: text})
        expect(page.get_by_role("alert")).to_contain_text(why)
        expect(page.get_by_label(label.replace("_", " "))).to_have_value(text)
        page.get_by_label(label.replace("_", " ")).fill("")


def test_nothing_goes_where_nothing_matches(person: NewPerson, wares: Wares) -> None:
    ada = person(wares.place, "maintainer")
    page = ada.open(f"{image(wares)}/bulk")
    fill(page, Delete_tags_matching="dev-.*", Keep_what_is_younger_than="1h")
    expect(page.get_by_role("status").first).to_contain_text("0 of 6 tags would go")
    expect(page.get_by_role("row").filter(has_text="dev-1")).to_contain_text("was pushed less than 1 hour ago")
    expect(page.get_by_role("button", name="to the trash")).to_have_count(0)


def test_once_an_hour(site: Server, wares: Wares) -> None:
    owner = somebody(site, wares.place, "owner")
    fields = {"name_regex": "dev-1", "typed": wares.path}
    assert owner.post(f"{image(wares)}/bulk/delete", fields).headers["location"].startswith(f"{image(wares)}/bulk?run=")
    again = owner.post(f"{image(wares)}/bulk/delete", fields)
    assert again.status_code == 409
    assert "at most once an hour" in again.text


def test_a_run_of_something_else_is_not_there(site: Server, wares: Wares) -> None:
    other, owner = Wares(wares.tools, "other", wares.place), somebody(site, wares.place, "owner")
    other.built("one", "dev-1")
    sent = owner.post(f"{image(other)}/bulk/delete", {"name_regex": "dev-1", "typed": other.path})
    run = sent.headers["location"].partition("run=")[2]
    assert owner.get(f"{image(other)}/bulk?run={run}").status_code == 200
    assert owner.get(f"{image(wares)}/bulk?run={run}").status_code == 404
    assert owner.post(f"{image(wares)}/bulk/undo", {"run": run}).status_code == 404
    assert owner.post(f"{image(wares)}/bulk/stop", {"run": run}).status_code == 404


def statuses(wares: Wares, visitor: Visitor) -> list[int]:
    fields = {"name_regex": ".*", "typed": wares.path, "run": 1}
    forms = [f"{image(wares)}/bulk/{form}" for form in ("preview", "delete", "undo", "stop")]
    answers = [visitor.get(f"{image(wares)}/bulk"), *(visitor.post(form, fields) for form in forms)]
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("role", ["guest", "reporter", "developer"])
def test_who_may_not_delete_is_refused(person: NewPerson, site: Server, wares: Wares, role: str) -> None:
    found = statuses(wares, somebody(site, wares.place, role))
    assert found[:3] == [403] * 3
    assert set(found[3:]) <= {403, 404}
    page = person(wares.place, role).open(image(wares))
    expect(page.get_by_role("row")).to_have_count(7)
    expect(page.get_by_role("link", name="Delete by expression")).to_have_count(0)
    assert len(names(wares)) == 6


def test_to_strangers_nothing_is_there(site: Server, wares: Wares) -> None:
    assert statuses(wares, somebody(site)) == [404] * 5


def test_a_run_that_goes_on_is_found_and_stopped_on_its_own_page(person: NewPerson, wares: Wares) -> None:
    """Somebody asked for it elsewhere. No worker knows of it, so that it stands where the test lets it stand."""
    found = repositories.get(wares.tools, OPERATOR, wares.path)
    with wares.tools.db.begin() as tx:
        row = {"project_id": found.project_id, "policy_id": None, "repository_id": found.id, "state": "queued"}
        row |= {"terms": written(Terms(name_regex="dev-.*")), "started_by": "ada", "due_at": wares.tools.clock()}
        run = policies.add_run(tx, row)
    assert run is not None
    ada = person(wares.place, "maintainer")
    page = ada.open(f"{image(wares)}/bulk")
    told = page.get_by_role("status").filter(has_text="Run ")
    expect(told).to_contain_text("It is looked which tags go.")
    with wares.tools.db.begin() as tx:
        policies.change_run(tx, run, state="running", tags_planned=4, tags_removed=3)
    expect(told).to_contain_text("Moving 4 tags to the trash: 3 are there.", timeout=SLOWLY)
    ada.check("bulk-running")
    stop = told.get_by_role("button", name="Stop")
    stop.focus()
    page.keyboard.press("Enter")
    expect(told).to_contain_text("Stopped: 3 tags are in the trash.")
    expect(stop).to_have_count(0)
    assert history.get(wares.tools, OPERATOR, wares.project, run).state is history.State.STOPPED
    page.goto(f"{image(wares)}/bulk")
    expect(told).to_have_count(0)
