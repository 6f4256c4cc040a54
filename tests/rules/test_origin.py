"""What a credential says of where an image comes from."""

from typing import Any

import pytest

from wharfinger.rules import origin

COMMIT = "a" * 40


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        ({}, {}),
        (
            {"sha": COMMIT, "ref": "main", "pipeline_id": "812", "job_id": "4711", "project_path": "acme/shop"},
            {"source": "acme/shop", "commit": COMMIT, "ref": "main", "pipeline": "812", "job": "4711"},
        ),
        (
            {"repository": "acme/shop", "run_id": 99, "actor": "ada", "sha": COMMIT},
            {"source": "acme/shop", "commit": COMMIT, "pipeline": "99", "started_by": "ada"},
        ),
        ({"sha": ["a"], "ref": True, "job_id": None, "pipeline_id": "1\n2", "project_path": "x" * 256}, {}),
    ],
)
def test_claims_of_ci_systems(claims: dict[str, Any], found: dict[str, str]) -> None:
    assert origin.of_claims(claims) == found


def test_facts_of_a_job() -> None:
    assert origin.checked({"commit": COMMIT, "job": "7"}) == {"commit": COMMIT, "job": "7"}
    with pytest.raises(ValueError, match="nothing called 'mood' is kept"):
        origin.checked({"mood": "good"})
    with pytest.raises(ValueError, match="the commit of a job has 1 to 255"):
        origin.checked({"commit": ""})
