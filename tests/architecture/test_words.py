"""Names and words: nothing is called after nothing, every file says what it is, and no file knows one machine."""

import ast
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PYTHON = sorted([*SOURCES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")])

NOTHING_WORDS = {"util", "utils", "helper", "helpers", "common", "core", "manager", "managers", "base", "service",
                 "services", "misc", "shared", "stuff", "lib"}  # fmt: skip

# Where a public document or a specification lives, or what is reserved for examples.
KNOWN_HOSTS = re.compile(
    r"""^(127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1?\]|::1
        |(.+\.)?(example|test|invalid|localhost|local)|(.+\.)?example\.(com|org|net)
        |192\.0\.2\.\d+|198\.51\.100\.\d+|203\.0\.113\.\d+|10\.\d+\.\d+\.\d+
        |(www\.)?(github\.com|apache\.org|opencontainers\.org|rfc-editor\.org|keepachangelog\.com|semver\.org)
        |(docs\.)?(docker\.com|python\.org|postgresql\.org|sqlite\.org)|docs\.gitlab\.com|json-schema\.org
        |distribution\.github\.io|in-toto\.io|sigstore\.dev|slsa\.dev|www\.w3\.org)$""",
    re.VERBOSE,
)
MACHINE_PATHS = re.compile(r"(?<![\w.$}/-])/(work|root|home|opt|Users|tmp/lab|mnt)/[a-z.]")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tracked() -> list[Path]:
    """The text files that git carries."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a git working tree: there is no list of tracked files")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name and name != "LICENSE"]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8192]]


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_files_are_called_after_something(path: Path) -> None:
    assert not set(re.split(r"[_\W]", str(path.relative_to(ROOT / "src").with_suffix("")))) & NOTHING_WORDS


@pytest.mark.parametrize("path", PYTHON, ids=named)
def test_every_module_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    said = ast.get_docstring(ast.parse(text))
    assert said or not text.strip(), "say in a docstring what the file is for"
    assert path.name != "__init__.py" or len(text.splitlines()) <= 15, "an __init__.py is a door plate"


def test_no_file_knows_a_machine() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{number}": line.strip()[:120]
        for path in tracked()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if MACHINE_PATHS.search(line)
    }
    assert not found


def test_no_file_names_a_host_of_somebody() -> None:
    """Mirrors and private servers do not belong in the repository; what is public and documented is listed above."""

    def hosts(line: str) -> set[str]:
        written = re.findall(r"https?://[A-Za-z0-9.\[\]:@_-]+", line)
        return {urlsplit(url).netloc.rpartition("@")[2].removesuffix(".") for url in written}

    strange = {
        f"{path.relative_to(ROOT)}:{number}": host
        for path in tracked()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        for host in hosts(line)
        if "." in host and not KNOWN_HOSTS.match(re.sub(r":\d*$", "", host))
    }
    assert not strange


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_no_debt_without_a_date(path: Path) -> None:
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", path.read_text())


@pytest.mark.parametrize("path", PYTHON, ids=named)
def test_nothing_of_ours_is_patched(path: Path) -> None:
    """What must be replaced in a test is a parameter."""
    assert not re.search(r"""(mock\.patch|monkeypatch\.setattr)\(\s*["']?wharfinger""", path.read_text())
