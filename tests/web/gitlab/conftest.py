"""A project with a maintainer's client, for each test file."""

import pytest

from tests.serving import Server
from tests.web.oci.conftest import Place, settle
from tests.web.oci.registry_client import Registry


@pytest.fixture(scope="module")
def place(server: Server) -> Place:
    return settle(server, "private")


@pytest.fixture
def registry(place: Place) -> Registry:
    """A client that may do everything in `place`."""
    return place.maintainer
