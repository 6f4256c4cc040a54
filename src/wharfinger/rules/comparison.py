"""What changed between two images: layers, sizes, and what their configs say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from wharfinger.spec.image_config import ImageConfig
from wharfinger.spec.manifest import Descriptor

_ONE: Final = ("platform", "user", "working_dir", "stop_signal", "author")
_LISTS: Final = ("entrypoint", "command", "ports", "volumes")


@dataclass(frozen=True, slots=True)
class Change:
    """A value that differs; None on the side that has it not. `name` is the variable's or label's, or ""."""

    field: str
    name: str
    before: str | None
    after: str | None

    @property
    def kind(self) -> Literal["added", "removed", "changed"]:
        """What happened to it on the way from before to after."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True, slots=True)
class LayerChanges:
    """Layers of both images by digest, each once, and the bytes of each list."""

    shared: tuple[Descriptor, ...]
    removed: tuple[Descriptor, ...]
    added: tuple[Descriptor, ...]

    @property
    def difference_bytes(self) -> int:
        """How much larger the second image is; negative if smaller."""
        return size_of(self.added) - size_of(self.removed)


def size_of(layers: Sequence[Descriptor]) -> int:
    """Bytes of these layers together."""
    return sum(layer.size_bytes for layer in layers)


def layers(before: Sequence[Descriptor], after: Sequence[Descriptor]) -> LayerChanges:
    """Which layers stayed, went and came."""
    old, new = _by_digest(before), _by_digest(after)
    return LayerChanges(
        shared=tuple(layer for digest, layer in old.items() if digest in new),
        removed=tuple(layer for digest, layer in old.items() if digest not in new),
        added=tuple(layer for digest, layer in new.items() if digest not in old),
    )


def configs(before: ImageConfig, after: ImageConfig) -> list[Change]:
    """Everything that the second config says differently, variables and labels by name."""
    found = list(_values(before, after))
    found += _named("env", dict(before.env), dict(after.env))
    found += _named("labels", dict(before.labels), dict(after.labels))
    return found


def _values(before: ImageConfig, after: ImageConfig) -> Iterator[Change]:
    for field in (*_ONE, *_LISTS):
        old, new = _told(getattr(before, field)), _told(getattr(after, field))
        if old != new:
            yield Change(field, "", old, new)


def _told(value: str | tuple[str, ...]) -> str | None:
    return (value if isinstance(value, str) else " ".join(value)) or None


def _named(field: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield Change(field, name, old.get(name), new.get(name))


def _by_digest(found: Sequence[Descriptor]) -> dict[str, Descriptor]:
    return {layer.digest: layer for layer in found}
