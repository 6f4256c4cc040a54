"""Many push at the same moment into a place that has room for some of them: its limit is never passed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.actors import Actors
from tests.domain.shelf import Shelf
from wharfinger.domain import images, quotas, trash
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import QuotaExceeded
from wharfinger.domain.tools import Tools

THREADS = 12
LIMIT = 100_000


def layer(number: int, size: int) -> bytes:
    return f"{number:08d}".encode() * (size // 8)


def used(tools: Tools, path: str) -> int:
    return quotas.show(tools, OPERATOR, path)[0].used_bytes


def push_at_once(shelves: list[Shelf], size: int) -> int:
    """Everybody pushes another image of this size; how many got in."""
    ready = threading.Barrier(len(shelves))

    def push(number: int) -> bool:
        data = layer(number, size)
        shelves[number].blob(data)
        ready.wait(30)
        try:
            shelves[number].image(data, tag=f"v{number}")
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(len(shelves)) as crew:
        return sum(crew.map(push, range(len(shelves))))


@pytest.mark.parametrize(("before", "size"), [(0, 16_000), (84_000, 4_000), (92_000, 2_000), (88_000, 40)])
def test_pushes_at_once_fill_a_place_and_no_more(tools: Tools, before: int, size: int) -> None:
    """Each of them has room alone, whether the place is empty, rather full, or nearly so."""
    actors = Actors(tools)
    group = actors.group()
    shelves = [Shelf(tools, project=actors.project(f"{group.path}/p{number}")) for number in range(THREADS)]
    quotas.set_limit(tools, OPERATOR, group.path, LIMIT)
    if before:
        shelves[0].image(layer(99, before), tag="before")
    room = (LIMIT - before) // size
    got_in = push_at_once(shelves, size)
    assert got_in == min(THREADS, room)
    assert used(tools, group.path) == before + got_in * size <= LIMIT


def test_small_pushes_at_once_reach_the_limit_and_stop_there(tools: Tools) -> None:
    shelf = Shelf(tools)
    quotas.set_limit(tools, OPERATOR, shelf.project, 1000)
    shelf.image(layer(99, 880), tag="before")
    assert push_at_once([shelf] * THREADS, 16) == 120 // 16
    assert used(tools, shelf.project) == 880 + 7 * 16


def test_what_one_act_deleted_comes_back_only_where_there_is_room(tools: Tools) -> None:
    shelf = Shelf(tools)
    shelf.image(layer(1, 800), tag="v1")
    images.delete_chosen(tools, shelf.caller, shelf.path, ["v1"], batch="one act")
    shelf.image(layer(2, 400), tag="v2")
    quotas.set_limit(tools, OPERATOR, shelf.project, 1000)
    with pytest.raises(QuotaExceeded):
        trash.restore_batch(tools, OPERATOR, shelf.project, "one act")
    assert used(tools, shelf.project) == 400
    quotas.set_limit(tools, OPERATOR, shelf.project, 1200)
    assert trash.restore_batch(tools, OPERATOR, shelf.project, "one act").back == 1
    assert used(tools, shelf.project) == 1200
