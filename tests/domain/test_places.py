"""Moving and renaming: everything below comes along, old paths lead to it until somebody takes them."""

import pytest
from sqlalchemy import select

from tests.domain.people import opened, person, push, refusal
from wharfinger.db.tables.images import repositories
from wharfinger.db.tables.places import namespaces, routes
from wharfinger.db.tables.places import projects as project_table
from wharfinger.domain import groups, members, projects, users
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.errors import GroupUnknown, NotEmpty, PathInvalid, PathTaken, ProjectUnknown, SettingInvalid
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action, Role, Visibility


@pytest.fixture
def ada(tools: Tools) -> Caller:
    """Owns acme/back/shop, with images, and acme/back-end/shop, which only looks alike."""
    caller = person(tools, "ada")
    for path in ("acme", "acme/back", "acme/back-end", "acme/back/deep"):
        groups.create(tools, caller, path)
    for path in ("acme/back/shop", "acme/back-end/shop", "acme/back/deep/tool"):
        projects.create(tools, caller, path)
    for path in ("acme/back/shop", "acme/back/shop/web/base", "acme/back/deep/tool/x", "acme/back-end/shop/web"):
        push(tools, path)
    return caller


def leads_to(tools: Tools, path: str) -> str | None:
    """The present path of what this path leads to."""
    place = opened(tools, OPERATOR, path)
    return None if place is None else place.path


def all_paths(tools: Tools) -> dict[str, set[str]]:
    """Every path in use, by table."""
    with tools.db.read() as tx:
        present = set(tx.scalars(select(routes.c.path).where(~routes.c.former)))
        tables = (("namespaces", namespaces), ("projects", project_table), ("repositories", repositories))
        return {"routes": present} | {name: set(tx.scalars(select(table.c.path))) for name, table in tables}


def test_renaming_a_group_carries_everything_below_and_nothing_else(tools: Tools, ada: Caller) -> None:
    assert groups.rename(tools, ada, "acme/back", "front").path == "acme/front"
    found = all_paths(tools)
    assert found["namespaces"] == {"ada", "acme", "acme/front", "acme/front/deep", "acme/back-end"}
    assert found["projects"] == {"acme/front/shop", "acme/front/deep/tool", "acme/back-end/shop"}
    assert found["repositories"] == {
        "acme/front/shop",
        "acme/front/shop/web/base",
        "acme/front/deep/tool/x",
        "acme/back-end/shop/web",
    }
    assert found["routes"] == found["namespaces"] | found["projects"]


def test_old_paths_lead_to_the_new_place(tools: Tools, ada: Caller) -> None:
    groups.rename(tools, ada, "acme/back", "front")
    assert leads_to(tools, "acme/back/shop/web/base") == "acme/front/shop/web/base"
    assert leads_to(tools, "acme/back/deep/tool/x") == "acme/front/deep/tool/x"
    assert leads_to(tools, "acme/back-end/shop/web") == "acme/back-end/shop/web"
    assert groups.get(tools, ada, "acme/back/deep").path == "acme/front/deep"
    assert projects.get(tools, ada, "acme/back/shop").path == "acme/front/shop"


def test_a_chain_of_names_leads_to_the_last_one(tools: Tools, ada: Caller) -> None:
    for name in ("one", "two", "three"):
        projects.rename(tools, ada, "acme/back/shop", name)
    groups.rename(tools, ada, "acme", "corp")
    for path in ("acme/back/shop", "acme/back/one", "acme/back/two", "acme/back/three", "corp/back/three"):
        assert leads_to(tools, path) == "corp/back/three"


def test_a_name_can_be_taken_back(tools: Tools, ada: Caller) -> None:
    projects.rename(tools, ada, "acme/back/shop", "store")
    projects.rename(tools, ada, "acme/back/store", "shop")
    assert leads_to(tools, "acme/back/store/web") == "acme/back/shop/web"
    assert projects.rename(tools, ada, "acme/back/shop", "shop").path == "acme/back/shop"


def test_an_old_path_is_over_when_somebody_takes_it(tools: Tools, ada: Caller) -> None:
    moved = projects.rename(tools, ada, "acme/back/shop", "store")
    new = projects.create(tools, ada, "acme/back/shop")
    assert projects.get(tools, ada, "acme/back/shop").id == new.id != moved.id
    assert leads_to(tools, "acme/back/shop/web/base") == "acme/back/shop/web/base"
    assert leads_to(tools, "acme/back/store/web/base") == "acme/back/store/web/base"


def test_a_project_that_takes_a_path_takes_the_names_below_it(tools: Tools, ada: Caller) -> None:
    """Else images of the new project would go to an old one that once had a longer path."""
    groups.rename(tools, ada, "acme/back", "front")
    assert leads_to(tools, "acme/back/shop") == "acme/front/shop"
    projects.create(tools, ada, "acme/back")
    for path in ("acme/back", "acme/back/shop", "acme/back/shop/web"):
        assert leads_to(tools, path) == path
        place = opened(tools, ada, path)
        assert place is not None
        assert place.project_path == "acme/back"
    groups.create(tools, ada, "other")
    groups.rename(tools, ada, "acme/front", "gone")
    projects.move(tools, ada, "acme/back", "other")
    projects.rename(tools, ada, "other/back", "x")
    projects.create(tools, ada, "acme/front")
    place = opened(tools, ada, "acme/front/shop")
    assert place is not None
    assert place.project_path == "acme/front"


def test_a_project_moved_onto_old_paths_takes_the_names_below_it(tools: Tools, ada: Caller) -> None:
    groups.rename(tools, ada, "acme/back", "front")
    groups.create(tools, ada, "lab")
    projects.create(tools, ada, "lab/back")
    projects.move(tools, ada, "lab/back", "acme")
    assert leads_to(tools, "acme/back/shop") == "acme/back/shop"
    place = opened(tools, ada, "acme/back/shop")
    assert place is not None
    assert place.project_path == "acme/back"


def test_a_group_that_takes_a_path_leaves_old_paths_below_it(tools: Tools, ada: Caller) -> None:
    groups.rename(tools, ada, "acme/back", "front")
    groups.create(tools, ada, "acme/back")
    assert groups.get(tools, ada, "acme/back").path == "acme/back"
    assert leads_to(tools, "acme/back/shop/web") == "acme/front/shop/web"
    projects.create(tools, ada, "acme/back/shop")
    assert leads_to(tools, "acme/back/shop/web") == "acme/back/shop/web"


def test_moving_a_group_changes_where_it_belongs(tools: Tools, ada: Caller) -> None:
    bob, eve = person(tools, "bob"), person(tools, "eve")
    groups.create(tools, ada, "corp")
    members.add(tools, ada, "corp", "bob", Role.GUEST)
    members.add(tools, ada, "acme", "eve", Role.GUEST)
    moved = groups.move(tools, ada, "acme/back", "corp")
    assert moved.path == "corp/back"
    assert moved.parent_id == groups.get(tools, ada, "corp").id
    assert opened(tools, bob, "acme/back/shop") is not None
    assert opened(tools, eve, "corp/back/shop") is None
    assert groups.move(tools, ada, "corp/back", "").parent_id is None
    assert opened(tools, bob, "back/shop") is None
    assert leads_to(tools, "acme/back/deep/tool/x") == "back/deep/tool/x"
    assert groups.delete(tools, ada, "corp") is None


def test_moving_a_project_changes_where_it_belongs(tools: Tools, ada: Caller) -> None:
    moved = projects.move(tools, ada, "acme/back/shop", "ada")
    assert (moved.path, moved.namespace_id) == ("ada/shop", groups.get(tools, ada, "ada").id)
    assert leads_to(tools, "acme/back/shop/web/base") == "ada/shop/web/base"
    assert isinstance(refusal(lambda: users.delete(tools, OPERATOR, "ada")), NotEmpty)


@pytest.mark.parametrize("into", ["acme/back", "acme/back/deep"])
def test_a_group_cannot_go_into_itself(tools: Tools, ada: Caller, into: str) -> None:
    before = all_paths(tools)
    refused = refusal(lambda: groups.move(tools, ada, "acme/back", into))
    assert isinstance(refused, PathInvalid)
    assert "into itself" in str(refused)
    assert all_paths(tools) == before


def test_a_path_that_is_taken_stays_with_its_owner(tools: Tools, ada: Caller) -> None:
    before = all_paths(tools)
    for work in (
        lambda: groups.rename(tools, ada, "acme/back", "back-end"),
        lambda: groups.create(tools, ada, "acme"),
        lambda: groups.create(tools, ada, "acme/back/shop"),
        lambda: projects.create(tools, ada, "acme/back"),
        lambda: projects.create(tools, ada, "acme/back/shop"),
        lambda: projects.rename(tools, ada, "acme/back/shop", "deep"),
        lambda: projects.move(tools, ada, "acme/back/shop", "acme/back-end"),
        lambda: users.create(tools, OPERATOR, "acme"),
        lambda: users.rename(tools, OPERATOR, "ada", "acme"),
        lambda: groups.create(tools, ada, "ada"),
    ):
        assert isinstance(refusal(work), PathTaken)
    assert all_paths(tools) == before


@pytest.mark.parametrize("name", ["Shop", "-", "a b", "", "..", "a/b", "x.git", "ö", "a" * 101, "dependency_proxy"])
def test_names_that_no_image_could_carry_are_refused(tools: Tools, ada: Caller, name: str) -> None:
    for work in (
        lambda: projects.rename(tools, ada, "acme/back/shop", name),
        lambda: groups.rename(tools, ada, "acme/back", name),
        lambda: users.create(tools, OPERATOR, name),
        lambda: projects.create(tools, ada, f"acme/back/{name}" if "/" not in name else f"acme/{name}/"),
    ):
        assert isinstance(refusal(work), PathInvalid)


def test_what_would_become_too_long_or_deep_stays(tools: Tools, ada: Caller) -> None:
    """The longest image counts, and the deepest group, not only the thing that moves."""
    deep = "corp"
    groups.create(tools, ada, deep)
    for number in range(13):
        deep = f"{deep}/g{number}"
        groups.create(tools, ada, deep)
    before = all_paths(tools)
    refused = refusal(lambda: groups.move(tools, ada, "acme", deep))  # 14 + acme/back/deep/tool
    assert isinstance(refused, PathInvalid)
    assert "levels" in str(refused)
    push(tools, "acme/back/shop/" + "i" * 100 + "/" + "j" * 100)
    refused = refusal(lambda: groups.rename(tools, ada, "acme", "a" * 100))
    assert isinstance(refused, PathInvalid)
    assert "characters" in str(refused)
    assert all_paths(tools)["namespaces"] == before["namespaces"]


def test_nothing_is_more_visible_than_its_group(tools: Tools, ada: Caller) -> None:
    groups.create(tools, ada, "open", visibility=Visibility.PUBLIC)
    groups.create(tools, ada, "open/half", visibility=Visibility.INTERNAL)
    projects.create(tools, ada, "open/half/tool", visibility=Visibility.INTERNAL)
    for work in (
        lambda: projects.create(tools, ada, "acme/x", visibility=Visibility.INTERNAL),
        lambda: groups.create(tools, ada, "acme/x", visibility=Visibility.PUBLIC),
        lambda: projects.change(tools, ada, "open/half/tool", visibility=Visibility.PUBLIC),
        lambda: groups.change(tools, ada, "acme/back", visibility=Visibility.INTERNAL),
        lambda: groups.change(tools, ada, "open/half", visibility=Visibility.PRIVATE),
        lambda: groups.change(tools, ada, "open", visibility=Visibility.PRIVATE),
        lambda: projects.move(tools, ada, "open/half/tool", "acme"),
        lambda: groups.move(tools, ada, "open/half", "acme"),
    ):
        assert isinstance(refusal(work), SettingInvalid)
    projects.change(tools, ada, "open/half/tool", visibility=Visibility.PRIVATE)
    assert groups.change(tools, ada, "open", visibility=Visibility.INTERNAL).visibility is Visibility.INTERNAL
    own = projects.create(tools, ada, "ada/mine", visibility=Visibility.PUBLIC)
    assert own.visibility is Visibility.PUBLIC


def test_moving_takes_rights_at_both_ends(tools: Tools, ada: Caller) -> None:
    bob = person(tools, "bob")
    groups.create(tools, bob, "bobs")
    members.add(tools, ada, "acme/back/shop", "bob", Role.MAINTAINER)
    assert "needs the role owner" in str(refusal(lambda: projects.move(tools, bob, "acme/back/shop", "bobs")))
    assert isinstance(refusal(lambda: projects.move(tools, ada, "acme/back/shop", "bobs")), GroupUnknown)
    members.add(tools, bob, "bobs", "ada", Role.DEVELOPER)
    assert "maintainer" in str(refusal(lambda: projects.move(tools, ada, "acme/back/shop", "bobs")))
    members.add(tools, bob, "bobs", "ada", Role.MAINTAINER)
    assert projects.move(tools, ada, "acme/back/shop", "bobs").path == "bobs/shop"
    assert opened(tools, bob, "bobs/shop", Action.ADMINISTER) is not None


def test_a_deleted_project_takes_its_old_paths_with_it(tools: Tools, ada: Caller) -> None:
    projects.rename(tools, ada, "acme/back/shop", "store")
    refused = refusal(lambda: projects.delete(tools, ada, "acme/back/store"))
    assert isinstance(refused, NotEmpty)
    projects.delete(tools, ada, "acme/back/store", with_images=True)
    for path in ("acme/back/shop", "acme/back/store"):
        assert isinstance(refusal(lambda path=path: projects.get(tools, ada, path)), ProjectUnknown)
    with tools.db.read() as tx:
        left = set(tx.scalars(select(repositories.c.path)))
    assert left == {"acme/back/deep/tool/x", "acme/back-end/shop/web"}


def test_groups_that_hold_something_stay(tools: Tools, ada: Caller) -> None:
    for path in ("acme", "acme/back", "acme/back/deep"):
        assert isinstance(refusal(lambda path=path: groups.delete(tools, ada, path)), NotEmpty)
    projects.delete(tools, ada, "acme/back/deep/tool", with_images=True)
    groups.delete(tools, ada, "acme/back/deep")
    assert isinstance(refusal(lambda: groups.get(tools, ada, "acme/back/deep")), GroupUnknown)


def test_a_renamed_person_takes_their_projects_along(tools: Tools) -> None:
    bob = person(tools, "bob")
    projects.create(tools, bob, "bob/toy")
    push(tools, "bob/toy/x")
    users.rename(tools, OPERATOR, "bob", "robert")
    assert leads_to(tools, "bob/toy/x") == "robert/toy/x"
    new = person(tools, "bob")
    assert opened(tools, new, "bob/toy/x") is None
    assert leads_to(tools, "bob/toy/x") == "robert/toy/x"  # as long as the new bob has no project toy
    projects.create(tools, new, "bob/toy")
    assert leads_to(tools, "bob/toy/x") == "bob/toy/x"


def test_personal_namespaces_belong_to_their_person(tools: Tools, ada: Caller) -> None:
    for work in (
        lambda: groups.rename(tools, ada, "ada", "eda"),
        lambda: groups.move(tools, ada, "ada", "acme"),
        lambda: groups.delete(tools, ada, "ada"),
        lambda: groups.create(tools, ada, "ada/sub"),
        lambda: groups.move(tools, ada, "acme/back", "ada"),
        lambda: members.add(tools, ada, "ada", "ada", Role.OWNER),
    ):
        assert isinstance(refusal(work), SettingInvalid)
    assert isinstance(refusal(lambda: groups.get(tools, person(tools, "eve"), "ada")), GroupUnknown)
