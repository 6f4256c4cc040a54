"""Where a tag comes from: who pushed it, with which token."""

from dataclasses import replace

import pytest

from tests.domain.gallery import Gallery
from tests.domain.people import person
from wharfinger.domain import chain, origins, tokens
from wharfinger.domain.access import Caller
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Role
from wharfinger.rules.scopes import CredentialKind


@pytest.fixture
def gallery(tools: Tools) -> Gallery:
    """What is pushed to it, is pushed with ada's token."""
    made, ada = Gallery(tools, "web"), person(tools, "ada")
    token = tokens.create_personal(tools, ada, "laptop", ["write_registry"]).token
    made.caller = replace(made.caller, user_id=ada.user_id, credential_id=token.id)
    return made


def seal(tools: Tools) -> None:
    with tools.db.begin() as tx:
        chain.seal(tx, tools, 1000)


def origin(gallery: Gallery, tag: str, digest: str, caller: Caller | None = None) -> origins.Origin | None:
    caller = caller or gallery.member(Role.DEVELOPER)
    return origins.of_tags(gallery.tools, caller, gallery.path, {tag: digest}).get(tag)


def test_the_push_that_let_a_tag_point_there(gallery: Gallery) -> None:
    first = gallery.container({"os": "linux"}, b"one", tag="1")
    second = gallery.container({"os": "linux"}, b"two", tag="1")
    assert origin(gallery, "1", second) is None, "it is not in the log yet"
    seal(gallery.tools)
    found = origin(gallery, "1", second)
    assert found is not None
    assert (found.actor, found.credential, found.token) == ("ada", CredentialKind.PERSONAL, "laptop")
    assert origin(gallery, "2", first) is None, "another tag of the same image"


def test_a_job_says_of_which_commit(gallery: Gallery) -> None:
    gallery.caller = replace(gallery.caller, kind=CredentialKind.JOB, origin={"commit": "9fceb02d", "job": "77"})
    digest = gallery.container({"os": "linux"}, b"one", tag="1")
    seal(gallery.tools)
    found = origin(gallery, "1", digest)
    assert found is not None
    assert found.facts == {"commit": "9fceb02d", "job": "77"}


def test_several_tags_at_once(gallery: Gallery) -> None:
    pushed = {tag: gallery.container({"os": "linux"}, tag.encode(), tag=tag) for tag in ("1", "2", "3")}
    seal(gallery.tools)
    assert set(origins.of_tags(gallery.tools, gallery.member(Role.DEVELOPER), gallery.path, pushed)) == set(pushed)
    assert origins.of_tags(gallery.tools, gallery.member(Role.DEVELOPER), gallery.path, {}) == {}


def test_others_are_not_told_of_tokens(gallery: Gallery) -> None:
    digest = gallery.container({"os": "linux"}, b"one", tag="1")
    seal(gallery.tools)
    assert origin(gallery, "1", digest, gallery.member(Role.REPORTER)) is None
    bo = gallery.member(Role.DEVELOPER)
    assert origin(gallery, "1", digest, bo) is not None
