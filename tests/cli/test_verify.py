"""`wharfinger verify` as an operator and a script see it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.domain.holdings import Holdings, settle
from wharfinger.app import compose
from wharfinger.config.load import load
from wharfinger.spec import digest as digests
from wharfinger.storage.local import LocalStore

LAYER = b"a layer of the image"


@pytest.fixture
def held(invoke: Invoke) -> Holdings:
    """An image in the embedded database of the working directory."""
    assert invoke("user", "create", "ada").code == 0
    settings = load(None, {})
    tools = compose.open_tools(settings)
    assert isinstance(tools.store, LocalStore)
    made = Holdings.make(tools, settings.store)
    made.image("web", "1.0", [LAYER])
    compose.close(tools)
    settle()
    return replace(made, tools=tools)


def test_all_is_well(invoke: Invoke, held: Holdings) -> None:
    for options in ([], ["--deep"], ["--deep", "--limit", "1GiB"]):
        ran = invoke("verify", *options)
        assert (ran.code, ran.out) == (0, "Looked at 2 blobs and 1 manifest: all well.\n"), ran.err


def test_what_is_wrong_is_said_and_counted(invoke: Invoke, held: Holdings, tmp_path: Path) -> None:
    file = held.file(digests.of(LAYER))
    file.write_bytes(b"x" * len(LAYER))
    settle()
    assert invoke("verify").code == 0, "sizes are right"
    ran = invoke("verify", "--deep", "--quarantine", "--json")
    assert ran.code == 3
    said = json.loads(ran.out)
    (problem,) = said["problems"]
    assert (said["blobs"], said["problems_left"], problem["kind"]) == (2, 1, "corrupt")
    assert (problem["done"], problem["images"]) == (["quarantined"], [f"{held.project}/web:1.0"])
    ran = invoke("verify")
    assert ran.code == 3
    assert f"hits {held.project}/web:1.0" in ran.out
    assert "1 problem, 1 left." in ran.out
    spare = tmp_path / "spare" / "blobs" / "sha256" / digests.of(LAYER).partition(":")[2]
    spare.parent.mkdir(parents=True)
    spare.write_bytes(LAYER)
    ran = invoke("verify", "--from", str(tmp_path / "spare"))
    assert ran.code == 0
    assert "fetched" in ran.out
    assert invoke("verify", "--deep").out.endswith("all well.\n")


def test_a_run_that_was_ended_goes_on(invoke: Invoke, held: Holdings) -> None:
    """The notes of a run that was killed after its blobs: they are not looked at again, and nothing found is lost."""
    problem = {"kind": "missing", "digest": "sha256:" + "0" * 64, "sentence": "gone", "images": ["a/b:1"], "done": []}
    kind = "deep=False quarantine=False from=None"
    notes = {"kind": kind, "part": 1, "after": "", "counts": [7, 0, 0], "problems": [problem]}
    (Path("data") / "run").mkdir(exist_ok=True)
    file = Path("data") / "run" / "verify.json"
    file.write_text(json.dumps(notes))
    ran = invoke("verify")
    assert ran.code == 3
    assert "Going on" in ran.err
    assert "Looked at 7 blobs and 1 manifest: 1 problem, 1 left." in ran.out
    assert "push these images again" in ran.err
    assert not file.exists()
    file.write_text(json.dumps(notes))
    assert invoke("verify", "--anew").code == 0
    file.write_text(json.dumps(notes))
    assert "Going on" not in invoke("verify", "--deep").err, "that is another kind of run"
    file.write_text("{torn")
    assert invoke("verify").code == 0


def test_notes_that_cannot_be_read(invoke: Invoke, held: Holdings) -> None:
    """Whatever the system says, it is said in a sentence."""
    (Path("data") / "run" / "verify.json").mkdir(parents=True)
    ran = invoke("verify")
    assert (ran.code, ran.out) == (1, "")
    assert "verify.json: Is a directory; `wharfinger doctor` looks for the cause" in ran.err


def test_a_source_that_is_no_folder(invoke: Invoke, held: Holdings) -> None:
    ran = invoke("verify", "--from", "nowhere")
    assert ran.code == 1
    assert "nowhere is no folder" in ran.err
    assert invoke("verify", "--limit", "fast").code == 2


def test_a_password_is_for_another_registry_and_for_tls_alone(invoke: Invoke, held: Holdings, tmp_path: Path) -> None:
    for source in ([], ["--from", str(tmp_path)], ["--from", "http://registry.example.com/team/image"]):
        ran = invoke("verify", "--user", "robot", *source)
        assert (ran.code, ran.out) == (1, "")
        assert "--user goes with --from https://" in ran.err
