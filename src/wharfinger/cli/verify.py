"""`wharfinger verify`: are the bytes whole, which images are hit, and what can be mended."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from wharfinger.app import keeping
from wharfinger.cli.options import ConfigOption, JsonOption, RateOption
from wharfinger.cli.progress import bar
from wharfinger.cli.session import open_session, read_settings
from wharfinger.cli.terminal import Failure, counted, note, read_secret, say
from wharfinger.config.settings import Settings
from wharfinger.domain import fetching, orphans
from wharfinger.domain import verify as checks
from wharfinger.domain.tools import Tools
from wharfinger.domain.verify import Find, Means, Problem, Step
from wharfinger.storage.foreign import ForeignBucket, ForeignFolder

PROBLEMS_LEFT: Final = 3
_NEXT: Final = (
    "What to do: `--from` fetches what is missing or corrupt from a backup, another store or another registry; or push "
    "these images again. `--quarantine` sets aside what is corrupt or needed by no row."
)


def verify(
    *,
    deep: Annotated[bool, typer.Option("--deep", help="Read every byte and compare digests.")] = False,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Set corrupt and unneeded files aside; nothing is deleted.")
    ] = False,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="Fetch what is missing or corrupt from here: a folder (a store, a backup, a layout), a bucket of "
            "[storage], or an image of another registry, https://registry.example.com/team/image.",
        ),
    ] = "",
    user: Annotated[
        str, typer.Option("--user", help="Name to ask that registry with; the password comes on standard input.")
    ] = "",
    limit: RateOption = 0,
    anew: Annotated[bool, typer.Option("--anew", help="Begin again where an earlier run was ended early.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare what the database promises with the bytes. The server may run. Exit code 3 where problems are left."""
    settings = read_settings(config)
    notes = _Notes(settings.run / "verify.json", f"deep={deep} quarantine={quarantine} from={source or None}")
    if not anew:
        notes.read()
    if user and not source.startswith("https://"):
        raise Failure("--user goes with --from https://…: a password is sent to no other place")
    password = read_secret(f"Password of {user}") if user else ""
    with open_session(config) as tools:
        _run(tools, Means(deep, quarantine, _finder(settings, tools, source, (user, password))), notes, limit)
    notes.path.unlink(missing_ok=True)
    _tell(notes, as_json=as_json)
    if any(not problem.mended for problem in notes.problems):
        raise typer.Exit(PROBLEMS_LEFT)


def _finder(settings: Settings, tools: Tools, source: str, named: tuple[str, str]) -> Find | None:
    """What looks for a blob's bytes elsewhere."""
    if not source:
        return None
    if source.startswith(("https://", "http://")):
        return fetching.from_upstream(tools, source, *named)
    if "://" in source:
        return ForeignBucket(keeping.open_own_bucket(settings, source)).find
    if not Path(source).is_dir():
        raise Failure(f"{source} is no folder: name one that holds blobs")
    return ForeignFolder(Path(source)).find


@dataclass
class _Notes:
    """How far a run is: written after every step, so that one which was killed goes on where it was."""

    path: Path
    kind: str
    part: int = 0
    after: str = ""
    counts: list[int] = field(default_factory=lambda: [0, 0, 0])
    problems: list[Problem] = field(default_factory=list)

    def read(self) -> None:
        """Go on with what an earlier run of the same kind left."""
        with suppress(FileNotFoundError, orjson.JSONDecodeError, KeyError, TypeError):
            table = orjson.loads(self.path.read_bytes())
            if table["kind"] == self.kind:
                self.part, self.after, self.counts = table["part"], table["after"], table["counts"]
                self.problems = [
                    Problem(**{**each, "images": tuple(each["images"]), "done": tuple(each["done"])})
                    for each in table["problems"]
                ]
                note("Going on where an earlier run was ended; --anew begins again.")

    def add(self, step: Step) -> None:
        """One step more."""
        self.after = step.after
        self.counts[self.part] += step.count
        self.problems += step.problems
        self._write()

    def next_part(self) -> None:
        """Another part begins."""
        self.part, self.after = self.part + 1, ""
        self._write()

    def _write(self) -> None:
        table = {
            "kind": self.kind,
            "part": self.part,
            "after": self.after,
            "counts": self.counts,
            "problems": [asdict(problem) for problem in self.problems],
        }
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        made.write_bytes(orjson.dumps(table))
        made.replace(self.path)


def _run(tools: Tools, means: Means, notes: _Notes, limit: int) -> None:
    count, size = checks.expect(tools)
    with bar(f"Verifying {count} blobs", size, limit if means.deep else 0) as progress:
        looking = Means(means.deep, means.quarantine, means.find, progress.add)
        while notes.part < len(notes.counts):
            for step in _part(tools, looking, notes):
                notes.add(step)
            notes.next_part()


def _part(tools: Tools, means: Means, notes: _Notes) -> Iterator[Step]:
    match notes.part:
        case 0:
            return checks.blobs(tools, means, notes.after)
        case 1:
            return checks.manifests(tools, int(notes.after or 0))
    return orphans.run(tools, means)


def _tell(notes: _Notes, *, as_json: bool) -> None:
    blobs, manifests, files = notes.counts
    left = sum(not problem.mended for problem in notes.problems)
    if as_json:
        counts = {"blobs": blobs, "manifests": manifests, "files": files, "problems_left": left}
        found = [asdict(problem) | {"mended": problem.mended} for problem in notes.problems]
        say(orjson.dumps(counts | {"problems": found}, option=orjson.OPT_INDENT_2).decode())
        return
    for problem in notes.problems:
        say(_line(problem))
    looked = f"Looked at {counted(blobs, 'blob')} and {counted(manifests, 'manifest')}"
    if not notes.problems:
        say(f"{looked}: all well.")
        return
    say(f"{looked}: {counted(len(notes.problems), 'problem')}, {left:,} left.")
    if left:
        note(_NEXT)


def _line(problem: Problem) -> str:
    said: list[Any] = [f"{problem.kind:<10} {problem.digest}: {problem.sentence}"]
    said += [f"           hits {image}" for image in problem.images]
    said += [f"           {' and '.join(problem.done)}"] if problem.done else []
    return "\n".join(said)
