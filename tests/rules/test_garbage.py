"""What may go: case by case, and against a slow way to say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.rules.garbage import Node, fallback_tags, judge

HELD, DUE, SETTLED = Node(held=True, due=True), Node(held=False, due=True), Node(held=False, due=False)


def due(*keepers: int) -> Node:
    return Node(held=False, due=True, keepers=keepers)


def settled(*keepers: int) -> Node:
    return Node(held=False, due=False, keepers=keepers)


@pytest.mark.parametrize(
    ("nodes", "dead", "live", "waiting"),
    [
        ({}, "", "", ""),
        ({1: DUE}, "1", "", ""),
        ({1: HELD}, "", "1", ""),
        ({1: due(2), 2: Node(held=True, due=False)}, "", "1", ""),  # an image of a tagged index
        ({1: due(2), 2: HELD}, "", "12", ""),
        ({1: due(2)}, "", "1", ""),  # somebody else judges its keeper now
        ({1: due(2), 2: DUE}, "12", "", ""),  # an index and its image, both due
        ({1: due(2), 2: due(3), 3: Node(held=True, due=False)}, "", "12", ""),  # a signature of an image of an index
        ({1: due(2, 3), 2: DUE, 3: HELD}, "2", "13", ""),  # one of two indexes stays
        ({1: due(2), 2: SETTLED}, "", "", "12"),  # nothing holds the keeper either, but its turn has not come
        ({1: due(3), 2: due(1), 3: due(2)}, "123", "", ""),  # a circle that keeps itself alive
        ({1: due(3), 2: settled(1), 3: settled(2)}, "", "", "123"),
        ({1: due(3), 2: due(1), 3: Node(held=True, due=True, keepers=(2,))}, "", "123", ""),
        ({1: due(9), 2: due(1), 3: DUE}, "3", "12", ""),
    ],
)
def test_judging(nodes: dict[int, Node], dead: str, live: str, waiting: str) -> None:
    verdict = judge(nodes)
    found = ["".join(map(str, sorted(ids))) for ids in (verdict.dead, verdict.live, verdict.waiting)]
    assert found == [dead, live, waiting]


NODES = st.dictionaries(
    st.integers(0, 7),
    st.builds(Node, held=st.booleans(), due=st.booleans(), keepers=st.sets(st.integers(0, 8), max_size=3)),
    max_size=8,
)


@given(NODES)
def test_nothing_that_is_held_dies(nodes: dict[int, Node]) -> None:
    verdict = judge(nodes)

    def held(id_: int, seen: frozenset[int] = frozenset()) -> bool:
        if id_ not in nodes:
            return True
        return nodes[id_].held or any(held(keeper, seen | {id_}) for keeper in nodes[id_].keepers if keeper not in seen)

    for id_, node in nodes.items():
        assert not (id_ in verdict.dead and held(id_))
        assert not (id_ in verdict.dead and not node.due)
        assert (id_ in verdict.live) == (node.due and held(id_))
        assert not (id_ in verdict.waiting and held(id_))
    assert {id_ for id_, node in nodes.items() if node.due} <= verdict.dead | verdict.live | verdict.waiting
    assert not verdict.dead & verdict.waiting


@given(NODES)
def test_what_waits_comes_to_an_end(nodes: dict[int, Node]) -> None:
    """Once all that waits is due, it dies: nothing circles forever."""
    waiting = judge(nodes).waiting
    again = {id_: Node(node.held, node.due or id_ in waiting, node.keepers) for id_, node in nodes.items()}
    assert judge(again).dead >= waiting
    assert not judge(again).waiting


def test_fallback_tags() -> None:
    assert fallback_tags("sha256:" + "ab" * 32) == [
        "sha256-" + "ab" * 32 + ending for ending in ("", ".sig", ".att", ".sbom")
    ]
