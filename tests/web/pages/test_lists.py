"""Lists of projects, groups, members and ended tokens: searched, filtered and sorted as by the API, page by page."""

import re
from datetime import timedelta

from playwright.sync_api import expect

from tests.actors import fresh
from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.visitor import Visitor, somebody
from wharfinger.domain import groups, members, projects, tokens, users
from wharfinger.domain.access import OPERATOR
from wharfinger.rules.roles import Role, Visibility

SHOWN = re.compile(r'<tr id="(?:project|group)-\d+">.*?href="/([^"]+)"', re.DOTALL)
MORE = re.compile(r'href="([^"]*after=[^"]+)" class="btn')


def shown(visitor: Visitor, path: str, **asked: str) -> list[str]:
    """The paths of a list, of all its pages."""
    text = visitor.get(path, params=asked).text
    found, more = SHOWN.findall(text), MORE.search(text)
    while more:
        text = visitor.get(more[1].replace("&amp;", "&")).text
        found, more = found + SHOWN.findall(text), MORE.search(text)
    return found


def test_projects_are_filtered_and_sorted(person: NewPerson, site: Server) -> None:
    group, ada = site.group().path, person()
    for name, visibility in (("north", "private"), ("east", "public"), ("south", "public")):
        site.project(f"{group}/{name}", visibility)
    members.add(site.tools, OPERATOR, f"{group}/north", ada.username, Role.REPORTER)
    members.add(site.tools, OPERATOR, f"{group}/east", ada.username, Role.MAINTAINER)
    page = ada.open(f"/projects?q={group}")
    links = page.locator("#found tbody a")
    expect(links).to_have_text([f"{group}/{name}" for name in ("east", "north", "south")])
    page.get_by_label("Sort by").select_option("Newest first")
    expect(links).to_have_text([f"{group}/{name}" for name in ("south", "east", "north")])
    page.get_by_label("Visibility").select_option("Public")
    expect(links).to_have_text([f"{group}/{name}" for name in ("south", "east")])
    page.get_by_label("Your role").select_option("Reporter or more")
    expect(links).to_have_text([f"{group}/east"])
    expect(page.get_by_label("Sort by")).to_have_value("created")
    ada.check("projects-filtered", ("time",))
    page.get_by_label("Visibility").select_option("Internal")
    expect(page.get_by_role("heading", name="No project is like that")).to_be_visible()
    page.goto(f"/{group}?visibility=private&role=reporter")
    expect(links).to_have_text([f"{group}/north"])


def test_filter_and_order_of_projects_go_on_to_the_next_page(site: Server) -> None:
    group, root = site.group().path, somebody(site, admin=True)
    made = [site.project(f"{group}/p{number:02}", "public").path for number in range(52)]
    projects.change(site.tools, OPERATOR, made[5], visibility=Visibility.INTERNAL)
    asked = {"visibility": "public", "sort": "created"}
    assert shown(root, f"/{group}", **asked) == [path for path in made[::-1] if path != made[5]]
    assert shown(root, f"/{group}", **{**asked, "visibility": "nonsense", "sort": "oldest"}) == made
    assert shown(Visitor(site), "/projects", q=group) == [path for path in made if path != made[5]]


def test_groups_are_filtered_and_sorted(person: NewPerson, site: Server) -> None:
    word, ada = fresh("pier"), person()
    top, other = site.group(f"b-{word}").path, site.group(f"a-{word}").path
    below = site.group(f"{top}/deep").path
    groups.change(site.tools, OPERATOR, below, name="Älteste")
    members.add(site.tools, OPERATOR, below, ada.username, Role.DEVELOPER)
    page = ada.open("/groups")
    page.get_by_label("Find a group").fill(word)
    links = page.locator("#found tbody a")
    expect(links).to_have_text([other, top, below])
    page.get_by_label("Sort by").select_option("Newest first")
    expect(links).to_have_text([below, other, top])
    page.get_by_label("Show", exact=True).select_option("Topmost only")
    expect(links).to_have_text([other, top])
    ada.check("groups-filtered")
    page.get_by_label("Show", exact=True).select_option("All")
    page.get_by_label("Your role").select_option("Developer or more")
    expect(links).to_have_text([below])
    expect(page.get_by_label("Find a group")).to_have_value(word)
    root = somebody(site, admin=True)
    assert shown(root, "/admin/groups", q=word, level="top", sort="oldest") == [top, other]
    assert shown(root, "/groups", q="Älteste", role="nonsense") == [below]


def test_groups_go_on_to_the_next_page(site: Server) -> None:
    above, root = site.group().path, somebody(site, admin=True)
    made = [site.group(f"{above}/g{number:02}").path for number in range(51)]
    assert shown(root, "/groups", q=f"{above}/", sort="created") == made[::-1]


def test_groups_below_a_group_are_looked_through(person: NewPerson, site: Server) -> None:
    above, word, root = site.group().path, fresh("pier"), person(admin=True)
    north = site.group(f"{above}/north-{word}").path
    deep = site.group(f"{north}/deep-{word}").path
    site.group(f"elsewhere-{word}")
    page = root.open(f"/{above}")
    page.get_by_role("link", name="see those further below").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Groups in {above}")
    links = page.locator("#found tbody a")
    expect(links).to_have_text([north, deep])
    page.get_by_label("Find a group").fill(word.upper())
    page.get_by_label("Sort by").select_option("Newest first")
    expect(links).to_have_text([deep, north])
    page.get_by_label("Show", exact=True).select_option("Topmost only")
    expect(links).to_have_text([north])
    root.check("groups-within")
    hidden = site.group(f"{fresh('hidden')}", "private").path
    assert somebody(site).get("/groups", params={"within": hidden}).status_code == 404
    assert somebody(site).get("/groups", params={"within": "no-such-group"}).status_code == 404


def test_a_member_is_found_by_name(person: NewPerson, site: Server) -> None:
    project, ada = site.project(), site.user()
    users.change(site.tools, OPERATOR, ada.username, name="Ada Lovelace")
    members.add(site.tools, OPERATOR, project.path, ada.username, Role.DEVELOPER)
    users.block(site.tools, OPERATOR, ada.username)
    guest = person(project, "guest")
    page = guest.open(f"/{project.path}/-/members")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    page.get_by_label("Find a member").fill("LOVE")
    page.get_by_role("button", name="Find").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Blocked")
    expect(rows).to_contain_text("member since just now")
    guest.check("members-found", ("time",))
    page.get_by_label("Find a member").fill("nobody")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", name="Nobody here is called like that")).to_be_visible()


def test_tokens_that_ended_still_say_what_they_were_for(person: NewPerson, site: Server) -> None:
    project = site.project()
    ends = site.tools.clock() + timedelta(days=9)
    made = tokens.create_bot(
        site.tools, OPERATOR, project.path, "nightly", ["read_api"], expires_at=ends, description="For the night."
    )
    tokens.revoke(site.tools, OPERATOR, made.token.id)
    owner = person(project, "owner")
    page = owner.open(f"/{project.path}/-/tokens")
    page.get_by_text("1 token expired or revoked").click()
    row = page.get_by_role("row").filter(has_text="nightly")
    for said in ("read_api", "For the night.", "created just now", "never", "revoked just now"):
        expect(row).to_contain_text(said)
    owner.check("tokens-ended", ("time",))


def test_numbers_by_which_the_api_knows_things_are_told(site: Server) -> None:
    root, ada, project = somebody(site, admin=True), site.user(), site.project()
    group = project.path.rpartition("/")[0]
    assert "changed <time" not in root.get(f"/{project.path}").text
    projects.change(site.tools, OPERATOR, project.path, description="More.")
    assert "changed <time" in root.get(f"/{project.path}").text
    known = groups.get(site.tools, OPERATOR, group)
    for path, said in (
        (f"/{project.path}", f"Project number {project.id}, created"),
        (f"/{group}", f"Group number {known.id}, created"),
        (f"/{ada.username}", "Namespace number "),
        (f"/admin/users/{ada.username}", f"User number {ada.id}, created"),
    ):
        assert said in root.get(path).text
    assert f'href="/{ada.username}"' in root.get(f"/admin/users/{ada.username}").text
