"""The order of the rooms holds: the contracts of pyproject.toml, and what they cannot say."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "wharfinger"
PURE_LIBRARIES = {"re2"}  # small, pure and wanted by rules or spec


def test_import_contracts() -> None:
    """All contracts are kept; what is broken stands in the output."""
    linter = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def imported(path: Path) -> set[str]:
    """The modules that a file imports anywhere in it, in full."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides which room it reaches into"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_are_absolute(path: Path) -> None:
    imported(path)


@pytest.mark.parametrize(
    "path",
    sorted([*(SOURCE / "rules").rglob("*.py"), *(SOURCE / "spec").rglob("*.py")]),
    ids=lambda path: str(path.relative_to(SOURCE)),
)
def test_rules_and_spec_are_pure(path: Path) -> None:
    """They decide and name: standard library, small pure libraries, and nothing that asks a clock or the network."""
    outside = {name for name in imported(path) if name.split(".")[0] not in sys.stdlib_module_names}
    allowed = {name for name in outside if name.startswith(("wharfinger.rules", "wharfinger.spec"))}
    assert outside - allowed <= PURE_LIBRARIES
    assert not {name.split(".")[0] for name in imported(path)} & {
        "os",
        "socket",
        "time",
        "random",
        "secrets",
        "threading",
        "subprocess",
        "logging",
    }
