"""Stylesheet, scripts and icons: read once, sent from memory.

Their addresses carry a piece of their digest, so browsers keep them for good and fetch anew what has changed.
"""

import gzip
import logging
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

FOLDER: Final = Path(__file__).with_name("static")
_KINDS: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_log: Final = logging.getLogger("wharfinger.pages")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it is and packed."""

    body: bytes
    packed: bytes
    kind: str
    mark: str


class Assets:
    """Every file below `static/`, by its name alone."""

    def __init__(self, folder: Path = FOLDER) -> None:
        files = [file for file in folder.rglob("*") if file.suffix in _KINDS]
        self._known = {file.name: _read(file) for file in files}
        if "app.css" not in self._known:
            _log.warning("the stylesheet of the web pages was never built: run `python hatch_build.py`")

    def url(self, name: str) -> str:
        """Where a page finds this file."""
        asset = self._known.get(name)
        return f"/static/{name}?v={asset.mark}" if asset else f"/static/{name}"

    def answer(self, request: Request, name: str) -> Response | None:
        """The file; None where there is none."""
        asset = self._known.get(name)
        if asset is None:
            return None
        headers = {"cache-control": _FOR_GOOD if request.query_params.get("v") == asset.mark else "no-cache"}
        headers |= {"vary": "accept-encoding", "content-type": asset.kind}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.packed, headers={**headers, "content-encoding": "gzip"})
        return Response(asset.body, headers=headers)


def _read(file: Path) -> Asset:
    body = file.read_bytes()
    return Asset(body, gzip.compress(body, mtime=0), _KINDS[file.suffix], sha256(body).hexdigest()[:12])
