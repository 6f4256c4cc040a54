"""How a command that cannot be done says so, in one sentence. Loaded when one fails: most of these rooms are heavy."""

from typing import Final

from sqlalchemy.exc import DBAPIError

from wharfinger.cli.terminal import Failure
from wharfinger.config.load import SettingsRefused
from wharfinger.db import failures
from wharfinger.db.revision import SchemaUnknown
from wharfinger.domain.errors import Refusal
from wharfinger.domain.keys import SecretChanged
from wharfinger.storage.store import StoreError

CONNECTING: Final = "check that it runs, and host, name, user and password in [database] url"
_LOOK: Final = "`wharfinger doctor` looks for the cause"


def sentence(error: Exception) -> str | None:
    """What to tell people; None where nobody foresaw this."""
    match error:
        case Failure() | Refusal() | SettingsRefused() | SchemaUnknown() | SecretChanged() | StoreError():
            return str(error)
        case PermissionError():
            return f"{error.filename}: {error.strerror}; run this as the user whom the server runs as"
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{error.strerror or error}; {_LOOK}"
        case DBAPIError():
            return _of_database(error)
    return None


def _of_database(error: DBAPIError) -> str:
    said = failures.words(error)
    if failures.unreachable(error):
        return f"the database cannot be reached: {said}; {CONNECTING}, then ask `wharfinger doctor`"
    if failures.forbidden(error):
        return f"the database refuses: {said}; make the user of [database] url the owner of that database"
    return f"the database refused: {said}; {_LOOK}"
