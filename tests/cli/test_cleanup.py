"""`wharfinger cleanup`, read as its user reads it."""

import json
import re

from tests.serving import Server, until
from tests.web.oci.contents import image
from tests.web.oci.registry_client import Registry
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import policies
from wharfinger.domain.cleanup.terms import Terms


def test_previewed_run_and_taken_back(server: Server) -> None:
    made = server.project()
    project, owner = made.path, server.user(made, "owner")
    registry = Registry(server.url, owner.username, server.token(owner))
    pushed = [registry.push(f"{project}/web", image(), tag) for tag in ("a", "b", "latest")]
    none = server.command("cleanup", "list", project)
    assert none.stderr == (f"There is no cleanup policy for {project}: `wharfinger cleanup set {project}` makes one.\n")
    policies.save(server.tools, OPERATOR, project, Terms(enabled=True, keep_n=1, older_than=None))
    listed = server.command("cleanup", "list", project).stdout.splitlines()
    columns = (
        "policy of on holds enforced repositories keep newest keep keep pulled remove older than by use untagged every "
        "next run"
    )
    assert listed[0].split() == columns.split()
    assert listed[1].split()[:11] == ["default", project, "yes", "yes", "no", "*", "1", "-", "-", ".*", "-"]
    said = server.command("cleanup", "preview", project).stdout
    assert re.search(rf"{project}/web:a +yes +matches \.\* and is not the newest +default", said)
    assert re.search(rf"{project}/web:b +no +is the newest", said)
    freed = sum(map(len, pushed[0].blobs))
    assert f"1 of 3 tags would go, which frees {freed} bytes." in said
    assert "The others stay: 1 among the newest, 1 latest." in said or "1 latest, 1 among the newest" in said
    started = server.command("cleanup", "run", project, "--yes")
    number = re.findall(r"Run (\d+) is queued", started.stdout)[0]

    def state() -> str:
        rows = json.loads(server.command("cleanup", "history", project, "--json").stdout)
        return str(rows[0]["state"])

    assert until(lambda: state() == "done", 60)
    assert registry.tags(f"{project}/web") == ["b", "latest"]
    back = server.command("cleanup", "undo", project, number, "--yes")
    assert back.stdout == (
        "1 thing came back.\nIts policy is off now, so that the next run does not take them again.\n"
    )
    assert state() == "restored"
    absent = server.command("cleanup", "run", project, "--policy", "none", "--yes")
    assert absent.stderr == (f"wharfinger: no cleanup policy none is for {project}: list them to see what there is\n")


def test_a_policy_from_first_to_last(server: Server) -> None:
    project = server.project().path

    def cleanup(*words: str) -> str:
        return server.command("cleanup", *words).stdout

    said = cleanup(
        "set", project, "--policy", "dev", "--every", "7d", "--image", "web*", "--image", ".", "--keep-newest", "5",
        "--keep", "v.+", "--keep-pulled", "30d", "--remove", "dev-.*", "--older-than", "14d", "--by-use", "--untagged",
    )  # fmt: skip
    assert [line.split(maxsplit=1)[0] for line in said.splitlines()][:3] == ["policy", "of", "on"]
    (found,) = policies.list_policies(server.tools, OPERATOR, project)
    assert found.terms == Terms(
        "dev", repositories=("web*", "."), cadence="7d", keep_n=5, older_than="14d", name_regex="dev-.*",
        name_regex_keep="v.+", keep_pulled="30d", by_use=True, untagged=True,
    )  # fmt: skip
    changed = json.loads(
        cleanup("set", project, "--policy", "dev", "--keep-newest", "none", "--keep", "none", "--keep-pulled", "none",
                "--older-than", "none", "--no-by-use", "--json")
    )  # fmt: skip
    assert [changed[name] for name in ("on", "keep_newest", "keep", "keep_pulled", "older_than", "by_use")] == [
        False, None, "", None, None, False
    ]  # fmt: skip
    assert (changed["remove"], changed["untagged"], changed["every"]) == ("dev-.*", True, "7d"), "what was not given"
    assert re.fullmatch(
        r"The policy dev is on and runs next at .* UTC\.\n", cleanup("enable", project, "--policy", "dev")
    )
    assert policies.list_policies(server.tools, OPERATOR, project)[0].holds
    assert cleanup("disable", project, "--policy", "dev") == "The policy dev is off.\n"
    assert not policies.list_policies(server.tools, OPERATOR, project)[0].terms.enabled
    assert cleanup("remove", project, "--policy", "dev", "--yes") == "The policy dev is gone.\n"
    assert policies.list_policies(server.tools, OPERATOR, project) == []


def test_what_no_policy_says(server: Server) -> None:
    project = server.project().path
    for words, why in (
        (("set", project, "--remove", "("), "wharfinger: --remove: the pattern"),
        (("set", project, "--every", "5x"), "wharfinger: --every: the duration '5x' is not understood"),
        (("set", project, "--keep-newest", "few"), "few is no count; write a number, or none"),
        (("set", project, "--enforced"), "only policies of groups and of the instance are"),
        (("enable", project), f"no cleanup policy default is for {project}"),
        (("disable", "/", "--policy", "absent"), "no cleanup policy absent is for the whole registry"),
        (("set", "nowhere"), "nowhere"),
    ):
        assert why in server.command("cleanup", *words).stderr
    assert policies.list_policies(server.tools, OPERATOR, project) == []


def test_a_new_policy_is_off_and_says_how_to_look_at_it(server: Server) -> None:
    project = server.project().path
    said = server.command("cleanup", "set", project, "--remove", "dev-.*").stderr
    assert f"`wharfinger cleanup preview {project} --policy default` shows what it would take now" in said
    assert f"`wharfinger cleanup enable {project}` switches it on" in said
    nothing = server.command("cleanup", "preview", project)
    assert "`--policy default` looks at one that is off." in nothing.stderr
    server.command("cleanup", "enable", project)
    assert server.command("cleanup", "set", project, "--keep-newest", "3").stderr == ""


def test_a_group_is_previewed_by_project(server: Server) -> None:
    made = server.project()
    group, owner = made.path.partition("/")[0], server.user(made, "owner")
    Registry(server.url, owner.username, server.token(owner)).push(f"{made.path}/web", image(), "a")
    assert server.command("cleanup", "preview", f"{group}").stdout.splitlines()[1].split()[:4] == [
        made.path, "no", "0", "0"
    ]  # fmt: skip
    server.command("cleanup", "set", group, "--keep-newest", "none", "--older-than", "none")
    found = json.loads(server.command("cleanup", "preview", group, "--policy", "default", "--json").stdout)
    assert [(one["project"], one["holds"], one["would_go"], one["of"]) for one in found] == [(made.path, True, 1, 1)]
    server.command("cleanup", "remove", group, "--yes")


def test_a_run_is_stopped(server: Server) -> None:
    project = server.project().path
    policies.save(server.tools, OPERATOR, project, Terms())
    nothing = server.command("cleanup", "stop", project, "999999999")
    assert f"{project} has no cleanup run 999999999" in nothing.stderr
    number = json.loads(server.command("cleanup", "run", project, "--yes", "--json").stdout)["number"]
    said = server.command("cleanup", "stop", project, str(number))
    ended = f"the cleanup run {number} has ended already" in said.stderr
    assert ended or said.stdout.startswith(f"Run {number} is stopped. It removed 0 tags.")
