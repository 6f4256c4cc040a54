"""docs/configuration.md, made from the settings themselves. Run as a module, this prints it."""

import sys
from itertools import groupby
from typing import Any, Final

from wharfinger.config.load import FILE_VARIABLE, PLACES
from wharfinger.config.settings import Setting, Settings, leaves, variable

_INTRODUCTION: Final = f"""# Settings

[running.md](running.md) says what to set for PostgreSQL, TLS, a proxy, mail and several hosts.

Every setting has a default, so Wharfinger runs without a file. What differs stands in one TOML file, looked for in this
order: `--config`, the variable `{FILE_VARIABLE}`, {", ".join(f"`{place}`" for place in PLACES)}.
One that was merely found counts only where it belongs to you or to root, and not everybody may change it.

Environment variables stand above the file: `[server] listen` is `{variable("server.listen")}`. Lists are written with
commas there, tables as JSON.

Durations are written with a unit (`30s`, `5m`, `1h30m`, `7d`), sizes too (`64KiB`, `4MiB`, `10GiB`; a bare number is
bytes). Relative paths start at the file's own folder, those in variables at the working directory. `data` without a
value is `data` in that same folder.

Unknown names and wrong values are refused at start, all of them at once, with file, line and the nearest right name.

A setting marked **hot** is applied to the running server by `wharfinger reconfigure`, which checks the file first and
drops no transfer; the others need a restart. `wharfinger status` says when the file differs from what runs. A server
that was started without a file follows one that is found when `wharfinger reconfigure` is called.

This page is made from the source: `python -m wharfinger.config.reference > docs/configuration.md`.
"""

_TRUSTED_ISSUER: Final = """
```toml
[[tokens.trusted_issuers]]
issuer = "https://ci.example.com"
audience = "container_registry"
keys = { "2030-01" = "keys/ci.pem" }   # key id = file with a public key in PEM: EC P-256 or RSA
```
"""


def markdown() -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
    for section, settings in groupby(leaves().values(), lambda setting: setting.path.rpartition(".")[0]):
        parts += [_heading(section), _table(list(settings))]
        if section == "tokens":
            parts.append(_TRUSTED_ISSUER)
    return "\n".join(parts)


def _heading(section: str) -> str:
    if not section:
        return "\n## Above all sections\n"
    kind: Any = Settings
    for name in section.split("."):
        kind = kind.model_fields[name].annotation
    return f"\n## [{section}]\n\n{kind.__doc__}\n"


def _table(settings: list[Setting]) -> str:
    lines = ["| name | default | hot | meaning |", "| --- | --- | --- | --- |"]
    for setting in settings:
        name = setting.path.rpartition(".")[2]
        meaning = setting.meaning + _choices(setting)
        lines.append(f"| `{name}` | {_default(setting)} | {'hot' if setting.hot else ''} | {meaning} |")
    return "\n".join(lines)


def _choices(setting: Setting) -> str:
    return f" One of {', '.join(f'`{text}`' for text in setting.choices)}." if setting.choices else ""


def _default(setting: Setting) -> str:
    text = Settings().texts()[setting.path]
    return "none" if text in ("null", "[]", "") else f"`{text}`"


if __name__ == "__main__":
    sys.stdout.write(markdown())
