"""Modules are loaded without the garbage collector, which is back afterwards."""

import gc

import pytest

from wharfinger.cli.loading import unswept


def test_the_collector_rests_while_modules_load() -> None:
    with unswept():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    gc.unfreeze()


def test_the_collector_is_back_where_loading_fails() -> None:
    with pytest.raises(ImportError), unswept():
        raise ImportError
    assert gc.isenabled()
    gc.unfreeze()
