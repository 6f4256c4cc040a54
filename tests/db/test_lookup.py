"""The hot reads: many threads ask at once, and each is told what was committed before it asked."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from tests.domain.shelf import Shelf
from wharfinger.domain.tools import Tools


def test_what_was_acknowledged_is_found_at_once_while_others_read(tools: Tools) -> None:
    shelf, over = Shelf(tools), Event()
    other = shelf.image(b"a layer")

    def read() -> None:
        while not over.is_set():
            assert tools.lookup.by_digest(shelf.path, other) is not None

    with ThreadPoolExecutor(3) as threads:
        readers = [threads.submit(read) for _ in range(3)]
        try:
            tags = [f"t{number}" for number in range(150)]
            unseen = [tag for tag in tags if shelf.image(b"a layer", tag=tag) and not shelf.has(tag)]
        finally:
            over.set()
        for reader in readers:
            reader.result()
    assert not unseen, "a read told of a state from before an acknowledged push"


def test_every_thread_is_answered_what_it_asked(tools: Tools) -> None:
    shelf = Shelf(tools)
    digests = {f"t{number}": shelf.image(bytes([number]), tag=f"t{number}") for number in range(8)}

    def ask(tag: str) -> set[str | None]:
        found = (tools.lookup.by_tag(shelf.path, tag) for _ in range(300))
        return {row and row.digest for row in found}

    with ThreadPoolExecutor(len(digests)) as threads:
        answers = dict(zip(digests, threads.map(ask, digests), strict=True))
    assert answers == {tag: {digest} for tag, digest in digests.items()}
