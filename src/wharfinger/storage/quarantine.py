"""Setting bytes aside: nothing reads them any more, and nothing deletes them. Look at them, then remove them.

<folder>/quarantine/<algorithm>-<hex>        files of a folder (storage/attic.py)
quarantine/<2 hex>/<upload>.<segment>        objects of a bucket or of a sealed folder
"""

from collections.abc import Sequence
from typing import Final

from wharfinger.storage.attic import Attic
from wharfinger.storage.local import LocalStore
from wharfinger.storage.object import ObjectStore
from wharfinger.storage.place import OBJECTS, Place
from wharfinger.storage.shelf import Shelf
from wharfinger.storage.store import Store
from wharfinger.storage.stores import parts

FOLDER: Final = "quarantine"


def set_aside(store: Store, digest: str, place: str, as_of: float) -> bool:
    """Set a blob's bytes aside if they did not change since; False where there were none. Raises StoreFailed."""
    done = False
    for part in parts(store):
        if not place and isinstance(part, LocalStore):
            done = Attic(part).set_aside(digest, as_of) or done
        elif place and isinstance(part, ObjectStore):
            parsed = Place.parse(place)
            for shelf in part.shelves.of(parsed):
                done = objects(shelf, parsed.own_names) or done
    return done


def objects(shelf: Shelf, names: Sequence[str]) -> bool:
    """Set objects aside. Raises StoreFailed."""
    return sum(shelf.objects.rename(name, FOLDER + name.removeprefix(OBJECTS)) for name in names) > 0
