"""Random trees of places, random memberships, random moves: rights and paths are those of a much simpler model.

The model keeps every place as an object that knows its parent, and answers by walking up. The database must agree
on what everybody may do with every project, on which projects a listing shows, and on where every path leads that was
ever in use.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection

from tests.clock import Clock
from tests.conftest import MakeDatabase
from tests.domain.people import later, person, push
from tests.in_process import build_tools, close_tools
from wharfinger.domain import access, groups, images, members, projects
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.errors import Refusal
from wharfinger.domain.tools import Policy, Tools
from wharfinger.rules.roles import Action, Profile, Role, Visibility
from wharfinger.rules.roles import may as may_by_role

# names that contain, precede and imitate each other
NAMES = ("a", "b", "ab", "a_b", "axb", "a-b", "a0")
PEOPLE = ("ann", "ben", "cid")


THERE: dict[str, Any] = {"signed_in": True, "profile": Profile.DEFAULT}


def opens(tx: Connection, caller: Caller, node: "Node", action: Action) -> bool:
    try:
        return access.open_repository(tx, caller, f"{node.path}/img", action).project_path == node.path
    except Refusal:
        return False


@dataclass(eq=False)
class Node:
    """A place of the model. `parent` is None at the top."""

    name: str
    parent: "Node | None"
    project: bool = False
    visibility: Visibility = Visibility.PRIVATE
    roles: dict[str, tuple[Role, float | None]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"{self.parent.path}/{self.name}" if self.parent else self.name

    @property
    def line(self) -> "list[Node]":
        """This place and all above it."""
        return [self, *(self.parent.line if self.parent else [])]

    def role(self, who: str, now: float) -> Role | None:
        held = [node.roles[who] for node in self.line if who in node.roles]
        return max((role for role, end in held if end is None or end > now), default=None)


class Rights(RuleBasedStateMachine):
    """Both worlds side by side: every rule does the same in the database and in the model."""

    url = ""

    @initialize()
    def begin(self) -> None:
        self.clock = Clock()
        self.tools: Tools = build_tools(next(self.urls), self.clock, Policy())
        self.callers: dict[str, Caller] = {name: person(self.tools, name) for name in PEOPLE}
        self.nodes: list[Node] = []
        self.former: dict[str, Node] = {}
        self.pushed: set[Node] = set()
        self.start = self.clock().timestamp()

    urls: Iterator[str]

    @property
    def now(self) -> float:
        return self.clock().timestamp()

    def teardown(self) -> None:
        if hasattr(self, "tools"):
            close_tools(self.tools)

    # --- what happens

    @rule(data=st.data(), name=st.sampled_from(NAMES), visibility=st.sampled_from(Visibility))
    def make_group(self, data: st.DataObject, name: str, visibility: Visibility) -> None:
        parent = data.draw(st.sampled_from([None, *self.groups]))
        node = Node(name, parent, visibility=visibility)
        allowed = self.free(node.path) and (parent is None or visibility <= parent.visibility) and len(node.line) <= 4
        with self.expected(allowed=allowed):
            if len(node.line) > 4:
                raise Refusal("deep enough for the model")
            groups.create(self.tools, OPERATOR, node.path, visibility=visibility)
            self.take(node)

    @precondition(lambda self: self.groups)
    @rule(data=st.data(), name=st.sampled_from(NAMES), visibility=st.sampled_from(Visibility))
    def make_project(self, data: st.DataObject, name: str, visibility: Visibility) -> None:
        parent = data.draw(st.sampled_from(self.groups))
        node = Node(name, parent, project=True, visibility=visibility)
        with self.expected(allowed=self.free(node.path) and visibility <= parent.visibility):
            projects.create(self.tools, OPERATOR, node.path, visibility=visibility)
            self.take(node)

    @precondition(lambda self: self.nodes)
    @rule(data=st.data(), who=st.sampled_from(PEOPLE), role=st.sampled_from(Role), hours=st.sampled_from([None, 1, 5]))
    def join(self, data: st.DataObject, who: str, role: Role, hours: int | None) -> None:
        node = data.draw(st.sampled_from(self.nodes))
        end = None if hours is None else self.now + hours * 3600
        last = node.roles.get(who, (None, None))[0] is Role.OWNER and not node.project and node.parent is None
        if last and (role is not Role.OWNER or end is not None):
            return  # whether another owner is left is tested with the members
        moment = None if end is None else self.clock().fromtimestamp(end, self.clock().tzinfo)
        members.add(self.tools, OPERATOR, node.path, who, role, expires_at=moment)
        node.roles[who] = (role, end)

    @precondition(lambda self: self.nodes)
    @rule(data=st.data(), name=st.sampled_from(NAMES))
    def rename(self, data: st.DataObject, name: str) -> None:
        node = data.draw(st.sampled_from(self.nodes))
        new = Node(name, node.parent).path
        with self.expected(allowed=new == node.path or self.free(new)):
            (projects if node.project else groups).rename(self.tools, OPERATOR, node.path, name)
            self.carry(node, name, node.parent)

    @precondition(lambda self: self.groups)
    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from(self.nodes))
        into = data.draw(st.sampled_from(self.groups if node.project else [None, *self.groups]))
        new = Node(node.name, into).path
        inside = into is not None and node in into.line
        most = max(one.visibility for one in self.below(node))
        fits = into is None or most <= into.visibility
        with self.expected(allowed=not inside and fits and (new == node.path or self.free(new))):
            target = into.path if into else ""
            (projects if node.project else groups).move(self.tools, OPERATOR, node.path, target)
            self.carry(node, node.name, into)

    @precondition(lambda self: self.nodes)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from(self.nodes))
        if node.project:
            projects.delete(self.tools, OPERATOR, node.path, with_images=True)
            self.forget(node)
            return
        with self.expected(allowed=self.below(node) == [node]):
            groups.delete(self.tools, OPERATOR, node.path)
            self.forget(node)

    @precondition(lambda self: self.projects)
    @rule(data=st.data())
    def push(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from(self.projects))
        push(self.tools, f"{node.path}/img")
        self.pushed.add(node)

    @rule()
    def wait(self) -> None:
        self.clock.advance(hours=1)

    # --- what must hold

    @invariant()
    def rights_agree(self) -> None:
        for who, caller in getattr(self, "callers", {}).items():
            signed_in = later(self.tools, caller)
            with self.tools.db.read() as tx:
                for node in self.projects:
                    role = node.role(who, self.now)
                    allowed = {action for action in Action if may_by_role(action, role, node.visibility, **THERE)}
                    assert {action for action in Action if opens(tx, signed_in, node, action)} == allowed

    @invariant()
    def listings_agree(self) -> None:
        for who, caller in getattr(self, "callers", {}).items():
            signed_in = later(self.tools, caller)
            readable = {
                node
                for node in self.projects
                if node.role(who, self.now) is not None or node.visibility is not Visibility.PRIVATE
            }
            found = projects.list_projects(self.tools, signed_in)
            assert [one.path for one in found] == sorted(node.path for node in readable)
            assert [one.role for one in found] == [
                node.role(who, self.now) for node in sorted(readable, key=lambda node: node.path)
            ]
            shown = images.list_repositories(self.tools, signed_in, last="", limit=100).names
            assert shown == sorted(f"{node.path}/img" for node in readable & self.pushed)

    @invariant()
    def paths_agree(self) -> None:
        if not hasattr(self, "tools"):
            return
        with self.tools.db.read() as tx:
            for path, node in self.former.items():
                if node.project:
                    place = access.open_repository(tx, OPERATOR, path, Action.PULL)
                    assert (place.project_path, place.name) == (node.path, ""), path
                else:
                    assert access.open_group(tx, OPERATOR, path, Action.PULL).path == node.path

    # --- the model

    @property
    def groups(self) -> list[Node]:
        return [node for node in getattr(self, "nodes", []) if not node.project]

    @property
    def projects(self) -> list[Node]:
        return [node for node in getattr(self, "nodes", []) if node.project]

    def free(self, path: str) -> bool:
        return path not in {node.path for node in self.nodes}

    def below(self, top: Node) -> list[Node]:
        """A place and everything in it."""
        return [node for node in self.nodes if top in node.line]

    def take(self, node: Node) -> None:
        self.nodes.append(node)
        self.settle([node])

    def carry(self, node: Node, name: str, parent: Node | None) -> None:
        moving = self.below(node)
        before = {one.path: one for one in moving}
        node.name, node.parent = name, parent
        self.former.update(before)
        self.settle(moving)

    def settle(self, nodes: list[Node]) -> None:
        """Places that take a path end what it led to before; projects own all names below theirs."""
        for node in nodes:
            for path in list(self.former):
                if path == node.path or (node.project and path.startswith(f"{node.path}/")):
                    del self.former[path]

    def forget(self, node: Node) -> None:
        self.nodes.remove(node)
        self.pushed.discard(node)
        self.former = {path: one for path, one in self.former.items() if one is not node}

    @contextmanager
    def expected(self, *, allowed: bool) -> Iterator[None]:
        """The database refuses exactly what the model does not allow."""
        try:
            yield
        except Refusal as refused:
            assert not allowed, refused
        else:
            assert allowed


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_rights_and_paths_are_those_of_the_model(kind: str, make_database: MakeDatabase) -> None:
    def urls() -> Iterator[str]:
        while True:
            yield make_database(kind)

    machine = type("Machine", (Rights,), {"urls": urls()})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
