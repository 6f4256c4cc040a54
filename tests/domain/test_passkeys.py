"""Passkeys: added, shown, removed, and every answer that is not believed."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from tests.clock import Clock
from tests.domain.device import PRESENT, VERIFIED, Device, text
from tests.domain.test_chain import follow
from wharfinger.domain import audit, ceremonies, passkeys, second_factors, sessions, users
from wharfinger.domain.access import OPERATOR, Caller
from wharfinger.domain.audit import Wanted
from wharfinger.domain.ceremonies import Ceremony
from wharfinger.domain.errors import CredentialRefused, LoginsLimited, PathTaken, SettingInvalid, UserUnknown
from wharfinger.domain.sessions import Browser, NewSession, Stage
from wharfinger.domain.tools import Policy, Tools

HERE = Browser("192.0.2.7", "Firefox")
PASSWORD = "a lantern on the quay"
PLACE = Ceremony("registry.example.com", "https://registry.example.com", "what only this browser knows")


@pytest.fixture
def policy() -> Policy:
    return Policy(login_failures=3)


@pytest.fixture
def ada(tools: Tools) -> Caller:
    users.create(tools, OPERATOR, "ada", password=PASSWORD)
    return caller(tools, sessions.sign_in(tools, "ada", PASSWORD, HERE))


@pytest.fixture
def device(tools: Tools, ada: Caller) -> Device:
    """One that has a passkey of hers."""
    made = Device()
    passkeys.add(tools, ada, PLACE, made.make(passkeys.to_add(tools, ada, PLACE)), "laptop")
    return made


def caller(tools: Tools, made: NewSession) -> Caller:
    found = sessions.find(tools, made.secret, HERE.address)
    assert found is not None
    return found.caller


def sign_in(tools: Tools, device: Device, browser: Browser = HERE) -> NewSession:
    return passkeys.sign_in(tools, PLACE, device.show(ceremonies.to_show(tools, PLACE)), browser)


def happened(tools: Tools) -> list[str]:
    follow(tools)
    return [one.kind for one in audit.page(tools, OPERATOR, "", Wanted(), limit=100).events]


def test_it_signs_in_without_a_name(tools: Tools, ada: Caller, device: Device) -> None:
    made = sign_in(tools, device)
    assert (made.session.stage, made.session.way) == (Stage.SIGNED_IN, "passkey")
    assert caller(tools, made).name == "ada"
    (held,) = passkeys.list_own(tools, ada)
    assert (held.name, held.party, held.used_at) == ("laptop", PLACE.party, tools.clock())
    sign_in(tools, device)
    assert passkeys.remove(tools, ada, held.id) == "laptop"
    with pytest.raises(CredentialRefused, match="not known"):
        sign_in(tools, device)
    with pytest.raises(SettingInvalid, match="gone"):
        passkeys.remove(tools, ada, held.id)
    told = happened(tools)
    assert [told.count(f"passkey {what}") for what in ("added", "used", "removed")] == [1, 2, 1]


def test_what_a_browser_is_asked(tools: Tools, ada: Caller, device: Device) -> None:
    made = json.loads(passkeys.to_add(tools, ada, PLACE))
    assert made["rp"]["id"] == PLACE.party
    assert made["attestation"] == "none"
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert made["authenticatorSelection"]["residentKey"] == "required"
    assert [one["id"] for one in made["excludeCredentials"]] == [text(device.credential)]
    assert "ada" not in str(made["user"]["id"])
    shown = json.loads(ceremonies.to_show(tools, PLACE))
    assert (shown["rpId"], shown["userVerification"], shown["allowCredentials"]) == (PLACE.party, "required", [])
    assert shown["challenge"] != made["challenge"]


def test_it_stands_in_for_a_code(tools: Tools, ada: Caller, device: Device) -> None:
    enrolment = second_factors.begin(tools, ada)
    second_factors.confirm(tools, ada, pyotp.TOTP(enrolment.secret).at(tools.clock()))
    half = sessions.sign_in(tools, "ada", PASSWORD, HERE)
    assert half.session.stage is Stage.SECOND_FACTOR
    assert passkeys.held(tools, half.session)
    made = passkeys.show(tools, half.session, PLACE, device.show(ceremonies.to_show(tools, PLACE)), HERE)
    assert (made.session.stage, made.session.way) == (Stage.SIGNED_IN, "password and passkey")
    assert sessions.find(tools, half.secret, "") is None
    assert sign_in(tools, device).session.stage is Stage.SIGNED_IN, "it is two factors by itself"


def test_another_accounts_does_not(tools: Tools, ada: Caller, device: Device) -> None:
    users.create(tools, OPERATOR, "eve", password=PASSWORD)
    eve = caller(tools, sessions.sign_in(tools, "eve", PASSWORD, HERE))
    enrolment = second_factors.begin(tools, eve)
    second_factors.confirm(tools, eve, pyotp.TOTP(enrolment.secret).at(tools.clock()))
    half = sessions.sign_in(tools, "eve", PASSWORD, HERE)
    assert not passkeys.held(tools, half.session)
    with pytest.raises(CredentialRefused, match="another account's"):
        passkeys.show(tools, half.session, PLACE, device.show(ceremonies.to_show(tools, PLACE)), HERE)


def test_a_one_time_password_has_to_be_replaced_all_the_same(tools: Tools, ada: Caller, device: Device) -> None:
    users.generate_password(tools, OPERATOR, "ada")
    assert sign_in(tools, device).session.stage is Stage.NEW_PASSWORD


BENT: dict[str, Callable[[Device], object]] = {
    "another page": lambda device: setattr(device, "origin", "https://registry.example.com.evil.example"),
    "plain HTTP": lambda device: setattr(device, "origin", "http://registry.example.com"),
    "another host": lambda device: setattr(device, "party", "evil.example"),
    "not unlocked": lambda device: setattr(device, "flags", PRESENT),
    "nobody there": lambda device: setattr(device, "flags", VERIFIED),
    "inside another page": lambda device: setattr(device, "inside", True),
    "another purpose": lambda device: setattr(device, "kind", "payment.get"),
}


@pytest.mark.parametrize("bend", BENT.values(), ids=BENT)
def test_what_is_not_true_is_not_believed(
    tools: Tools, ada: Caller, device: Device, bend: Callable[[Device], object]
) -> None:
    other = Device()
    for one in (device, other):
        bend(one)
    with pytest.raises(CredentialRefused, match="cannot be believed"):
        sign_in(tools, device)
    with pytest.raises(CredentialRefused, match="cannot be believed"):
        passkeys.add(tools, ada, PLACE, other.make(passkeys.to_add(tools, ada, PLACE)), "other")
    assert len(passkeys.list_own(tools, ada)) == 1


def test_a_forged_signature_or_holder(tools: Tools, device: Device) -> None:
    for forged in (replace(device, key=Device().key), replace(device, handle=b"somebody else"),
                   replace(device, credential=b"unknown")):  # fmt: skip
        with pytest.raises(CredentialRefused, match="cannot be believed"):
            sign_in(tools, forged, Browser("192.0.2.8", ""))


def test_a_device_that_counts_has_to_count_on(tools: Tools, device: Device) -> None:
    sign_in(tools, device)
    copied = replace(device)
    sign_in(tools, device)
    with pytest.raises(CredentialRefused, match="cannot be believed"):
        sign_in(tools, copied)
    sign_in(tools, device)


def test_a_challenge_is_good_once(tools: Tools, ada: Caller, device: Device) -> None:
    uncounting = replace(device, count=-1)  # many devices always say 0
    asked = ceremonies.to_show(tools, PLACE)
    answer = uncounting.show(asked)
    passkeys.sign_in(tools, PLACE, answer, HERE)
    with pytest.raises(CredentialRefused, match="answered before"):
        passkeys.sign_in(tools, PLACE, answer, HERE)
    asked, other = passkeys.to_add(tools, ada, PLACE), Device()
    passkeys.add(tools, ada, PLACE, other.make(asked), "phone")
    with pytest.raises(CredentialRefused, match="answered before"):
        passkeys.add(tools, ada, PLACE, Device().make(asked), "again")
    with pytest.raises(PathTaken):
        passkeys.add(tools, ada, PLACE, other.make(passkeys.to_add(tools, ada, PLACE)), "the same")


def test_a_challenge_is_for_one_browser_and_ten_minutes(tools: Tools, device: Device, clock: Clock) -> None:
    elsewhere = replace(PLACE, holder="another browser")
    asked = ceremonies.to_show(tools, PLACE)
    with pytest.raises(CredentialRefused, match="another browser"):
        passkeys.sign_in(tools, elsewhere, device.show(asked), HERE)
    clock.advance(minutes=10)
    with pytest.raises(CredentialRefused, match="too long"):
        passkeys.sign_in(tools, PLACE, device.show(asked), HERE)
    made_up = json.dumps({"challenge": text(b"\xff" * 56)})
    with pytest.raises(CredentialRefused):
        passkeys.sign_in(tools, PLACE, device.show(made_up), Browser("192.0.2.8", ""))


@pytest.mark.parametrize(
    "answer",
    ["", "{", "[]", "null", "{}", '{"id": 1}', "x" * 70_000, "[" * 60_000,
     '{"id": "", "rawId": "", "type": "public-key", "response": {}}'],
)  # fmt: skip
def test_nonsense_is_refused(tools: Tools, ada: Caller, answer: str) -> None:
    with pytest.raises(CredentialRefused):
        passkeys.sign_in(tools, PLACE, answer, HERE)
    with pytest.raises(CredentialRefused):
        passkeys.add(tools, ada, PLACE, answer, "x")


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
@pytest.mark.parametrize("value", ["", "AAAA", "é", "e30", "////", 7, None])
def test_a_part_that_is_nonsense_is_refused(tools: Tools, device: Device, part: str, value: object) -> None:
    answer = json.loads(device.show(ceremonies.to_show(tools, PLACE)))
    answer["response"][part] = value
    with pytest.raises(CredentialRefused):
        passkeys.sign_in(tools, PLACE, json.dumps(answer), HERE)


def test_too_many_wrong_ones_shut_the_address_out(tools: Tools, device: Device, clock: Clock) -> None:
    for _ in range(3):
        with pytest.raises(CredentialRefused):
            sign_in(tools, replace(device, credential=b"unknown"))
    with pytest.raises(LoginsLimited):
        sign_in(tools, device)
    clock.now += tools.policy.login_window + timedelta(seconds=1)
    sign_in(tools, device)
    assert happened(tools).count("sign-in failed") == 3


def test_who_guesses_at_an_account_does_not_shut_its_passkey_out(tools: Tools, ada: Caller, device: Device) -> None:
    """There is nothing to guess; and whoever knows a user name could keep its owner out for ever."""
    enrolment = second_factors.begin(tools, ada)
    second_factors.confirm(tools, ada, pyotp.TOTP(enrolment.secret).at(tools.clock()))
    half = sessions.sign_in(tools, "ada", PASSWORD, HERE)
    for number in range(3):
        there = Browser(f"192.0.2.{100 + number}", "")
        with pytest.raises(CredentialRefused):
            sessions.sign_in(tools, "ada", "a wrong one", there)
        with pytest.raises(CredentialRefused):
            second_factors.show(tools, half.session, "000000", Browser(f"198.51.100.{number}", ""))
    with pytest.raises(LoginsLimited):
        sessions.sign_in(tools, "ada", PASSWORD, Browser("192.0.2.77", ""))
    with pytest.raises(LoginsLimited):
        second_factors.show(tools, half.session, "000000", HERE)
    assert sign_in(tools, device).session.stage is Stage.SIGNED_IN
    answer = device.show(ceremonies.to_show(tools, PLACE))
    assert passkeys.show(tools, half.session, PLACE, answer, HERE).session.stage is Stage.SIGNED_IN


def test_it_is_good_for_the_host_that_it_was_made_for_alone(tools: Tools, device: Device) -> None:
    """A server that is reached by two names: even a device that answers for both is not believed."""
    other = Ceremony("other.example.com", "https://other.example.com", PLACE.holder)
    bent = replace(device, origin=other.origin, party=other.party)
    with pytest.raises(CredentialRefused, match="cannot be believed"):
        passkeys.sign_in(tools, other, bent.show(ceremonies.to_show(tools, other)), HERE)


def test_a_passkey_alone_leaves_the_password_as_it_is(tools: Tools, device: Device) -> None:
    assert sessions.sign_in(tools, "ada", PASSWORD, HERE).session.stage is Stage.SIGNED_IN


def test_an_account_that_goes_before_the_answer_comes(tools: Tools, device: Device) -> None:
    answer = device.show(ceremonies.to_show(tools, PLACE))
    users.create(tools, OPERATOR, "root", admin=True)
    users.delete(tools, OPERATOR, "ada")
    with pytest.raises(CredentialRefused, match="not known"):
        passkeys.sign_in(tools, PLACE, answer, HERE)


BOMBS = {
    "deep arrays": b"\x81" * 40_000,
    "deep maps": b"\xa1\x00" * 20_000,
    "bytes without end": b"\x5b\x00\x00\x00\xff\xff\xff\xff\xff",
    "an array without end": b"\x9b\x00\x00\x00\x0f\xff\xff\xff\xff",
    "a number without end": b"\xc5\x82\x1b\x00\x00\x00\xff\xff\xff\xff\xff\x01",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_what_would_take_all_memory_is_refused(tools: Tools, ada: Caller, bomb: bytes) -> None:
    answer = json.loads(Device().make(passkeys.to_add(tools, ada, PLACE)))
    answer["response"]["attestationObject"] = text(bomb)
    with pytest.raises(CredentialRefused):
        passkeys.add(tools, ada, PLACE, json.dumps(answer), "x")


def test_blocked_people_stay_out(tools: Tools, device: Device) -> None:
    users.create(tools, OPERATOR, "root", admin=True)
    users.block(tools, OPERATOR, "ada")
    with pytest.raises(CredentialRefused, match="is blocked"):
        sign_in(tools, device)


def test_administrators_remove_those_of_who_lost_them(tools: Tools, ada: Caller, device: Device) -> None:
    assert passkeys.count_of(tools, OPERATOR, "ada") == 1
    passkeys.remove_of(tools, OPERATOR, "ada")
    assert passkeys.list_own(tools, ada) == []
    with pytest.raises(CredentialRefused):
        sign_in(tools, device)
    with pytest.raises(UserUnknown):
        passkeys.remove_of(tools, OPERATOR, "nobody")


def test_how_many_and_what_they_are_called(tools: Tools, ada: Caller) -> None:
    for number in range(passkeys.MOST):
        passkeys.add(tools, ada, PLACE, Device().make(passkeys.to_add(tools, ada, PLACE)), f" {number or ''} ")
    assert passkeys.list_own(tools, ada)[0].name == "Passkey"
    with pytest.raises(SettingInvalid, match="remove one"):
        passkeys.to_add(tools, ada, PLACE)
    for name in ("x" * 101, "a\u202eb"):
        with pytest.raises(SettingInvalid, match="at most 100"):
            passkeys.add(tools, ada, PLACE, "{}", name)
