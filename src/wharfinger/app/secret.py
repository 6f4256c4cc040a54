"""The installation's secret: read, or made at first use."""

import hmac
import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

from wharfinger.config.load import Problem, SettingsRefused
from wharfinger.config.settings import Settings

_SECRET_BYTES: Final = 32


def read_secret(settings: Settings) -> bytes:
    """The installation's secret, made at first use in a file that only its owner reads. Raises SettingsRefused."""
    path = settings.secret_path
    with suppress(FileExistsError):
        _make_secret(path)
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise SettingsRefused([Problem(str(path), f"the secret cannot be read: {error}")]) from None
    if len(secret) < _SECRET_BYTES:
        raise SettingsRefused([Problem(str(path), "the secret needs 64 hex digits: `openssl rand -hex 32` makes one")])
    return secret


def _make_secret(path: Path) -> None:
    """Write a new secret, unless there is one. Raises FileExistsError."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = path.with_name(f".{path.name}.{token_hex(4)}")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token_hex(_SECRET_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(made, path)
    finally:
        made.unlink()


def mark(secret: bytes) -> str:
    """What shows that a server is one of this installation, and tells nothing of the secret."""
    return hmac.new(secret, b"wharfinger installation", "sha256").hexdigest()[:16]
