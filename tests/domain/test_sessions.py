"""Sessions of browsers: begun, found, ended; and the steps of signing in."""

from datetime import timedelta

import pyotp
import pytest

from tests.clock import Clock
from tests.domain.test_chain import follow
from wharfinger.domain import audit, second_factors, sessions, tokens, users
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.audit import Wanted
from wharfinger.domain.errors import CredentialRefused, LoginsLimited, SessionUnknown, SettingInvalid, TokenUnknown
from wharfinger.domain.sessions import Browser, NewSession, Stage
from wharfinger.domain.tools import Policy, Tools
from wharfinger.rules.scopes import CredentialKind

HERE = Browser("192.0.2.7", "Firefox/1.0 on a \x00 machine")
PASSWORD = "a lantern on the quay"


@pytest.fixture
def policy() -> Policy:
    return Policy(login_failures=3)


@pytest.fixture
def ada(tools: Tools) -> str:
    users.create(tools, OPERATOR, "ada", password=PASSWORD)
    return "ada"


def sign_in(tools: Tools, password: str = PASSWORD, browser: Browser = HERE) -> NewSession:
    return sessions.sign_in(tools, "ada", password, browser)


def caller(tools: Tools, made: NewSession) -> Caller:
    found = sessions.find(tools, made.secret, "192.0.2.8")
    assert found is not None
    return found.caller


def test_a_session_stands_for_its_user(tools: Tools, ada: str) -> None:
    made = sign_in(tools)
    found = caller(tools, made)
    assert (found.kind, found.name, found.session_id) == (CredentialKind.SESSION, "ada", made.session.id)
    assert found.address == "192.0.2.8"
    assert "\x00" not in made.session.agent


def test_only_the_secret_itself_opens_it(tools: Tools, ada: str) -> None:
    made = sign_in(tools)
    for wrong in ("", made.secret[:-1], made.secret.swapcase(), "\udcff", str(made.session.id)):
        assert sessions.find(tools, wrong, "") is None


def test_a_session_is_not_the_token_of_the_same_number(tools: Tools, ada: str) -> None:
    """Sessions and tokens are numbered apart, so some session has the number of somebody else's token."""
    users.create(tools, OPERATOR, "eve", password=PASSWORD)
    adas = tokens.create_personal(tools, OPERATOR, "laptop", {"api"}, username="ada")
    eve = next(
        found
        for found in (caller(tools, sessions.sign_in(tools, "eve", PASSWORD, HERE)) for _ in range(9))
        if found.session_id == adas.token.id
    )
    with pytest.raises(TokenUnknown):
        tokens.rotate(tools, eve, adas.token.id)
    with pytest.raises(TokenUnknown):
        tokens.revoke(tools, eve, adas.token.id)
    with pytest.raises(TokenUnknown):
        tokens.current(tools, eve)
    assert tokens.authenticate(tools, "ada", adas.secret, "192.0.2.9").name == "ada"


def test_it_ends_when_unused_and_when_its_time_is_over(tools: Tools, ada: str, clock: Clock) -> None:
    idle, life = tools.policy.session_idle, tools.policy.session_life
    unused, used = sign_in(tools), sign_in(tools)
    clock.now += idle - timedelta(seconds=1)
    assert sessions.find(tools, used.secret, "") is not None
    clock.now += timedelta(seconds=2)
    assert sessions.find(tools, unused.secret, "") is None
    passed = idle
    while passed + idle / 2 < life:
        clock.now += idle / 2
        passed += idle / 2
        assert sessions.find(tools, used.secret, "") is not None
    clock.now += idle / 2
    assert sessions.find(tools, used.secret, "") is None


@pytest.mark.parametrize("how", ["block", "password", "reset", "delete", "leave", "end", "others"])
def test_what_ends_it(tools: Tools, ada: str, how: str) -> None:
    made, other = sign_in(tools), sign_in(tools)
    match how:
        case "block":
            users.block(tools, OPERATOR, "ada")
            users.unblock(tools, OPERATOR, "ada")
        case "password":
            users.set_password(tools, caller(tools, other), "ada", "another good one", current=PASSWORD)
        case "reset":
            users.generate_password(tools, OPERATOR, "ada")
        case "delete":
            users.delete(tools, OPERATOR, "ada")
        case "leave":
            sessions.leave(tools, made.session, "192.0.2.7")
        case "end":
            sessions.end(tools, caller(tools, other), made.session.id)
        case "others":
            sessions.end_others(tools, caller(tools, other))
    assert sessions.find(tools, made.secret, "") is None
    if how in ("leave", "end", "others"):
        follow(tools)
        (event,) = audit.page(tools, OPERATOR, "", Wanted(kind="sessions ended")).events
        assert (event.path, event.actor, event.about) == ("ada", "ada", {"sessions": 1})
    stays = how in ("password", "leave", "end", "others")
    assert (sessions.find(tools, other.secret, "") is not None) is stays


def test_nobody_ends_anothers(tools: Tools, ada: str) -> None:
    users.create(tools, OPERATOR, "bob", password=PASSWORD)
    bobs, adas = sessions.sign_in(tools, "bob", PASSWORD, HERE), sign_in(tools)
    with pytest.raises(SessionUnknown):
        sessions.end(tools, caller(tools, bobs), adas.session.id)
    assert [one.id for one in sessions.list_own(tools, caller(tools, bobs))] == [bobs.session.id]


def test_wrong_passwords_are_counted(tools: Tools, ada: str) -> None:
    for _ in range(3):
        with pytest.raises(CredentialRefused):
            sign_in(tools, "wrong")
    with pytest.raises(LoginsLimited):
        sign_in(tools)


def test_a_one_time_password_is_good_for_a_new_one_only(tools: Tools, ada: str, clock: Clock) -> None:
    once = users.generate_password(tools, OPERATOR, "ada")
    made = sign_in(tools, once)
    assert made.session.stage is Stage.NEW_PASSWORD
    assert caller(tools, made).kind is CredentialKind.ANONYMOUS
    with pytest.raises(SettingInvalid):
        sessions.choose_password(tools, made.session, once, HERE)
    done = sessions.choose_password(tools, made.session, "my very own words", HERE)
    assert (done.session.stage, done.secret == made.secret) == (Stage.SIGNED_IN, False)
    assert sessions.find(tools, made.secret, "") is None
    with pytest.raises(SessionUnknown):
        sessions.choose_password(tools, made.session, "once more, please", HERE)
    sign_in(tools, "my very own words")


def test_an_unfinished_sign_in_is_soon_over(tools: Tools, ada: str, clock: Clock) -> None:
    made = sign_in(tools, users.generate_password(tools, OPERATOR, "ada"))
    clock.now += sessions.UNFINISHED_LIFE
    assert sessions.find(tools, made.secret, "") is None


def enrol(tools: Tools) -> tuple[pyotp.TOTP, list[str]]:
    """Give ada a second factor."""
    who = caller(tools, sign_in(tools))
    totp = pyotp.TOTP(second_factors.begin(tools, who).secret)
    assert sign_in(tools).session.stage is Stage.SIGNED_IN  # it does not count before it is confirmed
    return totp, second_factors.confirm(tools, who, totp.at(tools.clock()))


def test_a_second_factor_is_asked_for_and_no_code_is_good_twice(tools: Tools, ada: str, clock: Clock) -> None:
    totp, _codes = enrol(tools)
    made = sign_in(tools)
    assert made.session.stage is Stage.SECOND_FACTOR
    with pytest.raises(CredentialRefused):  # it was shown when the factor was added
        second_factors.show(tools, made.session, totp.at(clock()), HERE)
    clock.now += timedelta(seconds=30)
    code = totp.at(clock())
    assert second_factors.show(tools, made.session, f" {code[:3]} {code[3:]} ", HERE).session.stage is Stage.SIGNED_IN
    with pytest.raises(CredentialRefused):
        second_factors.show(tools, sign_in(tools).session, code, HERE)


@pytest.mark.parametrize("code", ["", "0", "١٢٣٤٥٦", "12345678901234567890"])
def test_wrong_codes_are_refused_and_counted(tools: Tools, ada: str, code: str) -> None:
    enrol(tools)
    made = sign_in(tools)
    for number in range(3):
        with pytest.raises(CredentialRefused):
            second_factors.show(tools, made.session, code, Browser(f"192.0.2.{number}", ""))
    with pytest.raises(LoginsLimited):
        second_factors.show(tools, made.session, code, Browser("192.0.2.99", ""))


def test_recovery_codes_are_good_once_and_replaced(tools: Tools, ada: str, clock: Clock) -> None:
    _totp, codes = enrol(tools)
    done = second_factors.show(tools, sign_in(tools).session, codes[0], HERE)
    with pytest.raises(CredentialRefused):
        second_factors.show(tools, sign_in(tools).session, codes[0], HERE)
    who = caller(tools, done)
    assert second_factors.state(tools, who).codes_left == 9
    with pytest.raises(CredentialRefused):
        second_factors.new_codes(tools, who, "wrong")
    new = second_factors.new_codes(tools, who, PASSWORD)
    with pytest.raises(CredentialRefused):
        second_factors.show(tools, sign_in(tools).session, codes[1], HERE)
    clock.now += timedelta(hours=1)
    second_factors.show(tools, sign_in(tools).session, new[1], HERE)


def test_a_second_factor_is_removed_by_password_or_by_an_administrator(tools: Tools, ada: str, clock: Clock) -> None:
    _totp, codes = enrol(tools)
    who = caller(tools, second_factors.show(tools, sign_in(tools).session, codes[0], HERE))
    with pytest.raises(SettingInvalid):
        second_factors.begin(tools, who)
    with pytest.raises(CredentialRefused):
        second_factors.remove(tools, who, "wrong")
    second_factors.remove(tools, who, PASSWORD)
    assert sign_in(tools).session.stage is Stage.SIGNED_IN
    clock.now += timedelta(hours=1)
    enrol(tools)
    second_factors.remove_of(tools, OPERATOR, "ada")
    assert sign_in(tools).session.stage is Stage.SIGNED_IN
