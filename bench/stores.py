"""Stores: a large layer through sealing, and through buckets, with the memory that a server process takes for it."""

from bench import seed
from bench.bodies import GIB
from bench.buckets import AZURITE, on_azurite, on_moto
from bench.goals import at_most
from bench.moves import MASTER
from bench.run import Run
from bench.streams import flow
from bench.wharfinger import Wharfinger

LAYERS = tuple(f"memory-{way}-{where}" for where in ("sealed", "s3", "azure") for way in ("push", "pull"))
_SEALED, _S3, _AZURE = (LAYERS[at : at + 2] for at in (0, 2, 4))
_IN_MEMORY_BYTES = 4 * GIB  # moto keeps all of it, and copies it as it is put together


def layers(run: Run) -> None:
    """The layer of `memory-push`, sealed on its way, into a bucket of S3, and into one of Azure."""
    if run.wants(*_SEALED):
        _flowing(run, _SEALED, f'[storage]\nmaster_keys = "{MASTER}"\n', run.scale.big_layer_bytes)
    if run.wants(*_S3):
        with on_moto(run.scratch) as bucket:
            _flowing(run, _S3, bucket.settings(), min(run.scale.big_layer_bytes // 2, _IN_MEMORY_BYTES))
    if run.wants(*_AZURE) and AZURITE.exists():
        with on_azurite(run.scratch) as bucket:
            _flowing(run, _AZURE, bucket.settings(), run.scale.big_layer_bytes)


def _flowing(run: Run, rows: tuple[str, ...], storage: str, size: int) -> None:
    run.settle()
    server = Wharfinger(run.scratch, more=storage)
    server.process.first = run.first
    try:
        server.start()
        both = flow(server, f"{seed.PROJECT}/app", size)
    finally:
        server.remove()
    for row, found in zip(rows, both, strict=True):
        run.record(row, {"wharfinger": found}, at_most("peak_MiB_per_process", 300, "MiB"))
