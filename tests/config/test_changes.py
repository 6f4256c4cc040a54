"""How settings differ, and what a running server takes over."""

from pathlib import Path

from wharfinger.config.changes import changes, take_hot
from wharfinger.config.load import load


def test_what_differs_is_told_and_secrets_are_not() -> None:
    old = load(None, {"WHARFINGER_DATABASE__URL": "postgresql://u:canary@h/d"})
    new = load(None, {"WHARFINGER_DATABASE__URL": "postgresql://u:parrot@h/d", "WHARFINGER_TOKENS__LIFE": "1m"})
    assert [str(change) for change in changes(old, new)] == [
        "database.url: (secret) → (another secret)",
        "tokens.life: 5m → 1m",
    ]
    assert [change.hot for change in changes(old, new)] == [False, True]
    assert changes(old, old) == []


def test_only_what_is_hot_is_taken_over(tmp_path: Path) -> None:
    old = load(None, {"WHARFINGER_SERVER__WORKERS": "2", "WHARFINGER_DATA": "/a"})
    new = load(
        None,
        {
            "WHARFINGER_SERVER__WORKERS": "4",
            "WHARFINGER_DATA": "/b",
            "WHARFINGER_SERVER__TRUSTED_PROXIES": "10.0.0.0/8",
            "WHARFINGER_LOG__LEVEL": "error",
            "WHARFINGER_EXTERNAL_URL": "https://registry.example.com",
        },
    )
    taken = take_hot(old, new)
    assert (taken.server.workers, taken.data) == (2, Path("/a"))
    assert taken.server.trusted_proxies == new.server.trusted_proxies
    assert (taken.log.level, taken.external_url) == ("error", "https://registry.example.com")
