"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Settings file; else WHARFINGER_CONFIG, ./wharfinger.toml, /etc/wharfinger/…"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, for scripts.")]
