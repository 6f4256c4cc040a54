"""Whatever happens to images and places, in any order and with crashes in between: the meters are right."""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.crashes import Crash, CrashingDatabase, Fuse
from wharfinger.db import meters
from wharfinger.domain import garbage, groups, images, projects, push, recount, trash, uploads
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.errors import Refusal
from wharfinger.domain.tools import Tools
from wharfinger.spec import digest as digests

EXAMPLES = int(os.environ.get("WHARFINGER_SOAK_EXAMPLES", "0"))
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"

places = st.integers(0, 2)
names = st.sampled_from(("one", "two"))
tags = st.sampled_from(("a", "b"))
numbers = st.integers(0, 3)
crashes = st.none() | st.integers(0, 8)


class UsageMachine(RuleBasedStateMachine):
    """Three projects in a tree of groups, all pushing from the same few layers."""

    tools: Tools

    def __init__(self) -> None:
        super().__init__()
        self.fuse, self.nonce, self.real = Fuse(), secrets.token_hex(6), type(self).tools
        db: Any = CrashingDatabase(self.real.db, self.fuse)
        self.crashing = replace(self.real, db=db)
        actors = Actors(self.real)
        top = [actors.group().path, actors.group().path]
        self.groups = [*top, actors.group(f"{top[0]}/sub").path]
        self.projects = [actors.project(f"{self.groups[place]}/p{place}").path for place in range(3)]
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
        self.manifests = [(digests.of(body), INDEX, body)]

    # --- images

    @rule(place=places, name=names, layers=st.sets(numbers, min_size=1), tag=st.none() | tags, crash=crashes,
          subject=st.none() | numbers, moment=st.integers(0, 2))  # fmt: skip
    def push_image(
        self,
        place: int,
        name: str,
        layers: set[int],
        tag: str | None,
        crash: int | None,
        subject: int | None,
        moment: int,
    ) -> None:
        named = []
        for data in [f"{self.nonce} {number}".encode() * (number + 1) for number in sorted(layers)]:
            self._try(lambda tools, data=data: self._upload(tools, place, name, data))
            named.append({"mediaType": IMAGE, "digest": digests.of(data), "size": len(data)})
        document = {"schemaVersion": 2, "mediaType": IMAGE, "config": named[0], "layers": named}
        document |= {"annotations": {"run": f"{self.nonce} {moment}"}} | self._subject(subject)
        self._push(place, name, document, tag, crash)

    @rule(place=places, name=names, children=st.sets(numbers), tag=st.none() | tags, crash=crashes,
          subject=st.none() | numbers)  # fmt: skip
    def push_index(
        self, place: int, name: str, children: set[int], tag: str | None, crash: int | None, subject: int | None
    ) -> None:
        """Of manifests that may be here or not yet: such an index is sparse."""
        found = [self.manifests[-1 - number % len(self.manifests)] for number in sorted(children)]
        named = [{"mediaType": media_type, "digest": digest, "size": 2} for digest, media_type, _ in found]
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": named} | self._subject(subject)
        self._push(place, name, document, tag, crash)

    @rule(place=places, name=names, number=numbers, tag=st.none() | tags, crash=crashes)
    def push_again(self, place: int, name: str, number: int, tag: str | None, crash: int | None) -> None:
        """What was pushed somewhere before, here or elsewhere."""
        _, media_type, body = self.manifests[-1 - number % len(self.manifests)]
        self._put(place, name, body, media_type, tag, crash)

    @rule(place=places, name=names, tag=tags, crash=crashes)
    def delete_tag(self, place: int, name: str, tag: str, crash: int | None) -> None:
        self._try(lambda tools: images.delete_tag(tools, self._caller(), self._path(place, name), tag), crash)

    @rule(place=places, name=names, number=numbers, crash=crashes)
    def delete_manifest(self, place: int, name: str, number: int, crash: int | None) -> None:
        digest = self.manifests[-1 - number % len(self.manifests)][0]
        path = self._path(place, name)
        self._try(lambda tools: images.delete_manifest(tools, self._caller(), path, digest), crash)

    @rule(place=places, name=names, crash=crashes)
    def delete_repository(self, place: int, name: str, crash: int | None) -> None:
        self._try(lambda tools: images.delete_repository(tools, self._caller(), self._path(place, name)), crash)

    @rule(place=places, number=st.integers(0, 5), crash=crashes)
    def restore(self, place: int, number: int, crash: int | None) -> None:
        project = self.projects[place]
        entries = trash.list_trash(self.real, OPERATOR, project)
        if entries:
            entry = entries[number % len(entries)]
            self._try(lambda tools: trash.restore(tools, OPERATOR, project, entry.id), crash)

    @rule(hours=st.integers(0, 30), crash=crashes)
    def collect(self, hours: int, crash: int | None) -> None:
        clock = self.real.clock
        assert isinstance(clock, Clock)
        clock.advance(hours=hours)
        self._try(garbage.step, crash)

    # --- places

    @rule(place=places, into=places, crash=crashes)
    def move_project(self, place: int, into: int, crash: int | None) -> None:
        project, group = self.projects[place], self.groups[into]
        self._try(lambda tools: projects.move(tools, OPERATOR, project, group), crash)
        self._learn()

    @rule(place=places, into=places, crash=crashes)
    def move_group(self, place: int, into: int, crash: int | None) -> None:
        group, parent = self.groups[place], "" if place == into else self.groups[into]
        self._try(lambda tools: groups.move(tools, OPERATOR, group, parent), crash)
        self._learn()

    @rule(place=places, into=places, crash=crashes)
    def replace_project(self, place: int, into: int, crash: int | None) -> None:
        project = self.projects[place]
        self._try(lambda tools: projects.delete(tools, OPERATOR, project, with_images=True), crash)
        made = f"{self.groups[into]}/{secrets.token_hex(4)}"
        try:
            projects.get(self.real, OPERATOR, project)
        except Refusal:
            self.projects[place] = projects.create(self.real, OPERATOR, made).path

    @rule(crash=crashes)
    def add_up(self, crash: int | None) -> None:
        self._try(self._fold, crash)

    # --- what must be so

    @invariant()
    def the_meters_are_right(self) -> None:
        with self.real.db.read() as tx:
            assert not recount.drift(tx)

    def teardown(self) -> None:
        for project in self.projects:
            projects.delete(self.real, OPERATOR, project, with_images=True)
        self._fold(self.real)
        self.the_meters_are_right()

    # --- how it is done

    def _fold(self, tools: Tools) -> None:
        with tools.db.begin() as tx:
            meters.add_up(tx, 20)

    def _caller(self) -> Caller:
        return OPERATOR

    def _path(self, place: int, name: str) -> str:
        return f"{self.projects[place]}/{name}"

    def _subject(self, number: int | None) -> dict[str, Any]:
        if number is None:
            return {}
        digest, media_type, _ = self.manifests[-1 - number % len(self.manifests)]
        return {"subject": {"mediaType": media_type, "digest": digest, "size": 2}}

    def _upload(self, tools: Tools, place: int, name: str, data: bytes) -> None:
        path = self._path(place, name)
        caller = Actors.pusher(tools, path)
        session = uploads.begin(tools, caller, path)
        uploads.append(tools, caller, path, session.id, start=0, pieces=[data], digest=digests.of(data))

    def _push(self, place: int, name: str, document: dict[str, Any], tag: str | None, crash: int | None) -> None:
        body = json.dumps(document).encode()
        self.manifests.append((digests.of(body), document["mediaType"], body))
        self._put(place, name, body, document["mediaType"], tag, crash)

    def _put(self, place: int, name: str, body: bytes, media_type: str, tag: str | None, crash: int | None) -> None:
        path, tags = self._path(place, name), [tag] if tag else []

        def put(tools: Tools) -> None:
            caller = Actors.pusher(tools, path)
            push.manifest(tools, caller, path, digest=digests.of(body), tags=tags, media_type=media_type, body=body)

        self._try(put, crash)

    def _try(self, operation: Callable[[Tools], object], crash: int | None = None) -> None:
        self.fuse.left = crash
        try:
            operation(self.crashing)
        except (Crash, Refusal):
            pass
        finally:
            self.fuse.left = None

    def _learn(self) -> None:
        """Where places are now: old paths lead there."""
        self.groups = [groups.get(self.real, OPERATOR, path).path for path in self.groups]
        self.projects = [projects.get(self.real, OPERATOR, path).path for path in self.projects]


def test_the_meters_are_right_whatever_happens(tools: Tools, database_url: str) -> None:
    tools = replace(tools, policy=replace(tools.policy, gc_delay=timedelta(hours=1), trash_keep=timedelta(hours=9)))
    machine = type("Machine", (UsageMachine,), {"tools": tools})
    examples = EXAMPLES or (30 if database_url.startswith("sqlite") else 12)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
