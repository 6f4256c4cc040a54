"""How the platform refuses.

A refusal is raised where it is noticed and translated once, by the table of the dialect that answers. It carries
facts as attributes and one sentence for people; it knows nothing of HTTP. The sentence says what was wrong, where,
and what to do next, and says no more than its reader may know.
"""

from datetime import timedelta

from wharfinger.rules import sizes


class Refusal(Exception):
    """Something the platform will not do. `str(refusal)` is the sentence for people."""


class Unauthenticated(Refusal):
    """Who asks is not known, or not well enough: signing in may help."""


class NotFound(Refusal):
    """There is no such thing, or the caller may not know that there is."""


class Denied(Refusal):
    """The caller is known, may know the thing, and may not do this to it."""


class Conflict(Refusal):
    """The thing is in a state that does not allow this now."""


class Invalid(Refusal):
    """What was sent cannot be right, whoever sends it."""


class TooLarge(Refusal):
    """What was sent is over a limit."""


class Exhausted(Refusal):
    """Too much of it, for now. `retry_after` says when it may pass."""

    def __init__(self, sentence: str, retry_after: timedelta) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


# --- who and where


class CredentialRefused(Unauthenticated):
    """A credential was sent and is wrong, expired, revoked or not allowed here."""


class SignInNeeded(Unauthenticated):
    """No usable token came with the request; `scope` is the one to ask the token service for."""

    def __init__(self, sentence: str, scope: str = "", error: str = "") -> None:
        super().__init__(sentence)
        self.scope, self.error = scope, error


class LoginsLimited(Exhausted):
    """Too many failed logins from this address or for this account."""


class ScopeMissing(Denied):
    """The credential's scopes or the caller's role lack what the action needs."""


class UserUnknown(NotFound):
    """No such user."""


class GroupUnknown(NotFound):
    """No such group, or not one the caller may see."""


class ProjectUnknown(NotFound):
    """No such project, or not one the caller may see."""


class MemberUnknown(NotFound):
    """The person is not a member here."""


class SessionUnknown(NotFound):
    """No such session, or it is over."""


class ServiceUnknown(NotFound):
    """The token service issues nothing for such a service."""


class TokenUnknown(NotFound):
    """No such access token."""


class PathTaken(Conflict):
    """Another group, project, user or repository already has this path."""


class NotEmpty(Conflict):
    """The thing still holds others and cannot go before them."""


class PathInvalid(Invalid):
    """A path or name that no group, project or user may have."""


class SettingInvalid(Invalid):
    """A value that this attribute cannot have."""


# --- images


class NameInvalid(Invalid):
    """A repository name outside the grammar of the distribution spec."""


class RepositoryUnknown(NotFound):
    """The project is there, the repository in it is not."""


class ManifestUnknown(NotFound):
    """No manifest under this tag or digest."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"no manifest {reference} in this repository: list its tags to see what there is")
        self.reference = reference


class BlobUnknown(NotFound):
    """No blob of this digest in this repository."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"no blob {digest} in this repository: push it, or mount it from a repository that has it")
        self.digest = digest


class BytesLost(BlobUnknown):
    """The blob was pushed, and the store no longer has its bytes: telling so lets the next push heal it."""


class UploadUnknown(NotFound):
    """No such upload in this repository: it never began, was finished, was cancelled or ran out of time."""


class BlobsMissing(Invalid):
    """A manifest names blobs that this repository does not have."""

    def __init__(self, digests: list[str]) -> None:
        super().__init__("the manifest names blobs that are not in this repository: push or mount them first")
        self.digests = digests


class ManifestsMissing(BlobsMissing):
    """An index names manifests that this repository does not have, where sparse indexes are not allowed."""


class ManifestInvalid(Invalid):
    """Bytes that are no manifest, or one that contradicts itself or its Content-Type."""


class ManifestTooLarge(TooLarge):
    """A manifest over the limit."""


class DigestMismatch(Invalid):
    """The bytes do not have the digest that was promised for them."""

    def __init__(self, promised: str, found: str) -> None:
        super().__init__(f"the bytes received have the digest {found}, not {promised}: send them again")
        self.promised, self.found = promised, found


class DigestInvalid(Invalid):
    """A digest that is malformed or of an algorithm not known here."""


class TagInvalid(Invalid):
    """A tag outside the grammar of the distribution spec."""


class RangeInvalid(Invalid):
    """A chunk that does not start where the upload stands. `offset` is where it does stand, in bytes."""

    def __init__(self, sentence: str, offset: int) -> None:
        super().__init__(sentence)
        self.offset = offset


class SizeMismatch(Invalid):
    """The body was shorter or longer than announced."""


class QuotaExceeded(Denied):
    """There is no room for more in the place at `path`, "" being the instance: other things may still be done.

    `used_bytes` with what was refused, if `added`; else what is used already.
    """

    def __init__(self, path: str, used_bytes: int, limit_bytes: int, *, added: bool) -> None:
        whose = f"the storage of {path}" if path else "the storage of this registry"
        uses = "with this it would use" if added else "it uses"
        numbers = f": {uses} {sizes.in_words(used_bytes)} of {sizes.in_words(limit_bytes)}" if path else ""
        who = f"an owner of {path.rpartition('/')[0]}" if "/" in path else "an administrator"
        super().__init__(
            f"{whose} is full{numbers}. Delete tags that nobody needs, or ask {who} for a higher limit; pulling and "
            "deleting go on"
        )
        self.path, self.used_bytes, self.limit_bytes = path, used_bytes, limit_bytes


class StorageCrowded(Denied):
    """The place at `path`, "" being the instance, holds too much that no tag keeps: nothing more of it comes in."""

    def __init__(self, path: str, loose_bytes: int, limit_bytes: int) -> None:
        whose = f"the storage of {path}" if path else "the storage of this registry"
        numbers = f" ({sizes.in_words(loose_bytes)}, its limit being {sizes.in_words(limit_bytes)})" if path else ""
        super().__init__(
            f"{whose} holds too much that no tag keeps{numbers}: images without tags, the trash, unfinished uploads. "
            "It goes by itself, and sooner if the trash is emptied. Pulling, tagging what is there and deleting go on"
        )
        self.path, self.loose_bytes, self.limit_bytes = path, loose_bytes, limit_bytes


class BlobTooLarge(TooLarge):
    """A blob over the limit."""


class UploadBusy(Conflict):
    """Another request is writing to this upload."""


class TagUnknown(NotFound):
    """No such tag in this repository."""


class NotComparable(Conflict):
    """Two things that have nothing to be compared by."""


class RepositoryProtected(Denied):
    """A rule of the project lets only some push to this repository, or delete in it."""


class TagProtected(Denied):
    """A rule of the project lets only some push or delete this tag."""

    def __init__(self, sentence: str, tag: str) -> None:
        super().__init__(sentence)
        self.tag = tag


class TagImmutable(TagProtected):
    """A tag that is created once and never moves nor goes."""


class ManifestProtected(TagProtected):
    """A manifest that a protected or immutable tag points to."""


class RuleUnknown(NotFound):
    """No such rule or policy in this place."""


class RuleTaken(Conflict):
    """The place has such a rule or policy already."""


class RunUnfinished(Conflict):
    """A run of cleanup has not come to its end, and what was asked for has to wait for that."""


class BeingDeleted(Conflict):
    """A repository that is to be deleted, to which nothing else is done any more."""


class TreeTooLarge(Conflict):
    """More repositories than can be renamed at once, which are `most`."""

    def __init__(self, sentence: str, most: int) -> None:
        super().__init__(sentence)
        self.most = most


class RunFinished(Conflict):
    """A run of cleanup has come to its end, and cannot be stopped any more."""


class Crossed(Conflict):
    """Somebody else changed or removed the same thing at the same moment."""


class AskedLately(Conflict):
    """Something heavy was asked for again too soon."""


class RulesExhausted(Conflict):
    """The place has as many rules or policies as it can have."""


class BlobInUse(Conflict):
    """A manifest of the repository still needs this blob."""


class ManifestInUse(Conflict):
    """An index of the repository still names this manifest."""


class TrashedUnknown(NotFound):
    """Nothing like that lies in the trash, or what it stood for is gone."""


class TagTaken(Conflict):
    """A tag that is to be restored points to something else by now."""


class RestoreFirst(Conflict):
    """Something else has to come back from the trash before this can."""


class StoreUnavailable(Exhausted):
    """The bytes cannot be kept or read for now: full, read-only or failing."""


class DatabaseUnavailable(Exhausted):
    """Rows cannot be kept or read for now: the database is full, read-only, failing or away."""


class PreviewsBusy(Exhausted):
    """As many previews of cleanup are being made as are at once."""


class JobUnknown(NotFound):
    """No such job waits."""


class WebhookUnknown(NotFound):
    """No such webhook, or no such delivery to it."""


class PageInvalid(Invalid):
    """A page size or marker that no listing has."""
