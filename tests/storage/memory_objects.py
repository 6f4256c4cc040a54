"""Objects in memory, with a record of what was asked of them and with faults on demand: for tests of what uses them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from wharfinger.storage.objects import Listed
from wharfinger.storage.store import BytesMissing, Pieces, StoreFailed

Fault = Callable[[str, str], bool]  # (what is done, to which object) → shall it fail?


@dataclass
class MemoryObjects:
    """`kept` are the objects by name, `asked` what was done, in order."""

    kept: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    fault: Fault = lambda what, name: False
    parts: list[int] = field(default_factory=list)
    where: str = "memory"

    def writer(self, name: str, part_bytes: int) -> "MemoryWriter":
        self.parts.append(part_bytes)
        self.ask("open", name)
        return MemoryWriter(self, name)

    def put(self, objects: Sequence[tuple[str, Pieces]], part_bytes: int) -> None:
        self.parts += [part_bytes] * len(objects)
        for name, pieces in objects:
            self.ask("put", name)
            assert name not in self.kept, "objects are written once"
            self.kept[name] = b"".join(map(bytes, pieces))

    def read(self, name: str, start: int, end: int) -> Iterator[bytes]:
        self.ask("read", name)
        if name not in self.kept:
            raise BytesMissing(f"{name} is not there")
        return self._pieces(name, start, end)

    def list(self, folder: str) -> Iterator[Listed]:
        self.ask("list", folder)
        return iter([Listed(name, len(data), 0.0) for name, data in self.kept.items() if name.startswith(f"{folder}/")])

    def rename(self, name: str, to: str) -> bool:
        self.ask("rename", name)
        if name not in self.kept:
            return False
        self.kept[to] = self.kept.pop(name)
        return True

    def delete(self, names: Sequence[str]) -> None:
        for name in names:
            self.ask("delete", name)
            self.kept.pop(name, None)

    def link(self, name: str, life: timedelta) -> str | None:
        return f"https://objects.example.com/{name}?for={life.total_seconds():.0f}"

    def sweep(self, older_than_seconds: float) -> None:
        self.ask("sweep", "")

    def ask(self, what: str, name: str) -> None:
        self.asked.append((what, name))
        if self.fault(what, name):
            raise StoreFailed(f"cannot {what} {name}")

    def done(self, what: str) -> int:
        return [one for one, _ in self.asked].count(what)

    def _pieces(self, name: str, start: int, end: int) -> Iterator[bytes]:
        data = self.kept[name][start:end]
        yield from (data[at : at + 1000] for at in range(0, len(data), 1000))
        if len(data) < end - start:
            raise BytesMissing(f"{name} ends too early")


@dataclass
class MemoryWriter:
    objects: MemoryObjects
    name: str
    data: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes | memoryview) -> None:
        self.objects.ask("write", self.name)
        self.data += data

    def finish(self) -> None:
        self.objects.ask("finish", self.name)
        assert self.name not in self.objects.kept, "objects are written once"
        self.objects.kept[self.name] = bytes(self.data)

    def abandon(self) -> None:
        self.objects.asked.append(("abandon", self.name))
