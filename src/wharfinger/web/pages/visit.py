"""One request of a browser as the pages see it, and the ways to answer it.

A handler is a plain function `handler(visit) -> Response`, called in a thread. It takes what was asked from `visit`,
calls operations with `visit.tools, visit.caller`, and returns `visit.page("file.html", …)` or, after a change,
`visit.go("/path", "what was done")`. It raises refusals and lets them pass: `errors` turns them into pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from wharfinger.domain.access import ANONYMOUS, Caller
from wharfinger.domain.errors import Invalid, SettingInvalid
from wharfinger.domain.sessions import Browser, Visitor
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Role, Visibility
from wharfinger.web.pages import cookies
from wharfinger.web.pages.cookies import Cookie
from wharfinger.web.pages.site import Site

LARGEST_FORM_BYTES: Final = 1024 * 1024
_MOST_FIELDS: Final = 5000
_FORM: Final = "application/x-www-form-urlencoded"
_NOBODY_FROM: Final = "unknown"


class Form:
    """The fields of a form, in order; a field that was not sent is empty."""

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self._pairs = list(pairs)

    def __getitem__(self, name: str) -> str:
        return next((value for key, value in self._pairs if key == name), "")

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self._pairs)

    def all(self, name: str) -> list[str]:
        """Every value of this name: of check boxes, for instance."""
        return [value for key, value in self._pairs if key == name]


def parse_form(body: bytes, content_type: str) -> Form:
    """The form in a body. Raises Invalid."""
    if body and content_type.partition(";")[0].strip().lower() != _FORM:
        raise Invalid("the form came in an encoding that is not taken here: send it again from the page")
    try:
        return Form(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise Invalid(f"the form has more than {_MOST_FIELDS} fields, or is not in UTF-8: send less at once") from error


@dataclass(slots=True)
class Visit:
    """A request, who makes it, and what its answer will carry besides the page."""

    site: Site
    request: Request
    form: Form
    visitor: Visitor | None
    proof: str  # the CSRF token of this browser
    said: str = ""  # what the page before had to say
    error: str = ""  # why the form at hand was refused
    below: int = 0  # how many steps below the page that has it the form's address is
    cookies: list[Cookie] = field(default_factory=list)

    @property
    def tools(self) -> Tools:
        """What operations are handed."""
        return self.site.tools

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.visitor.caller if self.visitor else ANONYMOUS

    @property
    def browser(self) -> Browser:
        """Where the request comes from."""
        client = self.request.client
        return Browser(client.host if client else _NOBODY_FROM, self.request.headers.get("user-agent", ""))

    @property
    def by_script(self) -> bool:
        """Does a page that is open ask, rather than the browser for a page?"""
        return self.request.headers.get("hx-request") == "true"

    @property
    def by_htmx(self) -> bool:
        """Does a part of a page ask, rather than the browser, or the page that is open, for a whole one?"""
        return self.by_script and self.request.headers.get("hx-request-type") != "full"

    @property
    def again(self) -> bool:
        """Does what is open ask how it looks now, while nobody does anything?"""
        return self.by_script and self.request.headers.get("x-again") == "true"

    @property
    def host(self) -> str:
        """What container tools write before the path of an image: `registry.example.com`."""
        return urlsplit(self.site.external_url).netloc or self.request.url.netloc

    @property
    def here(self) -> str:
        """The path of the page at hand: of a form that was sent, that of the page that has the form."""
        return self.request.url.path.rsplit("/", self.below)[0] or "/"

    @property
    def address(self) -> str:
        """Where people reach the pages: `https://registry.example.com`."""
        return self.site.external_url or f"{self.request.url.scheme}://{self.request.url.netloc}"

    @property
    def passkey_host(self) -> str:
        """The host name that passkeys are for; empty where browsers make none: over plain HTTP, and for numbers."""
        url = urlsplit(self.address)
        name = url.hostname or ""
        return name if name == "localhost" or (url.scheme == "https" and not _is_number(name)) else ""

    @property
    def secure(self) -> bool:
        """Does the browser come over TLS?"""
        return self.request.url.scheme == "https" or self.site.external_url.startswith("https://")

    @property
    def theme(self) -> str:
        """What this browser's person chose: "light", "dark", or "" for what the system says."""
        chosen = self.request.cookies.get(cookies.THEME, "")
        return chosen if chosen in ("light", "dark") else ""

    def of_path(self, name: str) -> str:
        """A part of the path, as the table of routes names it."""
        return str(self.request.path_params[name])

    def asked(self, name: str, otherwise: str = "") -> str:
        """A parameter of the query."""
        return self.request.query_params.get(name, otherwise)

    def number(self, name: str, otherwise: int = 0) -> int:
        """A parameter of the query or, of this name, a field or a part of the path that is a number. Raises Invalid."""
        found = self.request.path_params.get(name) or self.form[name] or self.asked(name) or str(otherwise)
        if not (found.isascii() and found.isdigit() and len(found) < 19):
            raise Invalid(f"{name} is to be a number: go back and choose again")
        return int(found)

    def text(self, name: str) -> str:
        """A field of several lines."""
        return self.form[name].replace("\r\n", "\n").strip()

    def new_password(self) -> str:
        """What stands in the fields `password` and `again`. Raises SettingInvalid."""
        if self.form["password"] != self.form["again"]:
            raise SettingInvalid("the two new passwords differ: type the same one twice")
        return self.form["password"]

    def visibility(self) -> Visibility:
        """The field `visibility`. Raises Invalid."""
        try:
            return Visibility[self.form["visibility"].upper()]
        except KeyError as error:
            raise SettingInvalid("choose who may see it: private, internal or public") from error

    def role(self) -> Role:
        """The field `role`. Raises SettingInvalid."""
        try:
            return Role[self.form["role"].upper()]
        except KeyError as error:
            raise SettingInvalid("choose a role: guest, reporter, developer, maintainer or owner") from error

    def day(self, name: str) -> datetime | None:
        """The first moment, in UTC, of the day in a field or parameter; None where none is. Raises SettingInvalid."""
        text = (self.form[name] or self.asked(name)).strip()
        try:
            return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) if text else None
        except ValueError as error:
            raise SettingInvalid("write a day as year-month-day, as in 2031-12-24") from error

    def require_typed(self, name: str) -> None:
        """Make sure that the person has typed the name of what is to go. Raises SettingInvalid."""
        if self.form["typed"] != name:
            raise SettingInvalid(f"nothing was done: type {name} to go on")

    def page(self, template: str, *, status: int = 200, **facts: Any) -> Response:
        """A page, or a part of one, from a template that is handed these facts besides those of `Site.render`."""
        text = self.site.render(template, {"visit": self, **facts})
        return self._anew(text, status) if self.again else HTMLResponse(text, status)

    def go(self, to: str, said: str = "") -> Response:
        """Send the browser to another page of ours, which begins with what was `said`."""
        if not ours(to):
            raise ValueError(f"{to!r} does not lead to a page of ours")
        if said:
            self.cookies.append(cookies.say(said, self.tools.secret))
        if self.by_script:
            return Response(status_code=204, headers={"hx-redirect": to})
        return Response(status_code=303, headers={"location": to})

    def _anew(self, text: str, status: int) -> Response:
        """What asks again gets its text with a mark, and 304 where it holds that mark already (RFC 9110, 13.1.2)."""
        mark = f'"{blake2b(text.encode(), digest_size=9).hexdigest()}"'
        if self.request.headers.get("if-none-match") == mark and status == HTTPStatus.OK:
            return Response(status_code=304, headers={"etag": mark})
        return HTMLResponse(text, status, {"etag": mark})

    def with_next(self, to: str) -> str:
        """A path that leads back, once all is done there, to the page that is asked for now."""
        url = self.request.url
        here = f"{url.path}?{url.query}" if url.query else url.path
        return f"{to}?{urlencode({'next': here})}" if self.request.method == "GET" and here != "/" else to

    def next(self) -> str:
        """Where to go once all is done: where the browser came from, if that is a page of ours."""
        wanted = self.form["next"] or self.asked("next")
        return wanted if ours(wanted) else "/"

    def carry_next(self, to: str) -> str:
        """The next step of what leads back in the end."""
        return f"{to}?{urlencode({'next': self.next()})}" if self.next() != "/" else to

    def typed(self, name: str, otherwise: object = "") -> str:
        """What stands in a field: what was typed before the form was refused, or what is so now."""
        return self.form[name] if name in self.form else str(otherwise if otherwise is not None else "")

    def ticked(self, name: str, value: str, *, otherwise: bool, beside: str) -> bool:
        """Is a box ticked: as it was sent where its form was, in which the field `beside` is; else as it was saved."""
        return value in self.form.all(name) if beside in self.form else otherwise


def _is_number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def ours(path: str) -> bool:
    """Is it the path of a page here, and nothing that a browser would take for another host?"""
    return (
        path.startswith("/")
        and not path.startswith(("//", "/\\"))
        and path.isascii()
        and path.isprintable()
        and "\\" not in path
    )
