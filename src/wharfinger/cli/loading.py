"""Loading modules without the garbage collector."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unswept() -> Iterator[None]:
    """Load modules here: the collector rests, and does not look at what was loaded later on.

    Loading makes many things and next to no waste; the collector's looking through them, again and again, took a
    seventh of its time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
