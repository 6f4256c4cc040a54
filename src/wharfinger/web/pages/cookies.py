"""The cookies of the pages.

    wharfinger           the session: random, only for the server (HttpOnly)
    wharfinger-form      random, of browsers that are not signed in: what their forms are proved with
    wharfinger-said      what the next page is to say once, with a proof that the words are ours
    wharfinger-sign-in   what an identity provider has to bring back, for the minutes that one is there
    wharfinger-theme     "light" or "dark", set by the switch on the page itself

All are `SameSite=Lax`: a link from elsewhere leads to a page, a form from elsewhere comes without them. Over TLS they
are `Secure` and, but for the theme, named `__Host-…`, so that no neighbour on the domain can set them.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_urlsafe
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

SESSION: Final = "wharfinger"
FORM: Final = "wharfinger-form"
SAID: Final = "wharfinger-said"
THEME: Final = "wharfinger-theme"
SIGNING_IN: Final = "wharfinger-sign-in"

_LONGEST_SAID: Final = 600
_SAID_SECONDS: Final = 60
_FORM_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to be set for so many seconds; for none, to be taken back."""

    name: str
    value: str = ""
    seconds: int = 0


def read(request: Request, name: str, *, secure: bool) -> str:
    """What a cookie of ours holds; empty where there is none."""
    return request.cookies.get(_named(name, secure=secure), "")


def put(response: Response, cookie: Cookie, *, secure: bool) -> None:
    """Let the response set a cookie."""
    response.set_cookie(
        _named(cookie.name, secure=secure),
        cookie.value,
        max_age=cookie.seconds,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def form() -> Cookie:
    """What a browser that is not signed in proves its forms with."""
    return Cookie(FORM, token_urlsafe(32), _FORM_SECONDS)


def say(text: str, secret: bytes) -> Cookie:
    """What the next page is to say."""
    return Cookie(SAID, packed(text[:_LONGEST_SAID], SAID, secret), _SAID_SECONDS)


def packed(text: str, purpose: str, secret: bytes) -> str:
    """A text with a proof that it is ours, fit for a cookie; whoever holds it can read it."""
    words = urlsafe_b64encode(text.encode()).decode()
    return f"{words}.{proof(secret, purpose, words)}"


def unpacked(value: str, purpose: str, secret: bytes) -> str:
    """What `packed` holds; nothing, where it is not ours."""
    words, _, proved = value.partition(".")
    if not words or not hmac.compare_digest(proved.encode(), proof(secret, purpose, words).encode()):
        return ""
    return urlsafe_b64decode(words).decode()


def proof(secret: bytes, purpose: str, text: str) -> str:
    """What only this installation can say about a text, for one purpose."""
    return hmac.new(secret, f"wharfinger page {purpose}\0{text}".encode(), sha256).hexdigest()


def _named(name: str, *, secure: bool) -> str:
    return f"__Host-{name}" if secure else name
