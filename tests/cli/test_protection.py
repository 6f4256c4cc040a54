"""`wharfinger protection`, read as its user reads it."""

import json

from tests.serving import Server


def test_listed_added_removed(server: Server) -> None:
    project = server.project().path
    none = server.command("protection", "list", project)
    assert none.stderr == f"Nothing is protected in {project}.\n"
    made = server.command("protection", "add", project, "tag", "^v", "--push", "maintainer", "--json")
    number = json.loads(made.stdout)["number"]
    server.command("protection", "add", project, "repository", f"{project}/web*", "--delete", "owner")
    server.command("protection", "add", project, "immutable", "^stable-")
    listed = server.command("protection", "list", project).stdout.splitlines()
    assert [line.split() for line in listed] == [
        ["number", "kind", "pattern", "push", "delete"],
        [str(number), "tag", "^v", "maintainer", "-"],
        [str(number + 1), "repository", f"{project}/web*", "-", "owner"],
        [str(number + 2), "immutable", "^stable-", "-", "-"],
    ]
    gone = server.command("protection", "remove", project, str(number))
    assert gone.stdout == "^v is no longer protected.\n"
    again = server.command("protection", "remove", project, str(number))
    assert (again.returncode, f"{project} has no rule {number}" in again.stderr) == (1, True)


def test_what_cannot_be(server: Server) -> None:
    project = server.project().path
    for words, why in (
        (("tag", "("), "no RE2 expression"),
        (("tag", "^v"), "needs a lowest level"),
        (("immutable", "^v", "--push", "owner"), "has no levels"),
        (("repository", "elsewhere/*", "--push", "owner"), f"has to begin with {project}"),
        (("tag", "^v", "--push", "guest"), "guest is no level"),
        (("branch", "main"), "branch is no kind"),
    ):
        said = server.command("protection", "add", project, *words)
        assert said.returncode != 0
        assert why in said.stderr.replace("│", "").replace("\n", " "), said.stderr
