"""JSON that every reader understands alike."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.spec import strict_json
from wharfinger.spec.errors import Malformed
from wharfinger.spec.strict_json import DEEPEST

MILLION = 1 << 20


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"{}", {}),
        (b"[]", []),
        (b"null", None),
        (b' {"a": [1, 2.5, true, false, null, "x"]} \n', {"a": [1, 2.5, True, False, None, "x"]}),
        (b'{"a": {"k": 1}, "b": {"k": 2}}', {"a": {"k": 1}, "b": {"k": 2}}),
        ('{"a": "sch\u00f6n \U0001f600"}'.encode(), {"a": "sch\u00f6n \U0001f600"}),
        (rb'"\ud83d\ude00 \u0000"', "\U0001f600 \0"),
        (rb'"C:\\ud800"', r"C:\ud800"),
        (b"[" * DEEPEST + b"]" * DEEPEST, None),
        (b'{"a":' * (DEEPEST - 1) + b"[]" + b"}" * (DEEPEST - 1), None),
        (b"[" + b"[]," * 999 + b"{}]", [[]] * 999 + [{}]),
        (b'["' + b"[{" * 1000 + b'"]', ["[{" * 1000]),
        (rb'["\"[[", {}' + b", []" * 80 + b"]", ['"[[', {}, *[[]] * 80]),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_loads_takes(data: bytes, expected: object) -> None:
    assert strict_json.loads(data) == (json.loads(data) if expected is None else expected)


BAD = [
    (b"", "not JSON: Expecting value at line 1 column 1"),
    (b"{", "not JSON"),
    (b'{"a": 1,}', "not JSON"),
    (b"{'a': 1}", "not JSON"),
    (b"{} {}", "not JSON: Extra data at line 1 column 4"),
    (b"// x\n{}", "not JSON"),
    (b'"\x01"', "not JSON: Invalid control character"),
    (b'{"a": 1, "a": 1}', "the key 'a' stands twice"),
    (b'[{"b": {"config": 1, "layers": 2, "config": 3}}]', "the key 'config' stands twice"),
    (rb'{"a": 1, "\u0061": 2}', "the key 'a' stands twice"),
    (b'{"": 1, "": 2}', "the key '' stands twice"),
    (b"NaN", "NaN is not a JSON number"),
    (b'{"size": Infinity}', "Infinity is not"),
    (b"[-Infinity]", "-Infinity is not"),
    (b"[" + b"9" * 5000 + b"]", "thousands of digits"),
    (b"\xff", "not UTF-8: byte 0"),
    (b'{"a": "\xc3"}', "not UTF-8: byte 7"),
    (b'"\xed\xa0\x80"', "not UTF-8"),
    (b'"\xc0\x80"', "not UTF-8"),
    (b"\xef\xbb\xbf{}", "byte order mark"),
    ("{}".encode("utf-16"), "not UTF-8"),
    (rb'"\ud800"', "half of a surrogate pair"),
    (rb'{"\uDC00": 1}', "half of a surrogate pair"),
    (rb'["\ude00\ud83d"]', "half of a surrogate pair"),
    (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "deeper than 64"),
    (b'{"a":' * 65 + b"1" + b"}" * 65, "deeper than 64"),
    (b"[[]," * 65 + b"1" + b"]" * 65, "deeper than 64"),
    (b"[[[]]," * 70 + b"1" + b"]" * 70, "deeper than 64"),
    (b"[" * 100_000, "does not close"),
    (b"[{]}" * 40, "not JSON"),
    (b"[]" * 70 + b"}", "does not close"),
]


@pytest.mark.parametrize(("data", "reason"), BAD, ids=lambda value: ascii(value)[:40])
def test_loads_refuses(data: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as refusal:
        strict_json.loads(data)
    assert refusal.value.code == "MANIFEST_INVALID"
    assert reason in refusal.value.sentence
    assert len(refusal.value.sentence) < 1000


@pytest.mark.parametrize(
    "data",
    [
        b"[" * (4 * MILLION),
        b"[" * (2 * MILLION) + b"]" * (2 * MILLION),
        b"]" * (4 * MILLION),
        b'[]"\\' * MILLION,
        b"[]" * 40 + b'"\\' * (2 * MILLION - 40),
        b"[]" * 40 + b'"' * (2 * MILLION),
        (b"[" * 64 + b"[]") * 60_000,
        b"{" + b",".join(b'"%d":0' % number for number in range(300_000)) + b',"299999":1}',
    ],
    ids=["open", "deep", "closing", "mixed", "escapes", "quotes", "runs", "late duplicate"],
)
def test_four_hostile_megabytes_are_refused_in_linear_time(data: bytes) -> None:
    """Anything that grew with the square of the length would not return before the test run is killed."""
    with pytest.raises(Malformed):
        strict_json.loads(data)


def test_depth_is_refused_before_python_runs_out_of_stack() -> None:
    """Called from deep inside, it still refuses by its own rule."""

    def call_from(depth: int) -> None:
        if depth:
            return call_from(depth - 1)
        with pytest.raises(Malformed, match="deeper than 64"):
            strict_json.loads(b"[" * 500 + b"]" * 500)
        return None

    call_from(sys.getrecursionlimit() - 300)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(values, st.booleans())
def test_loads_reads_what_others_write(value: object, escaped: bool) -> None:
    assert strict_json.loads(json.dumps(value, ensure_ascii=escaped).encode()) == value


@given(st.binary() | st.text(alphabet='[]{}":,\\u1aD8 ').map(str.encode))
def test_loads_never_fails_otherwise(data: bytes) -> None:
    """Whatever comes is the value that the standard library reads, or Malformed."""
    try:
        value = strict_json.loads(data)
    except Malformed:
        return
    assert value == json.loads(data)


@given(st.integers(1, 200), st.sampled_from(["[%s]", '{"a":%s}', '[1,[],%s,"]"]', '{"[":{},"a":%s}']))
def test_the_limit_is_exact(depth: int, layer: str) -> None:
    text = "0"
    for _ in range(depth):
        text = layer.replace("%s", text)
    # below a layer's own pair some layers hold an empty one beside it, one deeper than themselves
    deepest = depth + (1 if layer.count("[]") or layer.count("{}") else 0)
    if deepest <= DEEPEST:
        assert strict_json.loads(text.encode()) == json.loads(text)
    else:
        with pytest.raises(Malformed, match="deeper than 64"):
            strict_json.loads(text.encode())
