"""Where proofs of many points keep their files."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scratch import scratch


@pytest.fixture
def quick_path() -> Iterator[Path]:
    """A folder like `tmp_path`, in memory where there is room: a kill takes nothing from it either.

    So it is for what kills, or plays a loss of power by itself, at many points; some of each stay on the disk.
    """
    folder = scratch("whf-faults-")
    yield folder
    shutil.rmtree(folder)
