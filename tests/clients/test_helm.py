"""helm: charts are artifacts too."""

from pathlib import Path

import pytest

from tests.clients.programs import Programs, need
from tests.clients.shop import Login, Shop


@pytest.fixture
def helm(programs: Programs) -> Programs:
    need("helm")
    return programs


def log_in(helm: Programs, login: Login, host: str) -> None:
    helm.works(
        "helm", "registry", "login", "--insecure", "-u", login.username, "--password-stdin", host, stdin=login.token
    )


@pytest.fixture
def chart(helm: Programs) -> Path:
    """A packaged chart, version 0.1.0."""
    helm.works("helm", "create", "shop")
    helm.works("helm", "package", "shop")
    return helm.home / "shop-0.1.0.tgz"


def test_chart_round_trip(helm: Programs, shop: Shop, chart: Path, tmp_path: Path) -> None:
    log_in(helm, shop.developer, shop.host)
    helm.works("helm", "push", "--plain-http", chart, f"oci://{shop.host}/{shop.path}/charts")
    log_in(helm, shop.guest, shop.host)
    charts = f"oci://{shop.host}/{shop.path}/charts/shop"
    helm.works("helm", "pull", "--plain-http", "--version", "0.1.0", "-d", tmp_path, charts)
    assert (tmp_path / chart.name).read_bytes() == chart.read_bytes()
    assert "version: 0.1.0" in helm.works("helm", "show", "chart", "--plain-http", charts)


def test_push_by_one_who_may_only_pull(helm: Programs, shop: Shop, chart: Path) -> None:
    """helm shows the status of a refusal and keeps its words to itself."""
    log_in(helm, shop.reporter, shop.host)
    said = helm.fails("helm", "push", "--plain-http", chart, f"oci://{shop.host}/{shop.path}/charts")
    assert "403 Forbidden" in said
