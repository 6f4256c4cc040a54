"""How values are written for people."""

from datetime import UTC, datetime, timedelta

import pytest

from wharfinger.rules.roles import Profile, Role
from wharfinger.web.pages import words

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "0 bytes"), (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 KiB"), (1536, "1.5 KiB"),
     (10 * 1024**2, "10.0 MiB"), (150 * 1024**3, "150 GiB"), (2**60, "1024 PiB")],
)  # fmt: skip
def test_sizes(count: int | None, text: str) -> None:
    assert words.size(count) == text


@pytest.mark.parametrize(
    ("apart", "text"),
    [({"seconds": 5}, "just now"), ({"minutes": 1}, "1 minute ago"), ({"hours": 3.5}, "3 hours ago"),
     ({"days": 45}, "1 month ago"), ({"days": 800}, "2 years ago"), ({"hours": -49}, "in 2 days"),
     ({"seconds": -9}, "in less than a minute")],
    ids=str,
)  # fmt: skip
def test_how_long_ago(apart: dict[str, float], text: str) -> None:
    assert words.ago(NOW - timedelta(**apart), NOW) == text


def test_numbers_durations_and_digests() -> None:
    assert [words.count(1, "tag"), words.count(12_345, "tag")] == ["1 tag", "12\u202f345 tags"]
    assert words.lasting(timedelta(days=7)) == "7 days"
    assert words.lasting(timedelta(minutes=90)) == "90 minutes"
    assert words.lasting(timedelta(seconds=1)) == "1 second"
    assert words.short("sha256:" + "0123456789abcdef" * 4) == "sha256:0123456789ab"


def test_what_a_role_may() -> None:
    assert words.may(Role.GUEST, Profile.DEFAULT) == "pulling"
    assert words.may(Role.GUEST, Profile.GITLAB) == "seeing the project"
    assert words.may(Role.DEVELOPER, Profile.DEFAULT) == "pulling, pushing"


@pytest.mark.parametrize(
    ("agent", "text"),
    [("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
     ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
     ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
     ("curl/8.0", "curl"), ("", "Unknown")],
)  # fmt: skip
def test_browsers(agent: str, text: str) -> None:
    assert words.browser(agent) == text
