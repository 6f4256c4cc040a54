"""Which page answers which path, and who may ask for it: one table, grouped by subject.

A line names a method, a path, the handler (`visit.py` says what that is) and who gets in at all; what somebody may do
to a place is decided by the operation that the handler calls. The line of a form's POST also names the page with the
form, which is shown again, with the reason, where the form is refused.

In a path, `{place:place}` is that of a group or project, in full; below it, `/-/` separates what belongs to the place.
"""

from wharfinger.web.pages import (
    admin,
    groups,
    home,
    image,
    jobs,
    manifest,
    members,
    places,
    profile,
    projects,
    refused,
    registry,
    search,
    second_factor,
    signin,
    single_sign_on,
    tokens,
    trash,
    users,
)
from wharfinger.web.pages.line import Line, Who

# fmt: off
TABLE = (
    # --- signing in
    Line("GET", "/login", signin.show, Who.EVERYBODY),
    Line("POST", "/login", signin.by_password, Who.EVERYBODY, form=signin.show),
    Line("GET", "/login/second", signin.show_second, Who.EVERYBODY),
    Line("POST", "/login/second", signin.by_second, Who.EVERYBODY, form=signin.show_second),
    Line("GET", "/login/password", signin.show_password, Who.EVERYBODY),
    Line("POST", "/login/password", signin.set_password, Who.EVERYBODY, form=signin.show_password),
    Line("GET", "/login/oidc", single_sign_on.begin, Who.EVERYBODY),
    Line("GET", "/login/oidc/callback", single_sign_on.finish, Who.EVERYBODY),
    Line("POST", "/logout", signin.leave, Who.EVERYBODY),
    # --- home, projects, groups
    Line("GET", "/", home.show, Who.PERSON),
    Line("GET", "/projects", home.projects, Who.EVERYBODY),
    Line("GET", "/projects/new", projects.new, Who.PERSON),
    Line("POST", "/projects/new", projects.create, Who.PERSON, form=projects.new),
    Line("GET", "/groups", groups.show, Who.EVERYBODY),
    Line("GET", "/groups/new", groups.new, Who.PERSON),
    Line("POST", "/groups/new", groups.create, Who.PERSON, form=groups.new),
    # --- one's own account
    Line("GET", "/profile", profile.show, Who.PERSON),
    Line("POST", "/profile", profile.change, Who.PERSON, form=profile.show),
    Line("POST", "/profile/password", profile.set_password, Who.PERSON, form=profile.show),
    Line("POST", "/profile/oidc/disconnect", single_sign_on.disconnect, Who.PERSON, form=profile.show),
    Line("GET", "/profile/tokens", tokens.show, Who.PERSON),
    Line("POST", "/profile/tokens", tokens.create, Who.PERSON, form=tokens.show),
    Line("POST", "/profile/tokens/rotate", tokens.rotate, Who.PERSON, form=tokens.show),
    Line("POST", "/profile/tokens/revoke", tokens.revoke, Who.PERSON, form=tokens.show),
    Line("GET", "/profile/sessions", profile.show_sessions, Who.PERSON),
    Line("POST", "/profile/sessions/end", profile.end_session, Who.PERSON, form=profile.show_sessions),
    Line("GET", "/profile/second-factor", second_factor.show, Who.PERSON),
    Line("POST", "/profile/second-factor", second_factor.begin, Who.PERSON, form=second_factor.show),
    Line("POST", "/profile/second-factor/confirm", second_factor.confirm, Who.PERSON, form=second_factor.show_begun),
    Line("POST", "/profile/second-factor/codes", second_factor.new_codes, Who.PERSON, form=second_factor.show),
    Line("POST", "/profile/second-factor/remove", second_factor.remove, Who.PERSON, form=second_factor.show),
    # --- why was I refused?
    Line("GET", "/help/refused", refused.show, Who.PERSON),
    Line("POST", "/help/refused", refused.explain, Who.PERSON, form=refused.show),
    # --- for administrators
    Line("GET", "/admin", admin.show, Who.ADMIN),
    Line("GET", "/admin/users", users.show, Who.ADMIN),
    Line("POST", "/admin/users", users.create, Who.ADMIN, form=users.show),
    Line("GET", "/admin/users/{username}", users.show_one, Who.ADMIN),
    Line("POST", "/admin/users/{username}", users.change, Who.ADMIN, form=users.show_one),
    Line("POST", "/admin/users/{username}/rename", users.rename, Who.ADMIN, form=users.show_one),
    Line("POST", "/admin/users/{username}/password", users.reset_password, Who.ADMIN, form=users.show_one),
    Line("POST", "/admin/users/{username}/factor", users.remove_factor, Who.ADMIN, form=users.show_one),
    Line("POST", "/admin/users/{username}/block", users.block, Who.ADMIN, form=users.show_one),
    Line("POST", "/admin/users/{username}/tokens", users.revoke_tokens, Who.ADMIN, form=users.show_one),
    Line("POST", "/admin/users/{username}/delete", users.delete, Who.ADMIN, form=users.show_one),
    Line("GET", "/admin/groups", admin.groups, Who.ADMIN),
    Line("GET", "/admin/jobs", jobs.show, Who.ADMIN),
    Line("POST", "/admin/jobs/again", jobs.again, Who.ADMIN, form=jobs.show),
    Line("POST", "/admin/jobs/forget", jobs.forget, Who.ADMIN, form=jobs.show),
    Line("GET", "/admin/storage", admin.storage, Who.ADMIN),
    Line("GET", "/admin/settings", admin.settings, Who.ADMIN),
    # --- of a group or project
    Line("GET", "/{place:place}/-/members", members.show, Who.PERSON),
    Line("POST", "/{place:place}/-/members", members.put, Who.PERSON, form=members.show),
    Line("POST", "/{place:place}/-/members/remove", members.remove, Who.PERSON, form=members.show),
    Line("GET", "/{place:place}/-/tokens", tokens.show_place, Who.PERSON),
    Line("POST", "/{place:place}/-/tokens", tokens.create_place, Who.PERSON, form=tokens.show_place),
    Line("POST", "/{place:place}/-/tokens/rotate", tokens.rotate_place, Who.PERSON, form=tokens.show_place),
    Line("POST", "/{place:place}/-/tokens/revoke", tokens.revoke_place, Who.PERSON, form=tokens.show_place),
    Line("GET", "/{place:place}/-/settings", places.settings, Who.PERSON),
    Line("POST", "/{place:place}/-/settings", places.change, Who.PERSON, form=places.settings),
    Line("POST", "/{place:place}/-/settings/path", places.rename, Who.PERSON, form=places.settings),
    Line("POST", "/{place:place}/-/settings/move", places.move, Who.PERSON, form=places.settings),
    Line("POST", "/{place:place}/-/settings/delete", places.delete, Who.PERSON, form=places.settings),
    # --- search, and images of a project or group
    Line("GET", "/search", search.show, Who.EVERYBODY),
    Line("GET", "/{place:place}/-/registry", registry.show, Who.EVERYBODY),
    Line("GET", "/{place:place}/-/registry/{id}", image.show, Who.EVERYBODY),
    Line("POST", "/{place:place}/-/registry/{id}/delete", registry.delete, Who.PERSON, form=image.show),
    Line("POST", "/{place:place}/-/registry/{id}/tags/choose", image.choose, Who.PERSON, form=image.show),
    Line("POST", "/{place:place}/-/registry/{id}/tags/delete", image.delete, Who.PERSON, form=image.show),
    Line("POST", "/{place:place}/-/registry/{id}/tags/undo", image.undo, Who.PERSON, form=image.show),
    Line("GET", "/{place:place}/-/registry/{id}/size", registry.show_size, Who.EVERYBODY),
    Line("GET", "/{place:place}/-/registry/{id}/tags/{name}", manifest.show_tag, Who.EVERYBODY),
    Line("GET", "/{place:place}/-/registry/{id}/manifests/{digest}", manifest.show_digest, Who.EVERYBODY),
    Line("GET", "/{place:place}/-/registry/{id}/compare", manifest.show_comparison, Who.EVERYBODY),
    Line("GET", "/{place:place}/-/trash", trash.show, Who.PERSON),
    Line("POST", "/{place:place}/-/trash/restore", trash.restore, Who.PERSON, form=trash.show),
    Line("POST", "/{place:place}/-/trash/empty", trash.empty, Who.PERSON, form=trash.show),
    # --- every other path is that of a group or project, so this line stays the last
    Line("GET", "/{place:place}", places.show, Who.EVERYBODY),
)
