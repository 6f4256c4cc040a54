"""Which command made which layer, and the command as its Dockerfile had it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from wharfinger.spec.image_config import Step
from wharfinger.spec.manifest import Descriptor

_NO_OPERATION: Final = re.compile(r"^(?:/bin/sh -c|cmd /S /C) #\(nop\)\s+")
_SHELL: Final = re.compile(r"^(?:RUN )?(?:\|\d+ (?P<arguments>.*?) )?/bin/sh -c (?P<line>.*)$", re.DOTALL)
_BUILDKIT: Final = "# buildkit"


@dataclass(frozen=True, slots=True)
class Made:
    """A step of the build as its Dockerfile had it, and the layer that came of it, if one did.

    `command` is "" for a layer of which the history does not say where it came from.
    """

    command: str
    step: Step | None
    layer: Descriptor | None


def made(layers: Sequence[Descriptor], history: Sequence[Step]) -> list[Made]:
    """Steps and layers in the order of the build.

    The n-th step that is not empty made the n-th layer. Where there are more of one than of the other, nobody knows
    which belong together: then come the layers without steps.
    """
    if sum(not step.empty for step in history) != len(layers):
        return [Made("", None, layer) for layer in layers]
    ahead = iter(layers)
    return [Made(instruction(step.command), step, None if step.empty else next(ahead)) for step in history]


def instruction(created_by: str) -> str:
    """What stood in the Dockerfile: `RUN apt-get update` for `/bin/sh -c apt-get update`."""
    said = created_by.strip().removesuffix(_BUILDKIT).rstrip()
    if _NO_OPERATION.match(said):
        return _NO_OPERATION.sub("", said)
    shell = _SHELL.match(said)
    return f"RUN {shell['line'].strip()}" if shell else said
