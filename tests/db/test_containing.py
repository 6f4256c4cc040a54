"""Whether a text is part of another is the same question to both databases."""

import pytest
from sqlalchemy import String, literal, select

from tests.conftest import MakeDatabase
from wharfinger.db.containing import containing
from wharfinger.db.engine import Database

NAMES = ("v1.2.3", "V1.2.3-RC", "alpine_3", "100%", "a/b", "a//b", "ärger", "ÄRGER", "x", "")
PARTS = ("", "v1", "1.2", "RC", "rc", "_", "%", "/", "//", "0%", "a/", "ne_3", "NE_", "ä", "rger", ".3-r", "é")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_part_is_found_in_any_case_and_means_itself(make_database: MakeDatabase, kind: str) -> None:
    db = Database.open(make_database(kind))
    with db.read() as tx:
        for part in PARTS:
            found = {name for name in NAMES if tx.scalar(select(containing(literal(name, String()), part)))}
            assert found >= {name for name in NAMES if _ascii_lower(part) in _ascii_lower(name)}, part
            assert found <= {name for name in NAMES if part.lower() in name.lower()}, part
    db.close()


def _ascii_lower(text: str) -> str:
    """As both databases fold the letters A to Z, whatever they do with others."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
