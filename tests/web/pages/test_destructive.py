"""Whatever destroys something asks first, says what goes, and can be undone or asks to type the name."""

from collections.abc import Iterator, Mapping

import pytest
from playwright.sync_api import expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.harbour import Harbour, furnish
from tests.web.pages.people import confirm
from tests.web.pages.visitor import Visitor, somebody
from wharfinger.domain import protection, queue, selection, tokens, trash, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import policies
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.web.pages.routes import TABLE

DESTROYING = {"delete", "disconnect", "empty", "end", "factor", "forget", "passkeys", "remove", "revoke", "revoke_all",
              "tokens"}  # fmt: skip
OTHERWISE = {  # lines that end so and do not ask for a name
    "/profile/sessions/end": "one signs in again",
    "/profile/oidc/disconnect": "the account is connected again",
    "/profile/second-factor/remove": "it asks for the password, and is added again",
    "/{place:place}/-/registry/{id}/tags/delete": "what goes lies in the trash; many ask for the image's path",
    "/{place:place}/-/members/remove": "a member is added again; who leaves types the path",
    "/profile/passkeys/remove": "test_passkeys.py has one to try it with",
    "/admin/jobs/forget": "the page asks to type which kind of job it is",
    "/profile/tokens": "makes one",
    "/profile/passkeys": "makes one",
    "/{place:place}/-/tokens": "makes one",
    "/admin/users/{username}/tokens": "makes one",
}


@pytest.fixture(scope="module")
def harbour(site: Server) -> Harbour:
    return furnish(site)


@pytest.fixture(scope="module")
def root(site: Server) -> Visitor:
    return somebody(site, admin=True)


@pytest.fixture(scope="module")
def fields(site: Server, harbour: Harbour, root: Visitor) -> Iterator[Mapping[str, Mapping[str, object]]]:
    """What the forms carry, by the line's path, so that only the name is missing."""
    tools, project = site.tools, harbour.project
    own = tokens.create_personal(tools, OPERATOR, "own", ["api"], username=root.username)
    theirs = tokens.create_personal(tools, OPERATOR, "theirs", ["api"], username=harbour.username)
    deploy = tokens.create_deploy(tools, OPERATOR, project, "deployer", ["read_registry"])
    policies.save(tools, OPERATOR, "", Terms(name="spare", enabled=False))
    policies.save(tools, OPERATOR, project, Terms(name="spare", enabled=False))
    (rule, *_) = protection.list_rules(tools, OPERATOR, project)
    yield {
        "/profile/tokens/revoke": {"token": own.token.id},
        "/{place:place}/-/tokens/revoke": {"token": deploy.token.id},
        "/admin/users/{username}/tokens/revoke": {"token": theirs.token.id},
        "/admin/deploy_tokens/revoke": {"token": deploy.token.id},
        "/admin/tokens/revoke": {"token": theirs.token.id},
        "/admin/cleanup/remove": {"name": "spare"},
        "/{place:place}/-/cleanup/remove": {"name": "spare"},
        "/{place:place}/-/protection/remove": {"rule": rule.id, "kind": rule.rule.kind.value},
    }
    policies.remove(tools, OPERATOR, "", "spare")  # other tests look at what the installation has


LINES = [line for line in TABLE if line.method == "POST" and line.path.rpartition("/")[2] in DESTROYING]


@pytest.mark.parametrize("line", [line.path for line in LINES if line.path not in OTHERWISE])
def test_nothing_goes_unless_its_name_is_typed(
    harbour: Harbour, root: Visitor, fields: Mapping[str, Mapping[str, object]], line: str
) -> None:
    for typed in ("", "another name"):
        answer = root.post(harbour.path(line), {**fields.get(line, {}), "typed": typed})
        assert answer.status_code == 422
        assert "nothing was done: type " in answer.text.lower()


def test_no_exception_is_out_of_date() -> None:
    assert OTHERWISE.keys() <= {line.path for line in LINES}


def test_one_thing_goes_from_the_trash(person: NewPerson, site: Server, harbour: Harbour) -> None:
    selection.delete(site.tools, OPERATOR, f"{harbour.project}/worker", selection.Wanted(("1.7",)))
    page = person(admin=True).open(f"/{harbour.project}/-/trash")
    row = page.get_by_role("row").filter(has_text="worker:1.7")
    row.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text(f"{harbour.project}/worker:1.7. It cannot be brought back")
    confirm(page, "Delete for good", f"{harbour.project}/worker:1.7")
    expect(page.get_by_role("status").filter(has_text="1 thing is gone")).to_be_visible()
    assert not [one for one in trash.list_trash(site.tools, OPERATOR, harbour.project) if one.name == "1.7"]


def test_a_policy_is_removed(person: NewPerson, site: Server) -> None:
    project = site.project()
    policies.save(site.tools, OPERATOR, project.path, Terms(name="old", enabled=True))
    page = person(project, "maintainer").open(f"/{project.path}/-/cleanup")
    page.get_by_role("row", name="old").get_by_role("button", name="Remove").click()
    confirm(page, "Remove", "old")
    expect(page.get_by_role("status").first).to_contain_text("The policy old is gone.")


def test_who_leaves_types_the_path(person: NewPerson, site: Server) -> None:
    project = site.project()
    page = person(project, "developer").open(f"/{project.path}/-/members")
    page.get_by_role("button", name="Leave").click()
    confirm(page, "Leave", project.path)
    expect(page.get_by_role("status").first).to_contain_text(f"no longer a member of {project.path}")


def job(site: Server, task: str) -> int:
    """The number of the newest of this kind."""
    return max(one.id for one in queue.list_jobs(site.tools, OPERATOR, limit=1000) if one.task == task)


def test_a_job_is_forgotten(person: NewPerson, site: Server) -> None:
    with site.tools.db.begin() as tx:
        queue.put(tx, site.tools, "no such duty", {"about": "nothing"})
    number = job(site, "no such duty")
    page = person(admin=True).open(f"/admin/jobs?after={number + 1}")  # newer ones may be many
    row = page.get_by_role("row").filter(has_text="no such duty")
    row.get_by_role("button", name="Forget").click()
    confirm(page, "Forget", "no such duty")
    expect(page.get_by_role("status").first).to_contain_text("The job is forgotten.")


def test_a_password_and_tokens_of_somebody_end(person: NewPerson, site: Server) -> None:
    ada = site.user()
    tokens.create_personal(site.tools, OPERATOR, "laptop", ["api"], username=ada.username)
    page = person(admin=True).open(f"/admin/users/{ada.username}")
    page.get_by_role("button", name="Revoke all tokens").click()
    confirm(page, "Revoke", ada.username)
    expect(page.get_by_role("status").first).to_contain_text("All their tokens are revoked")
    page.get_by_role("button", name="Reset password").click()
    confirm(page, "Reset", ada.username)
    expect(page.get_by_role("heading", name="A one-time password")).to_be_visible()
    assert users.get(site.tools, OPERATOR, ada.username).password_once


def test_one_browser_is_signed_out(person: NewPerson) -> None:
    page = person().open("/profile/sessions")
    page.get_by_role("button", name="Sign out").last.click()
    expect(page.get_by_role("dialog")).to_contain_text("has to sign in again")
    confirm(page, "Sign out")
    page.wait_for_url("**/login**")
