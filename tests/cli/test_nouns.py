"""What an operator does with people, groups, projects, members and tokens."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Invoke, Ran
from wharfinger.app import compose
from wharfinger.config.load import load
from wharfinger.domain import groups
from wharfinger.domain.access import OPERATOR
from wharfinger.rules import secrets
from wharfinger.rules.scopes import CredentialKind


class Console:
    """Commands on the embedded database of an empty folder."""

    def __init__(self, invoke: Invoke) -> None:
        self._invoke = invoke

    def __call__(self, line: str, stdin: str = "") -> Ran:
        return self._invoke(*line.split(), stdin=stdin)

    def said(self, line: str, stdin: str = "") -> str:
        """What a command that succeeds prints."""
        ran = self(line, stdin)
        assert ran.code == 0, ran.err
        return ran.out

    def read(self, line: str, stdin: str = "") -> Any:
        """What a command prints as JSON."""
        return json.loads(self.said(f"{line} --json", stdin))

    def refused(self, line: str, stdin: str = "") -> str:
        """The one sentence of a command that fails."""
        ran = self(line, stdin)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith("wharfinger: ")
        assert ran.err.count("\n") == 1
        return ran.err


@pytest.fixture
def console(invoke: Invoke) -> Console:
    assert invoke("migrate").code == 0
    return Console(invoke)


def test_a_person_with_a_password_of_their_own(console: Console) -> None:
    made = console.read("user create ada --name Ada --email ada@example.com --password", "a long password\n")
    assert (made["username"], made["must_change_password"], made["admin"]) == ("ada", False, False)
    assert "one_time_password" not in made
    assert console.read("user show ada")["email"] == "ada@example.com"


def test_a_person_with_a_generated_password(console: Console) -> None:
    made = console.read("user create ada")
    assert len(made["one_time_password"]) >= 16
    assert console.read("user show ada")["must_change_password"] is True
    assert "one_time_password" not in console.read("user show ada")
    another = console.said("user password ada --generate").strip()
    assert another != made["one_time_password"]
    console.said("user password ada", "a long password\n")
    assert console.read("user show ada")["must_change_password"] is False


def test_people_change(console: Console) -> None:
    console.said("user create ada")
    console.said("user create root --admin")
    assert console.read("user change ada --name Augusta --admin")["admin"] is True
    console.said("user rename ada countess")
    console.said("user block countess")
    assert [(one["username"], one["blocked"]) for one in console.read("user list")] == [
        ("countess", True),
        ("root", False),
    ]
    console.said("user unblock countess")
    assert "by password alone" in console.said("user remove-second-factor countess --yes")
    assert "no user nobody" in console.refused("user remove-second-factor nobody --yes")
    assert "last administrator" not in console.said("user delete countess --yes")
    assert "last administrator" in console.refused("user delete root --yes")
    assert [one["username"] for one in console.read("user list")] == ["root"]


def test_groups_and_projects(console: Console) -> None:
    console.said("user create ada")
    assert console.read("group create acme --visibility public --owner ada")["visibility"] == "public"
    console.said("group create acme/backend")
    console.said("project create acme/shop --visibility internal")
    console.said("project create ada/notes")
    assert [one["path"] for one in console.read("group list")] == ["acme", "acme/backend"]
    assert [one["path"] for one in console.read("project list")] == ["acme/shop", "ada/notes"]
    assert [one["path"] for one in console.read("project list --group acme")] == ["acme/shop"]
    assert "acme/store now" in console.said("project rename acme/shop store")
    assert "acme/backend/store" not in console.refused("project move acme/store acme/backend")
    console.said("project change acme/store --visibility private")
    assert "acme/backend/store now" in console.said("project move acme/store acme/backend")
    assert console.read("project show acme/shop")["path"] == "acme/backend/store", "former paths lead there"
    assert "backend now" in console.said("group move acme/backend /")
    assert "still holds" in console.refused("group delete backend --yes")
    console.said("project delete backend/store --yes")
    console.said("group delete backend --yes")
    assert [one["path"] for one in console.read("group list")] == ["acme"]


def test_members(console: Console) -> None:
    for name in ("ada", "bob"):
        console.said(f"user create {name}")
    console.said("group create acme --owner ada")
    console.said("project create acme/shop")
    assert "bob is developer of acme/shop until 2099-12-31." in console.said(
        "member add acme/shop bob developer --until 2099-12-31"
    )
    members = {one["username"]: one for one in console.read("member list acme/shop")}
    assert (members["ada"]["role"], members["ada"]["of"]) == ("owner", "acme")
    assert members["bob"]["until"].startswith("2099-12-31")
    assert [one["username"] for one in console.read("member list acme/shop --direct")] == ["bob"]
    console.said("member remove acme/shop bob")
    assert console.read("member list acme/shop --direct") == []
    assert "acme has no members" not in console("member list acme").err


def test_a_token_is_alone_on_standard_output(console: Console) -> None:
    console.said("user create ada")
    made = console("token create laptop --user ada")
    token = made.out.strip()
    assert made.out == token + "\n"
    assert secrets.check(token) is CredentialKind.PERSONAL
    assert token not in made.err
    assert "read_registry, write_registry" in made.err
    (listed,) = console.read("token list --user ada")
    assert (listed["name"], listed["kind"], listed["scopes"]) == ("laptop", "personal", "read_registry write_registry")
    assert token not in json.dumps(listed)


def test_tokens_of_places_and_machines(console: Console) -> None:
    console.said("group create acme --visibility public")
    console.said("project create acme/shop")
    bot = console.read("token create ci --project acme/shop --role maintainer --until 2099-01-01")
    assert (bot["kind"], bot["role"], bot["expires_at"][:10]) == ("project", "maintainer", "2099-01-01")
    assert secrets.check(bot["token"]) is CredentialKind.PROJECT
    machine = console.read("token create deploy --group acme --deploy --username puller")
    assert (machine["kind"], machine["username"], machine["scopes"]) == ("deploy", "puller", "read_registry")
    assert [one["kind"] for one in console.read("token list --group acme")] == ["deploy"]
    console.said(f"token revoke {bot['number']} --yes")
    assert console.read("token list --project acme/shop") == []
    assert len(console.read("token list --project acme/shop --all")) == 1


def test_a_scope_nobody_knows(console: Console) -> None:
    console.said("user create ada")
    assert "everything" in console.refused("token create x --user ada --scope everything")


def test_a_token_is_rotated(console: Console) -> None:
    console.said("user create ada")
    old = console.read("token create laptop --user ada --scope read_registry")
    new = console.read(f"token rotate {old['number']}")
    assert (new["name"], new["scopes"]) == ("laptop", "read_registry")
    assert new["token"] != old["token"]
    assert [one["number"] for one in console.read("token list --user ada")] == [new["number"]]
    console.said("user revoke-tokens ada --yes")
    assert console.read("token list --user ada") == []


def test_signing_keys_are_rotated(console: Console) -> None:
    assert console.said("token rotate-keys") != console.said("token rotate-keys")
    assert "key" in console.said("token rotate-keys --at-once")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("user show nobody", "no user nobody"),
        ("user create Ada", "lower case"),
        ("user password nobody --generate", "no user nobody"),
        ("project create acme/shop", "acme"),
        ("project create shop", "write <group>/shop"),
        ("group show nothing", "nothing"),
        ("member add nothing nobody guest", "nothing"),
        ("token create x --user nobody", "no user nobody"),
        ("token revoke 99 --yes", "99"),
        ("user delete nobody", "add --yes"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(console: Console, line: str, said: str) -> None:
    assert said in console.refused(line)


def test_no_password_came(console: Console) -> None:
    assert "standard input" in console.refused("user create ada --password")
    assert "no user ada" in console.refused("user show ada"), "nothing was made"


@pytest.mark.parametrize(
    "line",
    [
        "user",
        "nothing",
        "user list --nothing",
        "member add acme ada emperor",
        "member add acme ada guest --until tomorrow",
        "project create a/b --visibility secret",
        "token create x",
        "token create x --user a --project b/c",
        "token create x --user a --deploy",
        "token create x --user a --username puller",
        "token create x --user a --role developer",
        "token create x --group acme --deploy --role developer",
        "token revoke abc",
    ],
)
def test_what_was_written_wrongly_ends_with_2(console: Console, line: str) -> None:
    ran = console(line)
    assert (ran.code, "Traceback" in ran.err) == (2, False)


def test_tables_for_people(console: Console, home: Path) -> None:
    assert console("user list").err == "There are no users yet.\n"
    console.said("user create ada")
    header, row = console.said("user list").splitlines()
    assert header.split()[:3] == ["username", "name", "email"]
    assert row.split()[:5] == ["ada", "ada", "-", "no", "no"]
    assert (home / "data" / "wharfinger.db").exists()


def test_who_stands_in_the_wrong_folder_is_told(invoke: Invoke, home: Path) -> None:
    lost = invoke("token", "create", "first", "--user", "root")
    note, sentence = lost.err.splitlines()
    assert note.startswith("No settings file was found here, and no database in ")
    assert sentence == "wharfinger: no user root: check the name"
    (home / "wharfinger.toml").write_text('data = "other"')
    assert invoke("user", "list").err == "There are no users yet.\n"


def test_long_lists_are_whole(console: Console) -> None:
    """More than fit on one page of the operations."""
    console.said("user create ada")
    tools = compose.open_tools(load(None, {}))
    for number in range(510):
        groups.create(tools, OPERATOR, f"group-{number:03}")
    compose.close(tools)
    assert [one["path"] for one in console.read("group list")] == [f"group-{number:03}" for number in range(510)]


def test_version(invoke: Invoke) -> None:
    assert invoke("--version").out.startswith("wharfinger ")


def test_a_role_that_is_missing_or_none(console: Console) -> None:
    missing = console("member add acme ada")
    assert missing.code == 2
    assert "10" not in missing.err and "Missing argument 'ROLE'" in missing.err
    wrong = console("member add acme ada developr")
    assert wrong.code == 2
    assert "developr is no role; there are guest, reporter, developer, maintainer, owner" in " ".join(
        wrong.err.replace("│", " ").split()
    )


def test_a_place_that_is_neither_group_nor_project(console: Console) -> None:
    assert "no group or project nope" in console.refused("quota show nope")


def test_a_project_below_a_project(console: Console) -> None:
    console.said("group create acme")
    console.said("project create acme/shop")
    console.said("group create beta")
    console.said("project create beta/toy")
    assert "acme/shop is a project, and holds images" in console.refused("project create acme/shop/web")
    assert "acme/shop is a project, and holds images" in console.refused("project move beta/toy acme/shop")
    assert "no group acme/nothing" in console.refused("project create acme/nothing/web")
