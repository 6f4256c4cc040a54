"""`wharfinger doctor`: looks at everything an installation needs, and says what to do where it is not so."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from wharfinger.cli import doctor_identity, doctor_mail, doctor_network, doctor_place
from wharfinger.cli.finding import Finding, fail, ok, warn
from wharfinger.cli.options import ConfigOption, JsonOption
from wharfinger.cli.terminal import say, show
from wharfinger.config import running
from wharfinger.config.changes import changes
from wharfinger.config.load import SettingsRefused, find_file, given_variables, load
from wharfinger.config.settings import Settings


def doctor(
    mail_to: Annotated[str, typer.Option("--mail-to", metavar="ADDRESS", help="Send a test mail there.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check settings, folders, database, secret, clock, certificate and address. Exit code 1 where something fails."""
    found = []
    for finding in examine(config, mail_to):
        found.append(finding)
        if not as_json:
            say(str(finding))
    if as_json:
        keys = ("level", "subject", "sentence", "advice")
        show([{key: getattr(one, key) for key in keys} for one in found], as_json=True, empty="")
    if any(one.level == "fail" for one in found):
        raise typer.Exit(1)


def examine(config: Path | None, mail_to: str = "") -> Iterator[Finding]:
    """Look at one thing after another; without settings there is nothing more to look at."""
    file = find_file(config, os.environ)
    try:
        settings = load(file, os.environ)
    except SettingsRefused as refused:
        for problem in refused.problems:
            yield fail("settings", str(problem), "correct it; docs/configuration.md lists every setting")
        return
    yield ok("settings", f"{file or 'no file, all defaults'}: nothing wrong")
    yield _same_as_running(settings)
    yield from doctor_place.examine(settings)
    yield from doctor_network.examine(settings)
    yield doctor_mail.examine(settings, mail_to)
    yield doctor_identity.examine(settings)


def _same_as_running(settings: Settings) -> Finding:
    server = running.find(settings.run)
    if server is None:
        return warn("server", f"none runs with the data folder {settings.data}", "start it: `wharfinger serve`")
    found = changes(server.settings, settings)
    if not found:
        return ok("server", f"process {server.pid} runs with these settings")
    advice = "`wharfinger reconfigure` applies what can be applied, a restart the rest"
    if elsewhere := _set_differently(server.variables):
        advice = f"the server was started with other variables ({elsewhere}): set here what `wharfinger status` shows"
    return warn("server", f"process {server.pid} runs with other settings: {'; '.join(map(str, found))}", advice)


def _set_differently(variables: Mapping[str, str]) -> str:
    """Names of the variables that a server was started with and that are not so here, or the other way round."""
    there, here = given_variables(variables), given_variables(os.environ)
    return ", ".join(sorted(name for name in {*there, *here} if there.get(name) != here.get(name)))
