"""Where tests keep what is to be quick and need not survive a loss of power: in memory, where the machine has room."""

import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30


def scratch(prefix: str) -> Path:
    """A new folder for databases to throw away. Who made it removes it."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_BYTES
    return Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY if roomy else None))
