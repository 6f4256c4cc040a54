"""`wharfinger storage move`: bring all bytes to where new ones go, while the server serves and takes pushes."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer

from wharfinger.cli.options import ConfigOption, JsonOption, RateOption
from wharfinger.cli.progress import Bar, bar
from wharfinger.cli.session import open_session, read_settings
from wharfinger.cli.terminal import Failure, note, say
from wharfinger.config import running
from wharfinger.config.settings import Settings
from wharfinger.domain import moving
from wharfinger.domain.moving import Means, Moved
from wharfinger.domain.tools import Tools

FAILURES_LEFT: Final = 3
_ROUNDS: Final = 3  # what was pushed to the old place during one is moved by the next
_HOW: Final = """new bytes go to {now}, not to {wanted}. Change the settings, here with the lines that matter:

[storage]
{wanted_line}

[storage.other]
{now_line}

then `wharfinger reconfigure` on every host, and this command again"""


def move(
    *,
    to: Annotated[
        str, typer.Option("--to", help="Where to: what [storage] says. Else this is refused, with what to change.")
    ] = "",
    at_once: Annotated[int, typer.Option("--at-once", min=1, max=64, help="So many blobs at a time.")] = moving.AT_ONCE,
    compare: Annotated[bool, typer.Option("--compare", help="Read every copy back before it counts.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Have the old bytes removed, an hour later.")] = False,
    limit: RateOption = 0,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring all bytes to the store of [storage] from the one of [storage.other]. The server may run.

    May be ended at any time and started again. Exit code 3 where something could not be moved.
    """
    _require_ready(read_settings(config), to)
    report = _Report()
    with open_session(config) as tools:
        for _ in range(_ROUNDS):
            left = moving.expect(tools)
            if not left[0] or report.failed:
                break
            with bar(f"Moving {left[0]} blobs", left[1], limit) as progress:
                report.follow(tools, Means(at_once, compare, remove, progress.add), progress)
        report.left = moving.expect(tools)
    report.tell(as_json=as_json)
    if report.left[0]:
        raise typer.Exit(FAILURES_LEFT)


@dataclass
class _Report:
    began: float = field(default_factory=time.monotonic)
    moved: int = 0
    bytes: int = 0
    gone: int = 0
    failed: list[Moved] = field(default_factory=list)
    left: tuple[int, int] = (0, 0)

    def follow(self, tools: Tools, means: Means, progress: Bar) -> None:
        """Count one round."""
        for one in moving.run(tools, means):
            if one.outcome == "moved":
                self.moved, self.bytes = self.moved + 1, self.bytes + one.size_bytes
            elif one.outcome == "gone":
                self.gone += 1
            else:
                self.failed.append(one)
            progress.say(f"Moved {self.moved} blobs")

    def tell(self, *, as_json: bool) -> None:
        """How it went."""
        seconds = time.monotonic() - self.began
        if as_json:
            counts = {"moved": self.moved, "bytes": self.bytes, "gone_meanwhile": self.gone, "seconds": seconds}
            failed = [{"digest": one.digest, "reason": one.reason} for one in self.failed]
            say(orjson.dumps(counts | {"left": self.left[0], "failed": failed}, option=orjson.OPT_INDENT_2).decode())
            return
        for one in self.failed:
            note(f"{one.digest}: {one.reason}")
        rate = self.bytes / 1024**2 / max(seconds, 1e-9)
        say(f"{self.moved} blobs of {self.bytes} bytes were moved in {seconds:.1f} s, {rate:.1f} MiB/s.")
        if self.gone:
            say(f"{self.gone} were deleted or moved by somebody else meanwhile.")
        say(_WHAT_NEXT if not self.left[0] else f"{self.left[0]} blobs are left: run this again.")


_WHAT_NEXT: Final = (
    "All bytes are where new ones go. Keep [storage.other] until uploads that began before have ended, run this once "
    "more, then take it out of the settings."
)


def _require_ready(settings: Settings, to: str) -> None:
    """New bytes must go to where the old ones are to be brought, and every server process must know both places."""
    now = settings.storage.url or str(settings.store.absolute())
    wanted = to.rstrip("/") if "://" in to else str(Path(to).absolute())
    if to and wanted != now:
        lines = [f'{"url" if "://" in place else "folder"} = "{place}"' for place in (wanted, now)]
        raise Failure(_HOW.format(now=now, wanted=wanted, wanted_line=lines[0], now_line=lines[1]))
    server = running.find(settings.run)
    if server is not None and server.settings.storage != settings.storage:
        raise Failure("the running server has other settings for [storage]: run `wharfinger reconfigure` first")
