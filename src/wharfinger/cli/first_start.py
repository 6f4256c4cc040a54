"""The first start: an administrator, a project to try, and what to type next."""

import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from wharfinger.config.load import FILE_VARIABLE, PLACES
from wharfinger.config.running import Running
from wharfinger.config.settings import leaves, variable
from wharfinger.domain import projects, users
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.tools import Tools

ADMINISTRATOR: Final = "root"
PROJECT: Final = "root/hello"
IMAGE: Final = "alpine:latest"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """The first administrator, whose password is known here and now and never again."""

    username: str
    password: str


def prepare(tools: Tools) -> Newcomer | None:
    """Make the first administrator and a first project, where there is nobody yet."""
    password = users.ensure_admin(tools, ADMINISTRATOR)
    if password is None:
        return None
    projects.create(tools, OPERATOR, PROJECT)
    return Newcomer(ADMINISTRATOR, password)


def welcome(server: Running, newcomer: Newcomer, program: str) -> str:
    """What to know and what to type. The four lines work as they stand, given any image called IMAGE."""
    host = urlsplit(server.settings.address).netloc
    command = _command(program, server)
    return f"""
  administrator      {newcomer.username}
  one-time password  {newcomer.password}    (shown now and never again)
  web pages          {server.settings.address}/    (sign in there with this password and choose your own)

Container tools log in with an access token instead of the password. These four lines make one and use it, in another
terminal, with any image you have (here {IMAGE}) and the project {PROJECT}, which is there to try:

  {command} token create first --user {ADMINISTRATOR} | docker login {host} --username {ADMINISTRATOR} --password-stdin
  docker tag {IMAGE} {host}/{PROJECT}:latest
  docker push {host}/{PROJECT}:latest
  docker pull {host}/{PROJECT}:latest

No container tool at hand? `{command} demo` makes an image, pushes it and pulls it back.
`{command} --help` shows what else there is: users, groups, projects, members, tokens.
"""


def _command(program: str, server: Running) -> str:
    """How this program is called again with the same settings: by the name it was called by, and where they are."""
    secret = {variable(path) for path, setting in leaves().items() if setting.secret}
    said = {name: value for name, value in server.variables.items() if name not in secret}
    if server.file and server.file not in {place.absolute() for place in PLACES}:
        said[FILE_VARIABLE] = str(server.file)
    return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in said.items()), _name(program)])


def _name(program: str) -> str:
    """The command as it can be typed: its bare name where that is found, else the way to it."""
    if Path(program).name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m wharfinger"
    found = shutil.which("wharfinger")
    if found and Path(found).resolve() == Path(program).resolve():
        return "wharfinger"
    return shlex.quote(os.path.relpath(program) if Path(program).is_relative_to(Path.cwd()) else program)
