"""Everything that can happen to a registry, in any order, against the model of what must be there after each step."""

import json
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select

from tests.actors import Actors
from tests.clock import Clock
from tests.domain.crashes import Crash, CrashingDatabase, CrashingStore, Fuse
from tests.domain.registry_model import DELAY, KEEP, Manifest, Model, Repository, Trashed
from wharfinger.db.tables.trash import trash as trash_table
from wharfinger.domain import garbage, images, loose, pull, push, quotas, recount, trash, uploads
from wharfinger.domain.access import OPERATOR, Caller, Grant
from wharfinger.domain.errors import (
    BlobInUse,
    BlobsMissing,
    BlobUnknown,
    Conflict,
    ManifestInUse,
    NotFound,
    StorageCrowded,
)
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action
from wharfinger.rules.scopes import CredentialKind
from wharfinger.spec import digest as digests
from wharfinger.storage.memory import MemoryStore

NAMES = ("one", "two")
TAGS = ("a", "b", "c")
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"

repositories = st.sampled_from(NAMES)
tags = st.sampled_from(TAGS)
numbers = st.integers(0, 4)
crashes = st.none() | st.integers(0, 14)


@dataclass
class Counted:
    """Steps that were run, for the report of a soak."""

    steps: int = 0


class RegistryMachine(RuleBasedStateMachine):
    """One project with two repositories. Every run has a project, a clock's hours and a store of its own."""

    tools: Tools
    counted: Counted

    def __init__(self) -> None:
        super().__init__()
        self.fuse, self.nonce = Fuse(), secrets.token_hex(8)
        self.bytes = MemoryStore()
        real = type(self).tools
        db: Any = CrashingDatabase(real.db, self.fuse)
        store: Any = CrashingStore(self.bytes, self.fuse)
        project = Actors(real).project()
        self.project, self.real = project.path, real
        self.tools = replace(real, db=db, store=store)
        self.paths = {name: f"{project.path}/{name}" for name in NAMES}
        grants = {path: Grant(project.id, frozenset(Action)) for path in self.paths.values()}
        self.caller = Caller(CredentialKind.PERSONAL, "ada", grants=grants)
        self.model = Model(self.paths.values())
        self.contents: dict[str, bytes] = {}
        self.cut_short: set[str] = (
            set()
        )  # kept by the store, and perhaps never known to the database: `verify` finds these
        self.entries: dict[int, Trashed | Repository] = {}
        self.acts = 0
        self.back = timedelta()  # how far the clock was put back, all in all

    # --- blobs

    @rule(name=repositories, number=numbers, cut=st.booleans(), crash=crashes)
    def upload(self, name: str, number: int, cut: bool, crash: int | None) -> None:
        self._upload(self.paths[name], self._data(number), cut=cut, crash=crash)

    @rule(name=repositories, number=numbers)
    def look(self, name: str, number: int) -> None:
        """What HEAD does. Whoever is told that a blob is here may build on that."""
        path, digest = self.paths[name], digests.of(self._data(number))
        try:
            found = pull.blob(self.tools, self.caller, path, digest)
            if found.leaving:
                pull.keep_blob(self.tools, self.caller, path, digest)
        except NotFound:
            return
        links = self.model.repositories[path].links
        links[digest] = max(links.get(digest, self._now), self._now + DELAY / 2)

    @rule(source=repositories, to=repositories, number=numbers, crash=crashes)
    def mount(self, source: str, to: str, number: int, crash: int | None) -> None:
        digest, path = digests.of(self._data(number)), self.paths[to]

        def mount() -> None:
            if uploads.mount(self.tools, self.caller, path, digest, self.paths[source]):
                self.model.repositories[path].links[digest] = self._now + DELAY

        with suppress(StorageCrowded):
            self._crashing(crash, mount)

    @rule(name=repositories, number=numbers)
    def delete_blob(self, name: str, number: int) -> None:
        path, digest = self.paths[name], digests.of(self._data(number))
        try:
            images.delete_blob(self.tools, self.caller, path, digest)
        except (NotFound, BlobInUse):
            return
        self.model.repositories[path].links.pop(digest, None)

    # --- manifests

    @rule(name=repositories, layers=st.sets(numbers, min_size=1, max_size=2), tag=st.none() | tags,
          subject=st.none() | numbers, fallback=st.booleans(), crash=crashes)  # fmt: skip
    def push_image(
        self, name: str, layers: set[int], tag: str | None, subject: int | None, fallback: bool, crash: int | None
    ) -> None:
        """An image, with or without its layers uploaded before; it may speak about another, by field or by tag."""
        path, blobs = self.paths[name], [self._data(number) for number in sorted(layers)]
        spoken_of = self._pick(path, subject)
        named = [{"mediaType": CONFIG, "digest": digests.of(data), "size": len(data)} for data in blobs]
        document: dict[str, Any] = {"schemaVersion": 2, "mediaType": IMAGE, "config": named[0], "layers": named}
        if spoken_of and fallback:
            tag, spoken_of = spoken_of.digest.replace(":", "-") + ".sig", None
        self._push(path, document, tag, spoken_of, blobs=tuple(item["digest"] for item in named), crash=crash)

    @rule(name=repositories, images=st.sets(numbers, max_size=3), tag=st.none() | tags, subject=st.none() | numbers,
          crash=crashes)  # fmt: skip
    def push_index(self, name: str, images: set[int], tag: str | None, subject: int | None, crash: int | None) -> None:
        path = self.paths[name]
        children = [child for child in (self._pick(path, number) for number in sorted(images)) if child]
        named = [{"mediaType": child.media_type, "digest": child.digest, "size": len(child.body)} for child in children]
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": named}
        self._push(path, document, tag, self._pick(path, subject), children=tuple(c.digest for c in children),
                   crash=crash)  # fmt: skip

    @rule(name=repositories, tag=tags, number=numbers, crash=crashes)
    def move_tag(self, name: str, tag: str, number: int, crash: int | None) -> None:
        manifest = self._pick(self.paths[name], number)
        if manifest:
            self._put(self.paths[name], manifest, tag, crash)

    @rule(name=repositories, number=numbers)
    def look_at_manifest(self, name: str, number: int) -> None:
        path, manifest = self.paths[name], self._pick(self.paths[name], number)
        if manifest is None:
            return
        try:
            found = pull.manifest(self.tools, self.caller, path, manifest.digest)
            if pull.leaving(self.tools, found):
                pull.keep_manifest(self.tools, self.caller, path, manifest.digest)
        except NotFound:
            return
        self._promise(self.model.repositories[path], manifest.digest, DELAY / 2)

    # --- deleting

    @rule(name=repositories, number=numbers, crash=crashes)
    def delete_tag(self, name: str, number: int, crash: int | None) -> None:
        path, repository = self.paths[name], self.model.repositories[self.paths[name]]
        if not repository.tags:
            return
        tag = sorted(repository.tags)[number % len(repository.tags)]
        self._crashing(crash, lambda: images.delete_tag(self.tools, self.caller, path, tag))
        if self._target(path, tag) is None:
            repository.tags.pop(tag)
            self._learn_trash(repository)

    @rule(name=repositories, chosen=st.sets(tags, min_size=1), crash=crashes)
    def delete_many(self, name: str, chosen: set[str], crash: int | None) -> None:
        """As one act, which `restore_many` undoes."""
        path, repository = self.paths[name], self.model.repositories[self.paths[name]]
        if not repository.tags:
            return
        self.acts += 1
        act = f"act {self.acts}"
        delete = images.delete_chosen
        self._crashing(crash, lambda: delete(self.tools, self.caller, path, sorted(chosen), batch=act))
        repository.tags = {tag: digest for tag, digest in repository.tags.items() if self._target(path, tag)}
        self._learn_trash(repository)

    @rule(name=repositories, number=numbers, crash=crashes)
    def delete_manifest(self, name: str, number: int, crash: int | None) -> None:
        path, repository = self.paths[name], self.model.repositories[self.paths[name]]
        manifest = self._pick(path, number)
        if manifest is None or self.real.lookup.by_digest(path, manifest.digest) is None:
            return
        try:
            self._crashing(crash, lambda: images.delete_manifest(self.tools, self.caller, path, manifest.digest))
        except ManifestInUse:
            return
        if self.real.lookup.by_digest(path, manifest.digest) is None:
            repository.tags = {tag: digest for tag, digest in repository.tags.items() if digest != manifest.digest}
            repository.here.discard(manifest.digest)
            self._learn_trash(repository)

    @rule(name=repositories)
    def delete_repository(self, name: str) -> None:
        path = self.paths[name]
        try:
            images.delete_repository(self.tools, self.caller, path)
        except NotFound:
            return
        gone = self.model.repositories[path]
        self.model.hidden.append((self._now + KEEP, gone))
        self.model.repositories[path] = Repository()
        for entry in self._list_trash():
            if entry.id not in self.entries:
                self.entries[entry.id] = gone

    @precondition(lambda self: self.entries)
    @rule(number=st.integers(0, 9), crash=crashes)
    def restore(self, number: int, crash: int | None) -> None:
        """Bring something back, if it is still there and nothing is in its way."""
        entries = self._list_trash()
        if not entries:
            return
        entry = entries[number % len(entries)]
        try:
            self._crashing(crash, lambda: trash.restore(self.tools, OPERATOR, self.project, entry.id))
        except (Conflict, NotFound):
            return
        if entry.id not in {left.id for left in self._list_trash()}:
            self._learn_restored(entry)

    @precondition(lambda self: self.acts)
    @rule(number=st.integers(1, 9), crash=crashes)
    def restore_many(self, number: int, crash: int | None) -> None:
        """Undo one act, as far as nothing is in the way."""
        act = f"act {1 + number % self.acts}"
        before = [entry for entry in self._list_trash() if entry.batch == act]
        if not before:
            return
        self._crashing(crash, lambda: trash.restore_batch(self.tools, OPERATOR, self.project, act))
        left = {entry.id for entry in self._list_trash()}
        for entry in before:
            if entry.id not in left and entry.id in self.entries:
                self._learn_restored(entry)

    def _learn_restored(self, entry: trash.Trashed) -> None:
        known = self.entries.pop(entry.id)
        if isinstance(known, Repository):
            self.model.hidden = [pair for pair in self.model.hidden if pair[1] is not known]
            self.model.repositories[entry.path] = known
        else:
            for repository in self.model.everywhere(self._now):
                repository.trash = [other for other in repository.trash if other is not known]
        self._learn_everything(entry.path)

    @rule()
    def empty_trash(self) -> None:
        trash.empty(self.tools, OPERATOR, self.project)
        for known in self.entries.values():
            if isinstance(known, Trashed):
                known.expires_at = self._now
        self.model.hidden = []

    @rule(limited=st.booleans())
    def limit(self, limited: bool) -> None:
        """There is room for all blobs of a run, but no more than two may be without a tag."""
        quotas.set_limit(self.tools, OPERATOR, self.project, 5_000 if limited else None)
        loose.look(self.tools)

    @rule()
    def look_at_the_loose(self) -> None:
        loose.look(self.tools)

    # --- time, garbage collection

    @rule(hours=st.integers(1, 200))
    def wait(self, hours: int) -> None:
        self._clock.advance(hours=hours)

    @rule(minutes=st.integers(1, 20) | st.integers(21, 48 * 60))
    def put_clock_back(self, minutes: int) -> None:
        """As NTP does where a clock was ahead."""
        self._clock.advance(minutes=-minutes)
        self.back += timedelta(minutes=minutes)

    @rule(crash=crashes)
    def collect(self, crash: int | None) -> None:
        self._crashing(crash, lambda: garbage.step(self.tools))

    @rule()
    def collect_next_day(self) -> None:
        self._clock.advance(hours=25)
        self._collect_all()

    # --- what must be so

    @invariant()
    def everything_reachable_is_there(self) -> None:
        type(self).counted.steps += 1
        now = self._now
        self._learn_revived()
        self.model.forget(now)
        for path, repository in self.model.repositories.items():
            for tag, digest in repository.tags.items():
                assert self._target(path, tag) == digest
            for digest in self.model.alive(repository, now):
                found = self.real.lookup.by_digest(path, digest)
                assert found is not None, f"lost the manifest {digest}"
                assert found.body == self.model.manifests[digest].body
            for digest in self.model.blobs(repository, now):
                assert self.real.lookup.blob(path, digest) is not None, f"lost the blob {digest} of {path}"
        for digest in self.model.kept(now):
            assert self.bytes.blobs.get(digest) == self.contents[digest], f"lost the bytes of {digest}"

    @invariant()
    def usage_is_exact(self) -> None:
        with self.real.db.read() as tx:
            assert not recount.drift(tx), recount.drift(tx)

    def teardown(self) -> None:
        """When all promises are over, nothing is left but what tags hold."""
        self._clock.now += self.back
        for _ in range(8):
            self._clock.advance(days=8)
            self._collect_all()
        self.everything_reachable_is_there()
        left = set(self.bytes.blobs) - self.model.kept(self._now)
        assert left <= self.cut_short, "something unreachable stays"
        assert not self.bytes.doomed
        for path in self.paths.values():
            trash.empty(self.tools, OPERATOR, self.project)
            for tag in list(self.model.repositories[path].tags):
                images.delete_tag(self.tools, self.caller, path, tag)

    # --- how it is done

    @property
    def _clock(self) -> Clock:
        clock = self.real.clock
        assert isinstance(clock, Clock)
        return clock

    @property
    def _now(self) -> datetime:
        """What time has passed: a clock that is put back takes nothing of it back, and ends no promise sooner."""
        return self._clock.now + self.back

    def _data(self, number: int) -> bytes:
        data = f"{self.nonce} {number}".encode()
        self.contents[digests.of(data)] = data
        return data

    def _pick(self, path: str, number: int | None) -> Manifest | None:
        """Some manifest that was pushed here, whether it is still here or not."""
        known = list(self.model.manifests.values())
        return known[-1 - number % len(known)] if known and number is not None else None

    def _upload(self, path: str, data: bytes, *, cut: bool, crash: int | None = None) -> None:
        digest, middle = digests.of(data), len(data) // 2 if cut else 0

        def upload() -> None:
            session = uploads.begin(self.tools, self.caller, path)
            for start, piece in ((0, data[:middle]), (middle, data[middle:])):
                last = digest if start == middle and piece else None
                if piece:
                    uploads.append(self.tools, self.caller, path, session.id, start=start, pieces=[piece], digest=last)
            self.model.repositories[path].links[digest] = self._now + DELAY

        if crash is not None:
            self.cut_short.add(digest)
        with suppress(StorageCrowded):
            self._crashing(crash, upload)

    def _push(self, path: str, document: dict[str, Any], tag: str | None, subject: Manifest | None, *,
              crash: int | None, blobs: tuple[str, ...] = (), children: tuple[str, ...] = ()) -> None:  # fmt: skip
        if subject:
            document["subject"] = {
                "mediaType": subject.media_type,
                "digest": subject.digest,
                "size": len(subject.body),
            }
        document["annotations"] = {"run": self.nonce}
        body = json.dumps(document).encode()
        manifest = Manifest(
            digests.of(body), body, document["mediaType"], blobs, children, subject.digest if subject else None
        )
        self.model.manifests[manifest.digest] = manifest
        self._put(path, manifest, tag, crash)

    def _put(self, path: str, manifest: Manifest, tag: str | None, crash: int | None) -> None:
        repository = self.model.repositories[path]
        wanted = set(manifest.blobs)
        promised = self.model.blobs(repository, self._now)
        before = None if tag is None else self._target(path, tag)

        def put() -> None:
            push.manifest(self.tools, self.caller, path, digest=manifest.digest, tags=[tag] if tag else [],
                          media_type=manifest.media_type, body=manifest.body)  # fmt: skip
            self._promise(repository, manifest.digest, DELAY)

        try:
            self._crashing(crash, put)
        except BlobsMissing:
            assert not wanted <= promised, "a client was told that these blobs are here"
            return
        except StorageCrowded:
            assert tag is None, "tagging what is here takes no room"
            return
        if tag is not None:
            after = self._target(path, tag)
            assert after in (before, manifest.digest)
            if after is not None:
                repository.tags[tag] = after
                repository.here.add(after)

    def _promise(self, repository: Repository, digest: str, time: timedelta) -> None:
        repository.here.add(digest)
        repository.promised[digest] = max(repository.promised.get(digest, self._now), self._now + time)

    def _crashing(self, crash: int | None, operation: Any) -> None:
        """Do it, and crash at this point of it; what was promised before the crash counts, and nothing else."""
        self.fuse.left = crash
        try:
            operation()
        except Crash:
            pass
        finally:
            self.fuse.left = None

    def _target(self, path: str, tag: str) -> str | None:
        found = self.real.lookup.by_tag(path, tag)
        return None if found is None else found.digest

    def _list_trash(self) -> list[trash.Trashed]:
        return trash.list_trash(self.real, OPERATOR, self.project, limit=10_000)

    def _learn_trash(self, repository: Repository) -> None:
        """What was just deleted holds what it held, until its time is over."""
        for entry in self._list_trash():
            if entry.id in self.entries:
                continue
            if entry.kind is trash.Kind.TAG:
                known = Trashed(entry.expires_at + self.back, manifests=self._tagged(entry))
            else:
                manifest = self.model.manifests[entry.name]
                known = Trashed(entry.expires_at + self.back, manifest.children, manifest.digest, manifest.blobs)
            self.entries[entry.id] = known
            repository.trash.append(known)

    def _tagged(self, entry: trash.Trashed) -> tuple[str, ...]:
        with self.real.db.read() as tx:
            from wharfinger.db import trash as rows

            return tuple(digest for _, digest in rows.needs(tx, [entry.id], "manifest"))

    def _learn_everything(self, path: str) -> None:
        """After something came back: tags are as the registry says, and the trash it came from is over."""
        repository = self.model.repositories[path]
        left = self._still_in_trash()
        for id_ in [id_ for id_ in self.entries if id_ not in left]:
            known = self.entries.pop(id_)
            repository.trash = [other for other in repository.trash if other is not known]
        listed = images.list_tags(self.real, self.caller, path, last="", limit=1000).names
        for tag in listed:
            target = self._target(path, tag)
            assert target is not None
            assert repository.tags.setdefault(tag, target) == target
            repository.here.add(target)

    def _still_in_trash(self) -> set[int]:
        """Also what is over: with the clock put back it may not be."""
        with self.real.db.read() as tx:
            return set(tx.scalars(select(trash_table.c.id)))

    def _learn_revived(self) -> None:
        """A manifest that nothing held, and that is still here, counts again once something holds it."""
        for path, repository in self.model.repositories.items():
            for digest in self.model.manifests.keys() - repository.here:
                if self.real.lookup.by_digest(path, digest) is not None:
                    repository.here.add(digest)

    def _collect_all(self) -> None:
        while garbage.step(self.tools).reviewed:
            pass
        for path, repository in self.model.repositories.items():
            repository.tags = {tag: digest for tag, digest in repository.tags.items() if self._stays(path, tag)}

    def _stays(self, path: str, tag: str) -> bool:
        """A fallback tag goes with its subject; no other tag goes by itself."""
        gone = self._target(path, tag) is None
        assert not gone or tag.startswith("sha256-"), f"the tag {tag} is lost"
        return not gone


__all__ = ["BlobUnknown", "RegistryMachine"]
