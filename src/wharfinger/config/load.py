"""From a file and the environment to settings, or to a list of everything that is wrong with them.

All mistakes are told at once, each with its place: `wharfinger.toml:7` or the name of the variable.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from wharfinger.config.lines import key_lines
from wharfinger.config.sections.identity import Issuer
from wharfinger.config.settings import Settings, leaves
from wharfinger.config.values import duration_text

PREFIX: Final = "WHARFINGER_"
FILE_VARIABLE: Final = "WHARFINGER_CONFIG"
PLACES: Final = (Path("wharfinger.toml"), Path("/etc/wharfinger/wharfinger.toml"))

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it stands and what it is."""

    where: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence}"


class SettingsRefused(Exception):
    """Settings that cannot be used. `problems` are all of them."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def find_file(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The settings file: the one given, else `WHARFINGER_CONFIG`, else the first of the usual places that exists.

    Raises SettingsRefused for one that was merely found and that others may have put there: it says where passwords go.
    """
    chosen = given or (Path(environ[FILE_VARIABLE]) if environ.get(FILE_VARIABLE) else None)
    return chosen or next((_trusted(place) for place in PLACES if place.exists()), None)


def _trusted(place: Path) -> Path:
    known = place.stat()
    if known.st_uid not in (0, os.geteuid()) or known.st_mode & stat.S_IWOTH:
        sentence = f"it is somebody else's, or everybody may change it: if it is right, name it (--config {place})"
        raise SettingsRefused([Problem(str(place.absolute()), sentence)])
    return place


def load(file: Path | None, environ: Mapping[str, str]) -> Settings:
    """Settings from a file (or none) and the `WHARFINGER_` variables over it. Raises SettingsRefused.

    Relative paths in the file start at the file's folder, those in variables at the working directory.
    """
    text, table = ("", {}) if file is None else _read(file)
    variables = given_variables(environ)
    folder = file.absolute().parent if file else Path.cwd()
    given = {"data": folder / "data", **_absolute(Settings, table, folder)}
    try:
        return Settings.model_validate(_over(given, _absolute(Settings, _read_variables(variables), Path.cwd())))
    except ValidationError as error:
        places = _Places(file, key_lines(text), {_variable_path(name): name for name in variables})
        raise SettingsRefused(places.problems(error.errors())) from None


def given_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that stand for settings."""
    return {name: value for name, value in environ.items() if name.startswith(PREFIX) and name != FILE_VARIABLE}


def data_folder(file: Path | None, environ: Mapping[str, str]) -> Path:
    """The data folder alone, whatever else is wrong with the settings. Raises SettingsRefused for what is no TOML."""
    if said := environ.get(f"{PREFIX}DATA"):
        return Path.cwd() / said
    if file is None:
        return Path.cwd() / "data"
    return file.absolute().parent / str(_read(file)[1].get("data", "data"))


def _read(file: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise SettingsRefused([Problem(str(file), f"cannot be read: {error.strerror or error}")]) from None
    except UnicodeDecodeError:
        raise SettingsRefused([Problem(str(file), "is not UTF-8 text: save it as UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsRefused([Problem(str(file), f"is not TOML: {error}")]) from None


class _Variables(EnvSettingsSource):
    """The variables of any environment: of this process, or those a running server was started with."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = {name.lower(): value for name, value in variables.items()}
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return self._variables


def _read_variables(variables: Mapping[str, str]) -> dict[str, Any]:
    """Settings by the variables; unknown ones too, so that they are refused like unknown keys of the file."""
    names = {_variable_path(name)[0]: value for name, value in variables.items()}
    unknown = {name: value for name, value in names.items() if name not in Settings.model_fields}
    return unknown | _Variables(variables)()


def _variable_path(name: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(PREFIX).lower().split("__"))


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Two tables as one: what both have is taken from `above`, tables key by key."""
    merged = dict(below)
    for name, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _over(merged[name], value) if both else value
    return merged


def _absolute(section: type[BaseModel], table: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same table with its paths made absolute."""
    fields = section.model_fields
    return {
        name: _anchored(fields[name].annotation, value, folder) if name in fields else value
        for name, value in table.items()
    }


def _anchored(kind: Any, value: Any, folder: Path) -> Any:
    if kind in (Path, Path | None) and isinstance(value, str) and value:
        return folder / value
    if kind == dict[str, Path] and isinstance(value, dict):
        return {name: _anchored(Path, item, folder) for name, item in value.items()}
    if kind == tuple[Issuer, ...] and isinstance(value, list):
        return [_anchored(Issuer, item, folder) for item in value]
    if isinstance(kind, type) and issubclass(kind, BaseModel) and isinstance(value, dict):
        return _absolute(kind, value, folder)
    return value


@dataclass(frozen=True, slots=True)
class _Places:
    """Where each setting was written, and a sentence for each mistake."""

    file: Path | None
    lines: dict[Place, int]
    variables: dict[tuple[str, ...], str]

    def problems(self, details: list[ErrorDetails]) -> list[Problem]:
        """What is wrong, in the order of the file's lines, then of the variables."""
        found = sorted((self._where(detail["loc"]), _sentence(detail)) for detail in details)
        return [Problem(f"{self.file}:{line}" if line else where, sentence) for (line, where), sentence in found]

    def _where(self, place: Place) -> tuple[int, str]:
        for end in range(len(place), 0, -1):
            for path, name in self.variables.items():
                if path[:end] == place[:end]:
                    return 0, name
            if line := self.lines.get(place[:end]):
                return line, ""
        return 0, str(self.file or "settings")


def _sentence(detail: ErrorDetails) -> str:
    place = detail["loc"]
    return _unknown(place) if detail["type"] == "extra_forbidden" else _wrong(place, detail)


def _wrong(place: Place, detail: ErrorDetails) -> str:
    said = detail["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    if detail["type"] == "missing":
        return f"{_written(place[:-1])} lacks {place[-1]}"
    if detail["type"] == "model_type":
        return f"{_written(place)} is a table of settings: write each on a line of its own below {_written(place)}"
    setting = leaves().get(".".join(map(str, place)))
    if setting is None or setting.secret or detail["type"] == "value_error":
        return f"{_written(place)}: {said}"
    given = detail["input"]
    shown = duration_text(given) if isinstance(given, timedelta) else f"{given!r:.60}"
    return f"{_written(place)} = {shown}: {said}"


def _unknown(place: Place) -> str:
    """The nearest right name: in the same section, or the same name in another one."""
    name, within = str(place[-1]), ".".join(str(part) for part in place[:-1] if isinstance(part, str))
    siblings = _names_in(within)
    said = f"{_written(place[:-1]) or 'the top level'} has no {name}"
    if near := get_close_matches(name, siblings, 1):
        return f"{said}; did you mean {near[0]}?"
    for path in leaves():
        section, _, last = path.rpartition(".")
        if last == name:
            return f"{said}; it belongs {f'in [{section}]' if section else 'above all sections'}"
    return f"{said}; it has {', '.join(siblings)}"


def _names_in(section: str) -> list[str]:
    if section == "tokens.trusted_issuers":
        return list(Issuer.model_fields)
    if not section:
        return list(Settings.model_fields)
    return [path.rpartition(".")[2] for path in leaves() if path.rpartition(".")[0] == section]


def _written(place: Place) -> str:
    """`("server", "listen")` → `[server] listen`."""
    section, name = (place[:-1], place[-1:]) if len(place) > 1 or place[:1] in _TOP else (place, ())
    section, name = _named(section), _named(name)
    return " ".join(part for part in (f"[{'.'.join(section)}]" if section else "", *name) if part)


def _named(place: Place) -> tuple[str, ...]:
    return tuple(part for part in place if isinstance(part, str))


_TOP: Final = {(name,) for name in leaves() if "." not in name}
