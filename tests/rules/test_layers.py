"""Commands and the layers that came of them."""

import pytest

from wharfinger.rules import layers
from wharfinger.spec.image_config import Step
from wharfinger.spec.manifest import Descriptor


def step(command: str, *, empty: bool = False) -> Step:
    return Step(command, None, "", empty)


def layer(number: int) -> Descriptor:
    return Descriptor("application/vnd.oci.image.layer.v1.tar", f"sha256:{number:064x}", number)


def test_steps_meet_their_layers() -> None:
    history = [step("ADD a /"), step("ENV A=1", empty=True), step("COPY b /")]
    found = layers.made([layer(1), layer(2)], history)
    assert [(each.command, each.layer) for each in found] == [
        ("ADD a /", layer(1)),
        ("ENV A=1", None),
        ("COPY b /", layer(2)),
    ]


@pytest.mark.parametrize("history", [[], [step("one")], [step("one"), step("two"), step("three")]])
def test_where_numbers_differ_nobody_knows(history: list[Step]) -> None:
    found = layers.made([layer(1), layer(2)], history)
    assert [(each.command, each.step, each.layer) for each in found] == [("", None, layer(1)), ("", None, layer(2))]


@pytest.mark.parametrize(
    ("created_by", "said"),
    [
        ("/bin/sh -c #(nop)  CMD [\"sh\"]", 'CMD ["sh"]'),
        ("/bin/sh -c #(nop) ADD file:1 in / ", "ADD file:1 in /"),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("RUN /bin/sh -c apt-get update # buildkit", "RUN apt-get update"),
        ("RUN |2 A=1 B=x y /bin/sh -c make   &&\n make install # buildkit", "RUN make   &&\n make install"),
        ("COPY . /srv # buildkit", "COPY . /srv"),
        ("WORKDIR /srv", "WORKDIR /srv"),
        ("bazel build ...", "bazel build ..."),
        ("", ""),
    ],
)  # fmt: skip
def test_instructions(created_by: str, said: str) -> None:
    assert layers.instruction(created_by) == said


def test_a_line_of_spaces_takes_no_time() -> None:
    assert layers.instruction(" " * 10_000 + "x" + " " * 10_000 + "y").endswith("y")
