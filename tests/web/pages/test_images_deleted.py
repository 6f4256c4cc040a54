"""Deleting from the pages of images: who may, what is told before, many at once, and taking it back."""

import re

import pytest
from playwright.sync_api import expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.people import confirm
from tests.web.pages.visitor import Visitor, somebody
from tests.web.pages.wares import Wares
from wharfinger.domain import images, protection, push, repositories, selection, trash
from wharfinger.domain.access import OPERATOR
from wharfinger.rules.protection import Kind, Level, Rule

MANY = selection.AT_ONCE + 100
SLOWLY = 60_000  # milliseconds: so long the worker may take


@pytest.fixture
def wares(site: Server) -> Wares:
    made = Wares(site.tools)
    for version in ("1.0", "1.1", "2.0"):
        made.built(version, version)
    return made


def image(wares: Wares) -> str:
    return f"/{wares.project}/-/registry/{repositories.get(wares.tools, OPERATOR, wares.path).id}"


def tag_many(wares: Wares) -> None:
    digest = wares.built("many", "many-0000")
    found = wares.tools.lookup.by_digest(wares.path, digest)
    assert found is not None
    names = [f"many-{number:04}" for number in range(1, MANY)]
    for at in range(0, len(names), 200):
        push.manifest(
            wares.tools, wares.caller, wares.path,
            digest=digest, tags=names[at : at + 200], media_type=found.media_type, body=found.body,
        )  # fmt: skip


def test_all_that_match_go_and_come_back_while_one_looks(person: NewPerson, wares: Wares) -> None:
    tag_many(wares)
    ada = person(wares.place, "maintainer")
    page = ada.open(f"{image(wares)}?q=many")
    shown = f"{MANY:,}".replace(",", "\u202f")
    page.get_by_role("button", name="Delete all with “many” in the name").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Delete {shown} tags?")
    expect(page.get_by_text("many-0019")).to_be_visible()
    expect(page.get_by_text(f"and {f'{MANY - 20:,}'.replace(',', chr(0x202F))} more")).to_be_visible()
    ada.check("tags-delete-many")
    move = page.get_by_role("button", name=f"Move {shown} tags to the trash")
    expect(move).to_be_disabled()
    page.get_by_label("to go on").fill(wares.path)
    move.click()
    expect(page.get_by_role("status").filter(has_text=f"{shown} tags are in the trash")).to_be_visible(timeout=SLOWLY)
    assert [row.split()[0] for row in page.locator("tbody tr").all_inner_texts()] == ["2.0", "1.1", "1.0"]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"{MANY + 3:,} tags".replace(",", "\u202f"), exact=True)).to_be_visible(timeout=SLOWLY)
    assert trash.list_trash(wares.tools, OPERATOR, wares.project) == []


def test_what_rules_keep_is_told_before(person: NewPerson, wares: Wares) -> None:
    for rule in (Rule(Kind.TAG, "^1", delete=Level.OWNER), Rule(Kind.IMMUTABLE, "^2")):
        protection.add(wares.tools, OPERATOR, wares.project, rule)
    ada = person(wares.place, "maintainer")
    page = ada.open(image(wares))
    expect(page.get_by_role("row").filter(has_text="1.0")).to_contain_text("Protected")
    expect(page.get_by_role("row").filter(has_text="2.0")).to_contain_text("Immutable")
    page.get_by_label("Tick all tags on this page").check()
    page.get_by_role("button", name="Delete ticked (3)").click()
    expect(page.get_by_role("heading", name="3 tags stay")).to_be_visible()
    expect(page.get_by_text("Nothing would go")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Move"))).to_have_count(0)
    ada.check("tags-kept")


def test_two_ticked_tags_are_compared_by_age(person: NewPerson, wares: Wares) -> None:
    page = person(wares.place, "maintainer").open(image(wares))
    for tag in ("2.0", "1.0"):
        page.get_by_label(f"Tick {tag}").check()
    page.get_by_role("button", name="Compare two").click()
    page.wait_for_url("**/compare?from=1.0&to=2.0")
    page.go_back()
    page.get_by_label("Tick all tags on this page").check()
    page.get_by_role("button", name="Compare two").click()
    expect(page.get_by_text("two tags are compared", exact=False)).to_be_visible()


def test_one_tag_from_its_own_page(person: NewPerson, wares: Wares) -> None:
    page = person(wares.place, "maintainer").open(f"{image(wares)}/tags/1.1")
    page.get_by_role("button", name="Delete tag").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete 1 tag?")
    page.get_by_role("button", name="Move 1 tag to the trash").click()
    expect(page.get_by_role("row")).to_have_count(3)


def test_a_whole_image_comes_back_from_the_trash(person: NewPerson, wares: Wares) -> None:
    images.delete_repository(wares.tools, OPERATOR, wares.path)
    ada = person(wares.place, "maintainer")
    page = ada.open(f"/{wares.project}/-/trash")
    expect(page.get_by_role("row").filter(has_text="A whole image repository")).to_be_visible()
    ada.check("trash")
    page.get_by_role("button", name=re.compile("^Restore")).click()
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    page.goto(f"/{wares.project}/-/registry")
    expect(page.get_by_role("link", name="web", exact=True)).to_be_visible()


def test_one_thing_of_an_act_comes_back_and_the_rest_goes(person: NewPerson, wares: Wares) -> None:
    selection.delete(wares.tools, OPERATOR, wares.path, selection.Wanted(("1.0", "1.1")))
    selection.delete(wares.tools, OPERATOR, wares.path, selection.Wanted(("2.0",)))
    ada = person(wares.place, "maintainer")
    page = ada.open(f"/{wares.project}/-/trash")
    page.get_by_text(f"2 tags of {wares.path}").click()
    ada.check("trash-acts")
    page.get_by_role("button", name="Restore 1.1").click()
    expect(page.get_by_role("status").filter(has_text=f"{wares.path}:1.1 is back")).to_be_visible()
    page.get_by_role("button", name="Empty the trash").click()
    page.get_by_role("dialog").get_by_label("to go on").fill(wares.project)
    page.get_by_role("button", name="Delete for good", exact=True).last.click()
    expect(page.get_by_role("status").filter(has_text="2 things are gone from the trash for good")).to_be_visible()
    ada.check("trash-empty")


@pytest.mark.parametrize("role", ["guest", "reporter", "developer"])
def test_who_may_not_delete_sees_no_button_and_is_refused(person: NewPerson, wares: Wares, role: str) -> None:
    page = person(wares.place, role).open(image(wares))
    expect(page.get_by_role("row")).to_have_count(4)
    expect(page.get_by_role("button", name=re.compile("Delete|Undo|Compare two"))).to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    expect(page.get_by_role("link", name="Trash")).to_have_count(0)
    page.goto(f"/{wares.project}/-/registry")
    expect(page.get_by_role("button", name=re.compile("Delete"))).to_have_count(0)


def sent(wares: Wares, visitor: Visitor, place: str, number: str) -> list[int]:
    """The statuses of everything that could delete or bring back something, sent to this place."""
    tags, act = f"/{place}/-/registry/{number}/tags", selection.delete(
        wares.tools, OPERATOR, wares.path, selection.Wanted(("1.0",))
    ).batch  # fmt: skip
    thing = trash.list_trash(wares.tools, OPERATOR, wares.project)[0].id
    tried = [
        visitor.post(f"{tags}/choose", {"tag": "1.1"}),
        visitor.post(f"{tags}/delete", {"tag": "1.1"}),
        visitor.post(f"{tags}/delete", {"matching": "1", "typed": wares.path}),
        visitor.post(f"{tags}/undo", {"act": act}),
        visitor.post(f"/{place}/-/registry/{number}/delete", {"typed": wares.path}),
        visitor.get(f"/{place}/-/trash"),
        visitor.post(f"/{place}/-/trash/restore", {"thing": thing}),
        visitor.post(f"/{place}/-/trash/restore", {"act": act}),
        visitor.post(f"/{place}/-/trash/empty", {"typed": wares.project}),
    ]
    return [answer.status_code for answer in tried]


@pytest.mark.parametrize("role", ["guest", "reporter", "developer"])
def test_forms_of_who_may_not_are_refused(site: Server, wares: Wares, role: str) -> None:
    number = image(wares).rpartition("/")[2]
    assert sent(wares, somebody(site, wares.place, role), wares.project, number) == [403] * 9
    assert len(trash.list_trash(wares.tools, OPERATOR, wares.project)) == 1


def test_strangers_are_answered_as_if_nothing_were_there(site: Server, wares: Wares) -> None:
    number = image(wares).rpartition("/")[2]
    assert sent(wares, somebody(site), wares.project, number) == [404] * 9
    assert sent(wares, somebody(site), "no/such", number) == [404] * 9
    assert len(trash.list_trash(wares.tools, OPERATOR, wares.project)) == 1


def test_nothing_goes_without_the_name_typed(site: Server, wares: Wares) -> None:
    owner = somebody(site, wares.place, "owner")
    for path, fields in (
        (f"{image(wares)}/delete", {"typed": "web"}),
        (f"{image(wares)}/tags/delete", {"matching": "1"}),
        (f"{image(wares)}/tags/delete", {}),
        (f"/{wares.project}/-/trash/empty", {"typed": ""}),
    ):
        assert owner.post(path, fields).status_code == 422
    assert repositories.get(wares.tools, OPERATOR, wares.path).tags_count == 3


def test_an_image_that_could_not_be_deleted_can_be_deleted_again(site: Server, wares: Wares) -> None:
    """Its deletion was given up: nobody works on it, and everything can be done with it as before."""
    number = repositories.get(wares.tools, OPERATOR, wares.path).id
    repositories.give_up_deletion(wares.tools, {"repository": number})
    owner = somebody(site, wares.place, "owner")
    listed = owner.get(f"/{wares.project}/-/registry").text
    assert "Deleting failed" in listed
    assert f"/{wares.project}/-/registry/{number}/delete" in listed
    assert 'name="tag"' in owner.get(image(wares)).text
    assert "Delete tag…" in owner.get(f"{image(wares)}/tags/1.0").text


def test_each_thing_of_one_act(person: NewPerson, wares: Wares) -> None:
    """Also where there are more than a row can hold: each comes back or goes by itself, and nothing else is shown."""
    named = tuple(f"many-{number:04}" for number in range(60))
    tag_many(wares)
    selection.delete(wares.tools, OPERATOR, wares.path, selection.Wanted(named))
    selection.delete(wares.tools, OPERATOR, wares.path, selection.Wanted(("1.0",)))
    ada = person(wares.place, "maintainer")
    page = ada.open(f"/{wares.project}/-/trash")
    page.get_by_text(f"60 tags of {wares.path}").click()
    page.get_by_role("link", name="Look at each of them").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(60)
    expect(rows.filter(has_text="1.0")).to_have_count(0)
    ada.check("trash-act", ["time"])
    page.get_by_role("button", name="Restore many-0059").click()
    expect(rows).to_have_count(59)
    page.get_by_role("row").filter(has_text="many-0000").get_by_role("button", name="Delete").click()
    confirm(page, "Delete for good", f"{wares.path}:many-0000")
    expect(rows).to_have_count(58)
    page.get_by_role("button", name="Restore all of this act").click()
    expect(page.get_by_text("Nothing of it is in the trash any more")).to_be_visible()
    page.get_by_role("link", name="All of the trash").click()
    expect(rows).to_have_count(1)
