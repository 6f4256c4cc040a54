"""Numbers of several processes, as one page."""

from pathlib import Path

import orjson
import pytest

from wharfinger.web.metrics import BOUNDS, Shared, Tally, route_of


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v2/", "v2"),
        ("/v2", "v2"),
        ("/v2/_catalog", "v2"),
        ("/v2/a/b/manifests/latest", "manifests"),
        ("/v2/a/b/manifests/sha256:00", "manifests"),
        ("/v2/a/b/blobs/sha256:00", "blobs"),
        ("/v2/a/b/blobs/uploads/", "uploads"),
        ("/v2/a/b/blobs/uploads", "uploads"),
        ("/v2/a/b/blobs/uploads/abc", "uploads"),
        ("/v2/a/b/tags/list", "tags"),
        ("/v2/a/b/referrers/sha256:00", "referrers"),
        ("/v2/anything/else", "v2"),
        ("/jwt/auth", "token"),
        ("/", "other"),
        ("/wp-login.php", "other"),
    ],
)
def test_paths_fall_into_few_routes(path: str, route: str) -> None:
    assert route_of(path) == route


def test_processes_are_added_up_and_the_dead_are_not_forgotten(tmp_path: Path) -> None:
    here = Tally()
    shared = Shared(tmp_path, here)
    here.count(("blobs", "GET", 200), 0.003, 100)
    here.running = 2
    shared.publish(dropped_lines=1)
    dead = Tally()
    dead.count(("blobs", "GET", 200), 3600, 50)
    dead.count(("token", "GET", 401), 0.0001, 0)
    rows = [[*key, row] for key, row in dead.counts.items()]
    said = {"rows": rows, "running": 7, "dropped": 2, "cpu": 1.5}
    (tmp_path / "999999999").write_bytes(orjson.dumps(said))
    text = shared.text().decode()
    labels = 'method="GET",route="blobs",status="200"'
    assert f"wharfinger_request_seconds_count{{{labels}}} 2.0" in text
    assert f"wharfinger_request_seconds_sum{{{labels}}} 3600.003" in text
    assert f"wharfinger_sent_bytes_total{{{labels}}} 150.0" in text
    assert f'wharfinger_request_seconds_bucket{{le="0.0025",{labels}}} 0.0' in text
    assert f'wharfinger_request_seconds_bucket{{le="0.005",{labels}}} 1.0' in text
    assert f'wharfinger_request_seconds_bucket{{le="{BOUNDS[-1]}",{labels}}} 1.0' in text
    assert f'wharfinger_request_seconds_bucket{{le="+Inf",{labels}}} 2.0' in text
    assert 'wharfinger_request_seconds_count{method="GET",route="token",status="401"} 1.0' in text
    assert "wharfinger_requests_running 2.0" in text
    assert "wharfinger_log_lines_dropped_total 3.0" in text
    assert 'wharfinger_cpu_seconds_total{pid="999999999"} 1.5' in text
