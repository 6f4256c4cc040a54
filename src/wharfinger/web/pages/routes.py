"""Which page answers which path, and who may ask for it: one table, grouped by subject.

A line names a method, a path, the handler (`visit.py` says what that is) and who gets in at all; what somebody may do
to a place is decided by the operation that the handler calls. The line of a form's POST also names the page with the
form, which is shown again, with the reason, where the form is refused.

In a path, `{place:place}` is that of a group or project, in full; below it, `/-/` separates what belongs to the place.
"""

from wharfinger.web.pages import home, signin
from wharfinger.web.pages.line import Line, Who

TABLE = (
    # --- signing in
    Line("GET", "/login", signin.show, Who.EVERYBODY),
    Line("POST", "/login", signin.by_password, Who.EVERYBODY, form=signin.show),
    Line("GET", "/login/password", signin.show_password, Who.EVERYBODY),
    Line("POST", "/login/password", signin.set_password, Who.EVERYBODY, form=signin.show_password),
    Line("POST", "/logout", signin.leave, Who.EVERYBODY),
    # --- home
    Line("GET", "/", home.show, Who.PERSON),
)
