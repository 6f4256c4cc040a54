"""Configs of images: what is told, and what hostile ones cannot do."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.spec import image_config
from wharfinger.spec.errors import Malformed
from wharfinger.spec.image_config import ImageConfig, Step

FULL = {
    "created": "2026-03-01T12:30:00.123456789Z",
    "author": "Ada",
    "architecture": "arm64",
    "variant": "v8",
    "os": "linux",
    "config": {
        "User": "1000:1000",
        "ExposedPorts": {"8080/tcp": {}, "53/udp": {}},
        "Env": ["PATH=/bin", "EMPTY=", "BARE", "EQ=a=b"],
        "Entrypoint": ["/bin/app"],
        "Cmd": ["serve", "--all"],
        "Volumes": {"/data": {}},
        "WorkingDir": "/srv",
        "Labels": {"b": "2", "a": "1"},
        "StopSignal": "SIGINT",
    },
    "history": [
        {"created": "2026-03-01T12:00:00Z", "created_by": "COPY . . # buildkit", "comment": "buildkit.dockerfile.v0"},
        {"created_by": "CMD", "empty_layer": True},
    ],
}


def read(document: Any) -> ImageConfig:
    return image_config.parse(json.dumps(document).encode())


def test_everything_is_told() -> None:
    assert read(FULL) == ImageConfig(
        platform="linux/arm64/v8",
        created_at=datetime(2026, 3, 1, 12, 30, 0, 123456, UTC),
        author="Ada",
        user="1000:1000",
        working_dir="/srv",
        stop_signal="SIGINT",
        entrypoint=("/bin/app",),
        command=("serve", "--all"),
        ports=("53/udp", "8080/tcp"),
        volumes=("/data",),
        env=(("PATH", "/bin"), ("EMPTY", ""), ("BARE", ""), ("EQ", "a=b")),
        labels=(("a", "1"), ("b", "2")),
        history=(
            Step("COPY . . # buildkit", datetime(2026, 3, 1, 12, tzinfo=UTC), "buildkit.dockerfile.v0", empty=False),
            Step("CMD", None, "", empty=True),
        ),
    )


def test_nothing_is_needed() -> None:
    assert read({}) == ImageConfig()


@pytest.mark.parametrize(
    "document",
    [
        {"config": [], "history": {}, "created": 3, "author": None, "os": 1},
        {"config": {"Env": ["x", "1"][:0], "Labels": [], "ExposedPorts": [], "Entrypoint": 7, "Cmd": [1]}},
        {"history": ["no object", 3, None]},
    ],
)
def test_other_shapes_are_left_out(document: dict[str, Any]) -> None:
    assert read(document) == ImageConfig()


def test_a_command_may_be_a_string() -> None:
    assert read({"config": {"Cmd": "run it"}}).command == ("run it",)


def test_lists_and_texts_are_cut() -> None:
    found = read(
        {"config": {"Env": ["A=1"] * 5000, "Labels": {str(n): "" for n in range(5000)}}, "author": "a" * 50_000}
    )
    assert len(found.env) == len(found.labels) == image_config.MOST_ENTRIES
    assert found.author.endswith("… (40000 more characters)")


def test_hidden_marks_are_shown() -> None:
    assert read({"config": {"Labels": {"a\u202e": "b\x00"}}}).labels == (("a\\u{202e}", "b\\u{0}"),)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"a": 1, "a": 2}', b"[" * 10_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        image_config.parse(body)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"os": "linux", "architecture": "amd64"}, "linux/amd64"),
        ({"os": "windows", "architecture": "amd64", "os.version": "10.0.1"}, "windows/amd64 (10.0.1)"),
        ({"architecture": "wasm"}, "?/wasm"),
        ({"os": "linux"}, "linux/?"),
        ({"variant": "v8"}, ""),
        ({"os": "<b>linux</b>", "architecture": "a" * 41}, ""),
        ({"os": "linux", "architecture": "two words"}, "linux/?"),
    ],
)
def test_platforms(fields: dict[str, str], told: str) -> None:
    assert image_config.platform(fields) == told


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-03-01T12:30:00Z", datetime(2026, 3, 1, 12, 30, tzinfo=UTC)),
        ("2026-03-01T12:30:00+02:00", datetime(2026, 3, 1, 10, 30, tzinfo=UTC)),
        ("2026-03-01T12:30:00", datetime(2026, 3, 1, 12, 30, tzinfo=UTC)),
        ("0001-01-01T00:00:00+05:00", None),
        ("yesterday", None),
        ("2026" * 20, None),
        (None, None),
    ],
)
def test_moments(text: object, found: datetime | None) -> None:
    assert image_config.moment(text) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*FULL, *FULL["config"]]), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(list(FULL)), JSON))
def test_no_object_breaks_it(document: dict[str, Any]) -> None:
    assert isinstance(read(document), ImageConfig)
