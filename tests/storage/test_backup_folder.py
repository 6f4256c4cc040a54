"""Folders that a backup makes on its way."""

from pathlib import Path

from wharfinger.storage.backup import make_folder


def test_every_folder_that_is_made_has_a_durable_name(tmp_path: Path) -> None:
    synced = list[Path]()
    for _ in range(2):
        make_folder(tmp_path / "blobs" / "sha256" / "ab", synced.append)
    assert (tmp_path / "blobs" / "sha256" / "ab").is_dir()
    assert synced == [tmp_path, tmp_path / "blobs", tmp_path / "blobs" / "sha256"]
