"""Taking over what the reference registry keeps: rows are written, files are linked or named, no byte is copied.

It goes through the operations of a push, so what a push would refuse is not taken, and reported. Manifests and tags
keep their dates. It may run beside a server, be ended at any time and be run again: what is here stays as it is, and a
tag moves only if it was moved there later than here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from wharfinger.db import images as rows
from wharfinger.db import inventory
from wharfinger.domain import access, images, kept, push
from wharfinger.domain.access import OPERATOR, Caller, Grant
from wharfinger.domain.errors import NotFound, Refusal, RepositoryUnknown
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Action
from wharfinger.spec import manifest as manifests
from wharfinger.spec import media_types, strict_json
from wharfinger.spec import name as names
from wharfinger.spec.errors import Malformed, quoted
from wharfinger.spec.manifest import Manifest
from wharfinger.storage.place import Place
from wharfinger.storage.reference import Link, Reference
from wharfinger.storage.store import BytesMissing, StoreError

NAME: Final = "import"  # who pushed, as tags carry it

_NOT_TAKEN: Final = (Refusal, Malformed, StoreError)


@dataclass
class Taken:
    """One repository: where it is now, what of it was new, and a sentence for what could not be taken."""

    repository: str
    path: str
    manifests: int = 0
    tags: int = 0
    blobs: int = 0
    size_bytes: int = 0
    problems: list[str] = field(default_factory=list)


def repositories(tools: Tools, source: Reference, into: str, *, copy: bool) -> Iterator[Taken]:
    """Take over every repository, as an image of the project `into`. Raises ProjectUnknown, StoreFailed."""
    with tools.db.read() as tx:
        project = access.open_project(tx, OPERATOR, into, Action.PUSH)
    for repository in map(_told, source.repositories()):
        taken = Taken(repository, f"{project.path}/{repository}")
        try:
            caller = _caller(tools, taken.path, project.id)
            _Move(tools, source, caller, taken, copy).run()
        except RepositoryUnknown:
            taken.problems.append(f"{taken.path} was deleted or moved while it was taken over: import once more")
        except _NOT_TAKEN as refusal:
            taken.problems.append(str(refusal))
        yield taken


def _caller(tools: Tools, path: str, project: int) -> Caller:
    """Who pushes to this path. Raises RepositoryUnknown, Malformed where no image of the project can be called so."""
    names.repository(path)
    with tools.db.read() as tx:
        try:
            place = access.open_repository(tx, OPERATOR, path, Action.PUSH)
        except NotFound:
            said = f"{path} lies too deep: an image is two levels below its project at most; import into a deeper one"
            raise Malformed("NAME_INVALID", said) from None
    if place.project_id != project:
        raise Malformed("NAME_INVALID", f"{path} belongs to another project, {place.project_path}: import it there")
    return replace(OPERATOR, name=NAME, grants={path: Grant(project, frozenset(Action))})


@dataclass(frozen=True, slots=True)
class _Move:
    tools: Tools
    source: Reference
    caller: Caller
    taken: Taken
    copy: bool

    def run(self) -> None:
        """Manifests first, those of images before the indexes that name them; then tags."""
        repository = images.open_for_push(self.tools, self.caller, self.taken.path).id
        found = {link.digest: link for link in self._links(self.source.revisions(self.taken.repository))}
        kinds = {digest: kind for digest, link in found.items() if (kind := self._kind(link))}
        ordered = sorted(kinds, key=lambda digest: kinds[digest] == "index")
        here = {digest for digest in ordered if self._manifest(repository, found[digest])}
        for link in self._links(self.source.tags(self.taken.repository)):
            if link.digest in here:
                self._tag(repository, link)
            elif link.digest not in found:
                self.taken.problems.append(f"the tag {quoted(link.name)} leads to {link.digest}, which is not there")

    def _links(self, links: Iterator[Link | StoreError]) -> Iterator[Link]:
        for link in links:
            if isinstance(link, StoreError):
                self.taken.problems.append(str(link))
            else:
                yield link

    def _kind(self, link: Link) -> str | None:
        """What the manifest is; None, and a sentence, where it cannot be taken."""
        try:
            return self._read(link)[2].kind
        except _NOT_TAKEN as refusal:
            self.taken.problems.append(f"the manifest {link.digest} is not taken: {refusal}")
            return None

    def _manifest(self, repository: int, link: Link) -> bool:
        """Is it here now? Raises RepositoryUnknown: with the repository goes all the rest of it."""
        with self.tools.db.read() as tx:
            if rows.manifest_id(tx, repository, link.digest) is not None:
                return True
        try:
            body, media_type, parsed = self._read(link)
            self._blobs(repository, parsed)
            self._push(link, [], media_type, body)
        except RepositoryUnknown:
            raise
        except _NOT_TAKEN as refusal:
            self.taken.problems.append(f"the manifest {link.digest} is not taken: {refusal}")
            return False
        self.taken.manifests += 1
        return True

    def _read(self, link: Link) -> tuple[bytes, str, Manifest]:
        body = self.source.body(link.digest, self.tools.policy.manifest_limit_bytes + 1)
        media_type = _media_type(body)
        return body, media_type, manifests.parse(body, media_type)

    def _blobs(self, repository: int, parsed: Manifest) -> None:
        sizes = {each.digest: each.size_bytes for each in (parsed.config, *parsed.layers) if each is not None}
        with self.tools.db.begin() as tx:  # it holds them for a moment, which a transaction that only reads may not
            held = rows.held_blobs(tx, repository, parsed.blobs) if parsed.blobs else set()
            known = inventory.known(tx, parsed.blobs) if parsed.blobs else set()
        for digest in parsed.blobs:
            if digest not in held:
                self._blob(repository, digest, sizes[digest], known=digest in known)

    def _blob(self, repository: int, digest: str, size: int, *, known: bool) -> None:
        """Let the bytes be ours, then let the blob exist: in this order, as in a push."""
        if self.source.size(digest) != size:
            raise BytesMissing(f"the bytes of {digest} are not the {size} that the manifest says")
        if not (known and self._mounted(repository, digest)):
            place, now = self.source.adopt(self.tools.store, digest, copy=self.copy), self.tools.clock()
            blob = {"digest": digest, "size_bytes": size, "place": place}
            with images.still_there(self.taken.path), self.tools.db.begin() as tx:
                rows.hold_blob(tx, repository, blob, now=now, later=now + self.tools.policy.gc_delay)
                if _is_ours(place) and rows.blob_place(tx, digest) == place:
                    kept.adopt(tx, self.tools, digest, place)
                if not self.tools.store.kept(digest, place):
                    raise BytesMissing(f"the blob {digest} was being removed while it was linked: import once more")
        self.taken.blobs += 1
        self.taken.size_bytes += size

    def _mounted(self, repository: int, digest: str) -> bool:
        """False where its bytes may be on their way out, or are lost: then they come from there."""
        now = self.tools.clock()
        with images.still_there(self.taken.path), self.tools.db.begin() as tx:
            later = now + self.tools.policy.gc_delay
            mounted = rows.mount_blob(tx, repository, digest, now=now, later=later)
            return mounted and self.tools.store.kept(digest, rows.blob_place(tx, digest))

    def _tag(self, repository: int, link: Link) -> None:
        try:
            names.tag(link.name)
            with self.tools.db.read() as tx:
                now = inventory.tag(tx, repository, link.name)
            if now is not None and (now.digest == link.digest or now.pushed_at >= self._moment(link)):
                return
            body, media_type, _ = self._read(link)
            self._push(link, [link.name], media_type, body)
        except RepositoryUnknown:
            raise
        except _NOT_TAKEN as refusal:
            self.taken.problems.append(f"the tag {quoted(link.name)} is not taken: {refusal}")
            return
        self.taken.tags += 1

    def _push(self, link: Link, tags: list[str], media_type: str, body: bytes) -> None:
        """Push as it was pushed then: the clock stands at the link's time. Only its review counts from now."""
        policy, moment = self.tools.policy, self._moment(link)
        waiting = replace(policy, gc_delay=self.tools.clock() + policy.gc_delay - moment)
        then = replace(self.tools, clock=lambda: moment, policy=waiting)
        path = self.taken.path
        push.manifest(then, self.caller, path, digest=link.digest, tags=tags, media_type=media_type, body=body)

    def _moment(self, link: Link) -> datetime:
        """When a link was written. A file can say anything: nothing was pushed before 1970, or will have been."""
        return datetime.fromtimestamp(min(max(link.written_at, 0), self.tools.clock().timestamp()), UTC)


def _told(name: str) -> str:
    """The name of a folder, which may be no text: that of a repository is as it was."""
    return name.encode(errors="backslashreplace").decode()


def _is_ours(place: str) -> bool:
    """Did we write these bytes, and are to name them soon?"""
    return bool(place) and not Place.parse(place).object


def _media_type(body: bytes) -> str:
    """The reference registry keeps none: it is the manifest's own, or of OCI, whose manifests may leave it out."""
    document = strict_json.loads(body)
    if not isinstance(document, dict):
        return media_types.OCI_IMAGE
    named = document.get("mediaType")
    return str(named) if named else media_types.OCI_INDEX if "manifests" in document else media_types.OCI_IMAGE
