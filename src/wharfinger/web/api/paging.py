"""Pages of a listing, as GitLab has them: by number with totals, or from a marker; always told in headers.

X-Page 2 · X-Per-Page 20 · X-Prev-Page 1 · X-Next-Page 3 · X-Total 94 · X-Total-Pages 5
Link: <…?page=3&per_page=20>; rel="next", …
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Final, Literal, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from wharfinger.domain.errors import PageInvalid
from wharfinger.rules import paging
from wharfinger.rules.paging import Page, Window
from wharfinger.web.api.call import base_url

Item = TypeVar("Item")
Shown = TypeVar("Shown")

MOST_PER_PAGE: Final = 100
_FURTHEST: Final = 10**9


class Paging:
    """The part of a listing that a request asks for."""

    def __init__(
        self,
        request: Request,
        response: Response,
        *,
        page: Annotated[int, Query(ge=1, le=_FURTHEST, description="number of the page")] = 1,
        per_page: Annotated[int, Query(ge=1, description="entries on a page, at most 100")] = 20,
        pagination: Annotated[
            Literal["offset", "legacy", "keyset"], Query(description="keyset: pages from a marker, without totals")
        ] = "offset",
        cursor: Annotated[str | None, Query(description="with keyset: the marker of the last page's Link")] = None,
    ) -> None:
        self._request, self._response = request, response
        self._page, self._per_page = page, min(per_page, MOST_PER_PAGE)
        self.keyset = pagination == "keyset"
        self._cursor = cursor

    @property
    def per_page(self) -> int:
        """How many entries a page has."""
        return self._per_page

    @property
    def window(self) -> Window:
        """The part, by number or from the marker. Raises PageInvalid."""
        if not self.keyset:
            return Window(self._per_page, self._per_page * (self._page - 1), counted=True)
        try:
            return Window(self._per_page, after=paging.read(self._cursor) if self._cursor else None)
        except ValueError as error:
            raise PageInvalid(str(error)) from error

    def answer(self, page: Page[Item], show: Callable[[Item], Shown]) -> list[Shown]:
        """The entries as they are shown; the headers say where this page is and how to go on."""
        if self.keyset:
            self.link_next(cursor=paging.write(page.after) if page.after else None)
        else:
            self._number(page.total or 0)
        return [show(item) for item in page.items]

    def link_next(self, **changes: str | None) -> None:
        """The only way on from a page that was asked for with a marker; none where all of these are None."""
        self._response.headers["x-per-page"] = str(self._per_page)
        if any(value is not None for value in changes.values()):
            self._response.headers["link"] = self._link("next", changes)

    def part(self, items: Sequence[Item], show: Callable[[Item], Shown]) -> list[Shown]:
        """The same of a listing that is there as a whole."""
        window = Window(self._per_page, self._per_page * (self._page - 1))
        found = list(items[window.offset : window.offset + window.limit])
        self._number(len(items))
        return [show(item) for item in found]

    def _number(self, total: int) -> None:
        pages = max(1, -(-total // self._per_page))
        before = self._page - 1 if self._page > 1 else None
        after = self._page + 1 if self._page < pages else None
        numbers = {"x-page": self._page, "x-per-page": self._per_page, "x-prev-page": before, "x-next-page": after}
        for name, value in {**numbers, "x-total": total, "x-total-pages": pages}.items():
            self._response.headers[name] = "" if value is None else str(value)
        ways = {"prev": before, "next": after, "first": 1, "last": pages}
        links = [self._link(way, {"page": str(number)}) for way, number in ways.items() if number is not None]
        self._response.headers["link"] = ", ".join(links)

    def _link(self, way: str, changes: dict[str, str | None]) -> str:
        """This request's own address with these parameters changed."""
        new = {"per_page": str(self._per_page), **{key: value for key, value in changes.items() if value is not None}}
        asked = parse_qsl(self._request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        query = [(key, value) for key, value in asked if key not in new] + list(new.items())
        return f'<{base_url(self._request)}{self._request.scope["path"]}?{urlencode(query)}>; rel="{way}"'


Paged = Annotated[Paging, Depends(Paging)]
