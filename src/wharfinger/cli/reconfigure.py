"""`wharfinger reconfigure`: check a changed settings file and have the running server follow it."""

import os
import time
from pathlib import Path
from typing import Final

from wharfinger.app import compose, inforce, keeping
from wharfinger.cli.options import ConfigOption
from wharfinger.cli.terminal import Failure, say
from wharfinger.config import running
from wharfinger.config.changes import Change, changes, take_hot
from wharfinger.config.load import Problem, SettingsRefused, data_folder, find_file, load
from wharfinger.config.running import Acknowledged, Running
from wharfinger.config.settings import RUN, Settings
from wharfinger.domain import verify
from wharfinger.storage.store import StoreError

_PATIENCE_SECONDS: Final = 15.0


def reconfigure(config: ConfigOption = None) -> None:
    """Apply the changed settings file to the running server, without dropping a transfer."""
    try:
        server = running_server(config)
        wanted = on_disk(server, config)
        found = changes(server.settings, wanted)
        merged = take_hot(server.settings, wanted)
        compose.check(merged)
        if any(change.path.startswith("storage.") for change in found):
            keeping.check_store(wanted)  # what needs a restart is refused now rather than then
            _require_bytes(server.settings, merged)
    except SettingsRefused as refused:
        raise Failure(f"these settings are refused, and the server goes on as it is:\n{refused}") from None
    update = {"generation": server.generation + 1, "settings": merged, "file": server.file or _found_now(config)}
    following = server.model_copy(update=update)
    running.write(following)
    _wait(following)
    _tell(found)
    _record(server.settings, merged)


def _require_bytes(before: Settings, settings: Settings) -> None:
    """Blobs that can be read now are so afterwards. Raises SettingsRefused."""
    problem = _glimpse(settings)
    if problem and not _glimpse(before):
        advice = "or name the store from before in [storage.other], with the keys it has, and move what is there"
        raise SettingsRefused([Problem("[storage]", f"{problem}; {advice} (docs/storage.md)")])


def _glimpse(settings: Settings) -> str:
    """What is wrong with one of a few blobs; else empty."""
    tools = compose.open_tools(settings)
    try:
        problem = verify.glimpse(tools)
    except StoreError as error:
        return str(error)
    else:
        return problem.sentence if problem else ""
    finally:
        compose.close(tools)


def _record(before: Settings, settings: Settings) -> None:
    tools = compose.open_tools(settings)
    try:
        inforce.record(tools, settings, before)
    finally:
        compose.close(tools)


def running_server(config: Path | None) -> Running:
    """The server that runs with the data folder of these settings. Raises Failure where none does."""
    data = data_folder(find_file(config, os.environ), os.environ)
    server = running.find(data / RUN)
    if server is None:
        raise Failure(f"no server runs with the data folder {data}: `wharfinger serve` starts one")
    return server


def on_disk(server: Running, config: Path | None) -> Settings:
    """What the server would be started with now: its file as it is on disk, under the variables it was given.

    One that was started without a file takes what is found here, where somebody wrote one since.
    """
    return load(config or server.file or _found_now(config), server.variables)


def _found_now(config: Path | None) -> Path | None:
    found = find_file(config, os.environ)
    return found.absolute() if found else None


def _wait(following: Running) -> None:
    """Until every process of the server has taken the settings over."""
    waits_for = {one.pid for one in running.acknowledged(following)}
    ends = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < ends:
        told = running.acknowledged(following)
        _refuse_if_refused(told)
        if waits_for <= {one.pid for one in told if one.generation >= following.generation} | _gone(waits_for):
            return
        time.sleep(0.05)
    slow = sorted(waits_for - {one.pid for one in told if one.generation >= following.generation})
    raise Failure(f"processes {slow} did not answer within {_PATIENCE_SECONDS:.0f} s: look into the server's log")


def _gone(pids: set[int]) -> set[int]:
    return {pid for pid in pids if not running.alive(pid)}


def _refuse_if_refused(told: list[Acknowledged]) -> None:
    for one in told:
        if one.refused:
            raise Failure(f"process {one.pid} refused these settings and goes on with the old ones:\n{one.refused}")


def _tell(found: list[Change]) -> None:
    hot, cold = [one for one in found if one.hot], [one for one in found if not one.hot]
    if not found:
        say("Nothing changed; the keys of trusted issuers were read again.")
    if hot:
        say("Applied to the running server:")
        say("\n".join(f"  {change}" for change in hot))
    if cold:
        say("Needs a restart, and was left as it is:")
        say("\n".join(f"  {change}" for change in cold))
