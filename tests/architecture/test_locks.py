"""The locks pin all that pyproject.toml asks for, by hash, and say nothing of where to fetch it."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ASKED = {
    "run.txt": PROJECT["project"]["dependencies"] + PROJECT["build-system"]["requires"],
    "test.txt": PROJECT["dependency-groups"]["test"],
}
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def pinned(name: str) -> dict[str, str]:
    """Versions by name, of one lock."""
    return {canonicalize_name(what): version for what, version in PINNED.findall(lock(name))}


def lock(name: str) -> str:
    return (ROOT / "requirements" / name).read_text()


@pytest.mark.parametrize("name", ASKED)
def test_lock_answers_what_is_asked(name: str) -> None:
    """If not: `make lock`."""
    versions = pinned(name)
    for text in ASKED[name]:
        asked = Requirement(text)
        assert asked.specifier.contains(versions.get(canonicalize_name(asked.name), "0")), f"{text}: run `make lock`"


def test_the_locks_agree() -> None:
    run, test = pinned("run.txt"), pinned("test.txt")
    assert {name: test[name] for name in run.keys() & test.keys()} == {
        name: run[name] for name in run.keys() & test.keys()
    }


@pytest.mark.parametrize("name", ASKED)
def test_lock_is_by_hash_and_names_no_place(name: str) -> None:
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", lock(name), flags=re.MULTILINE))
    assert all("--hash=sha256:" in entry for entry in entries if entry.strip())
    assert not re.search(r"://|index-url|find-links|trusted-host", lock(name))
