"""Many at once: whatever comes first, all paths agree in the end, and one of many wins where only one can."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from sqlalchemy import select

from tests.domain.people import person, push
from tests.in_process import build_tools, close_tools
from wharfinger.db.tables.images import repositories
from wharfinger.db.tables.places import namespaces, routes
from wharfinger.db.tables.places import projects as project_table
from wharfinger.domain import groups, members, projects, tokens, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import Refusal
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Role

THREADS = 8


def at_once(work: list[Callable[[], object]]) -> list[object]:
    """What each returned, or how it was refused; anything else is an error of the test."""

    def run(one: Callable[[], object]) -> object:
        try:
            return one()
        except Refusal as refused:
            return refused

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(run, work))


def done(outcomes: list[object]) -> int:
    return sum(not isinstance(outcome, Refusal) for outcome in outcomes)


def test_a_path_is_given_once(tools: Tools) -> None:
    ada = person(tools, "ada")
    for make in (
        lambda: groups.create(tools, ada, "acme"),
        lambda: projects.create(tools, ada, "acme/shop"),
        lambda: users.create(tools, OPERATOR, "bob"),
    ):
        assert done(at_once([make] * THREADS)) == 1
    mixed = [lambda: groups.create(tools, ada, "acme/x"), lambda: projects.create(tools, ada, "acme/x")]
    assert done(at_once(mixed * 4)) == 1


def test_a_new_server_has_one_first_administrator(tools: Tools) -> None:
    other = build_tools(tools.db.url, tools.clock, tools.policy)  # type: ignore[arg-type]
    passwords = at_once([lambda one=one: users.ensure_admin(one) for one in (tools, other) * 3])
    assert len([password for password in passwords if password]) == 1
    close_tools(other)


def test_a_token_is_rotated_once(tools: Tools) -> None:
    ada = person(tools, "ada")
    made = tokens.create_personal(tools, ada, "x", ["api"])
    assert done(at_once([lambda: tokens.rotate(tools, ada, made.token.id)] * THREADS)) == 1
    assert len(tokens.list_personal(tools, ada)) == 2


def test_the_last_owners_cannot_all_leave(tools: Tools) -> None:
    owners = [person(tools, name) for name in ("ada", "bob", "cid", "dan")]
    groups.create(tools, owners[0], "acme")
    for owner in owners[1:]:
        members.add(tools, owners[0], "acme", owner.name, Role.OWNER)
    leaving = [lambda owner=owner: members.remove(tools, owner, "acme", owner.name) for owner in owners]
    assert done(at_once(leaving)) == len(owners) - 1
    assert len(members.list_members(tools, OPERATOR, "acme")) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_paths_agree_after_many_moves_and_pushes_at_once(tools: Tools, seed: int) -> None:
    names, random = ("a", "b", "c"), Random(seed)
    for name in names:
        groups.create(tools, OPERATOR, name)
        projects.create(tools, OPERATOR, f"{name}/shop")

    def some() -> Callable[[], object]:
        one, two, three = (random.choice(names) for _ in range(3))
        return random.choice(
            [
                lambda: groups.rename(tools, OPERATOR, one, f"{two}{three}"),
                lambda: groups.rename(tools, OPERATOR, f"{one}{two}", three),
                lambda: groups.create(tools, OPERATOR, f"{one}/{two}"),
                lambda: groups.move(tools, OPERATOR, f"{one}/{two}", three),
                lambda: groups.move(tools, OPERATOR, one, two),
                lambda: groups.move(tools, OPERATOR, f"{one}/{two}", ""),
                lambda: projects.create(tools, OPERATOR, f"{one}/{two}/tool"),
                lambda: projects.move(tools, OPERATOR, f"{one}/shop", f"{two}/{three}"),
                lambda: push(tools, f"{one}/shop/{two}"),
                lambda: push(tools, f"{one}/{two}/tool/{three}"),
                lambda: push(tools, f"{one}{two}/shop/{three}"),
            ]
        )

    assert done(at_once([some() for _ in range(200)])) > 40
    with tools.db.read() as tx:
        places = {row.id: row for row in tx.execute(select(*namespaces.c))}
        found = {row.id: row for row in tx.execute(select(*project_table.c))}
        images = tx.execute(select(*repositories.c)).all()
        leading = {row.path: row for row in tx.execute(select(*routes.c).where(~routes.c.former))}
    for row in places.values():
        above = "" if row.parent_id is None else f"{places[row.parent_id].path}/"
        assert row.path.rpartition("/")[0] == above.rstrip("/"), row.path
        assert leading.pop(row.path).namespace_id == row.id
    for row in found.values():
        assert row.path.rpartition("/")[0] == places[row.namespace_id].path
        assert leading.pop(row.path).project_id == row.id
    assert leading == {}
    assert images
    for row in images:
        assert row.path == f"{found[row.project_id].path}/{row.name}"
