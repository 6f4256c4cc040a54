"""The second factor of one's own account."""

import segno
from markupsafe import Markup
from starlette.responses import Response

from wharfinger.domain import second_factors
from wharfinger.domain.second_factors import Enrolment
from wharfinger.web.pages.visit import Visit


def show(visit: Visit) -> Response:
    """Whether there is one, and what can be done."""
    return visit.page("second_factor.html", state=second_factors.state(visit.tools, visit.caller), codes=[])


def begin(visit: Visit) -> Response:
    """A new secret for the app, as a QR code and to be typed."""
    return _begun(visit, second_factors.begin(visit.tools, visit.caller))


def show_begun(visit: Visit) -> Response:
    """The same secret again, where the first code was wrong."""
    return _begun(visit, second_factors.begun(visit.tools, visit.caller))


def confirm(visit: Visit) -> Response:
    """Take a first code; from now on it counts. The recovery codes are shown now and never again."""
    return _codes(visit, second_factors.confirm(visit.tools, visit.caller, visit.form["code"]))


def new_codes(visit: Visit) -> Response:
    """New recovery codes, shown now and never again."""
    return _codes(visit, second_factors.new_codes(visit.tools, visit.caller, visit.form["password"]))


def remove(visit: Visit) -> Response:
    """Sign in by password alone again."""
    second_factors.remove(visit.tools, visit.caller, visit.form["password"])
    return visit.go("/profile/second-factor", "You sign in without a second factor now.")


def _begun(visit: Visit, enrolment: Enrolment) -> Response:
    drawn = segno.make(enrolment.uri, error="m").svg_inline(scale=5, border=2, dark="#14252e", light="#ffffff")
    pieces = [enrolment.secret[start : start + 4] for start in range(0, len(enrolment.secret), 4)]
    return visit.page("second_factor_new.html", drawn=Markup(drawn), secret=" ".join(pieces))  # noqa: S704 - our own


def _codes(visit: Visit, codes: list[str]) -> Response:
    return visit.page("second_factor.html", state=second_factors.state(visit.tools, visit.caller), codes=codes)
