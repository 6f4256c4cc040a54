"""The config of a container image: image-spec "config.md", and Docker's older one, of which it is a part.

Whoever pushed it wrote it, and nothing checks it: what has not the shape that the spec gives is left out, every text is
made fit to be read, and lists are cut.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from wharfinger.spec import strict_json
from wharfinger.spec.errors import Malformed
from wharfinger.spec.plain_text import visible

LARGEST_BYTES: Final = 4 * 1024 * 1024
MOST_ENTRIES: Final = 1000
_NAME: Final = re.compile(r"[A-Za-z0-9_.+-]{1,40}")


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the history: what was done, and whether a layer came of it."""

    command: str
    created_at: datetime | None
    comment: str
    empty: bool


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image says of itself; what it leaves out is "" or empty."""

    platform: str = ""
    created_at: datetime | None = None
    author: str = ""
    user: str = ""
    working_dir: str = ""
    stop_signal: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    history: tuple[Step, ...] = ()


def parse(body: bytes) -> ImageConfig:
    """Read a config; raises Malformed where it is no JSON object. The caller bounds the length of `body`."""
    document = strict_json.loads(body)
    if not isinstance(document, dict):
        raise Malformed("MANIFEST_INVALID", "the config is not a JSON object")
    run = _object(document, "config")
    return ImageConfig(
        platform=platform(document),
        created_at=moment(document.get("created")),
        author=_text(document, "author"),
        user=_text(run, "User"),
        working_dir=_text(run, "WorkingDir"),
        stop_signal=_text(run, "StopSignal"),
        entrypoint=_words(run, "Entrypoint"),
        command=_words(run, "Cmd"),
        ports=_names(run, "ExposedPorts"),
        volumes=_names(run, "Volumes"),
        env=tuple(_variable(line) for line in _words(run, "Env")),
        labels=pairs(_object(run, "Labels")),
        history=tuple(_step(line) for line in _list(document, "history") if isinstance(line, dict)),
    )


def platform(fields: Mapping[str, Any]) -> str:
    """linux/arm64/v8, from what a config or a descriptor in an index says; "" if neither system nor processor."""
    system, processor = _word(fields, "os"), _word(fields, "architecture")
    if not system and not processor:
        return ""
    variant, version = _word(fields, "variant"), _word(fields, "os.version")
    found = "/".join(filter(None, (system or "?", processor or "?", variant)))
    return f"{found} ({version})" if version else found


def pairs(values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Names and texts of labels or annotations, by name."""
    found = sorted((name, value) for name, value in values.items() if isinstance(value, str))
    return tuple((visible(name), visible(value)) for name, value in found[:MOST_ENTRIES])


def moment(value: object) -> datetime | None:
    """A time of RFC 3339, in UTC; None for what is none, or lies outside the years that we can count."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _step(line: dict[str, Any]) -> Step:
    return Step(
        command=_text(line, "created_by"),
        created_at=moment(line.get("created")),
        comment=_text(line, "comment"),
        empty=line.get("empty_layer") is True,
    )


def _variable(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name, value


def _object(fields: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = fields.get(key)
    return value if isinstance(value, dict) else {}


def _list(fields: Mapping[str, Any], key: str) -> list[Any]:
    value = fields.get(key)
    return value[:MOST_ENTRIES] if isinstance(value, list) else []


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    return visible(value) if isinstance(value, str) else ""


def _word(fields: Mapping[str, Any], key: str) -> str:
    """The name of a system or processor, if it looks like one."""
    value = fields.get(key)
    return value if isinstance(value, str) and _NAME.fullmatch(value) else ""


def _words(fields: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = fields.get(key)
    if isinstance(value, str):  # Docker took a string here once, for a line of the shell
        return (visible(value),)
    return tuple(visible(word) for word in _list(fields, key) if isinstance(word, str))


def _names(fields: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The keys of an object that stands for a set."""
    return tuple(visible(name) for name in sorted(_object(fields, key))[:MOST_ENTRIES])
