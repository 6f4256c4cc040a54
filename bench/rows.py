"""The rows: what is measured, in stages that each start their servers anew and leave nothing behind."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from bench import audit, cleanup, garbage, moves, pages, projects, raw, seed, stores
from bench.bodies import KIB, MIB, Image, image, stock
from bench.clients import Way, fetcher, pull, puller, push, pusher
from bench.goals import QUARTER, Goal, as_fast_as, at_most, share_of, share_of_slower, times_peer
from bench.load import drive, gets, heads
from bench.measured import Measured
from bench.run import Load, Run
from bench.servers import Nginx, Peer, Server
from bench.streams import flow
from bench.wharfinger import Wharfinger

SHOP = f"{seed.PROJECT}/app"
SIZES = {"1MiB": MIB, "10MiB": 10 * MIB, "100MiB": 100 * MIB}
CLIENTS = (1, 10, 64)


@dataclass(frozen=True, slots=True)
class Stage:
    """Rows that share a set-up."""

    rows: tuple[str, ...]
    run: Callable[[Run], None]


@dataclass(slots=True)
class Set:
    """Servers that are running."""

    ours: Wharfinger
    peer: Peer
    nginx: Nginx

    @property
    def registries(self) -> tuple[Server, ...]:
        return self.ours, self.peer


@contextmanager
def servers(run: Run) -> Iterator[Set]:
    """Fresh ones, with nothing in them."""
    run.settle()
    started = Set(Wharfinger(run.scratch), Peer(run.scratch), Nginx(run.scratch))
    with ExitStack() as stack:
        for server in (started.peer, started.nginx, started.ours):
            stack.callback(server.remove)  # each one, even if another's fails
            server.process.first = run.first
            server.start()
        yield started


def pushed(server: Server, repository: str, images: Sequence[Image]) -> None:
    """Have a registry hold these images, and check that it gives them back."""
    wire = server.wire(repository)
    for made in images:
        push(wire, repository, made, Way.PUT)
        pull(wire, repository, made, compare=True)
    wire.close()


def _getting(run: Run, targets: Sequence[str], connections: int, *scopes: str) -> Callable[[Server], Load]:
    """GET these from any server with wrk, with a token for these scopes where it wants one."""

    def prepare(server: Server) -> Load:
        return partial(
            gets,
            run.scratch,
            server.port,
            targets,
            connections=connections,
            seconds=run.scale.seconds,
            authorization=server.authorization(*scopes) if scopes else "",
        )

    return prepare


def _pull_scope(repository: str) -> str:
    return f"repository:{repository}:pull"


# --- manifests

_MANIFESTS = tuple(
    f"manifest-{method}-{by}-c{connections}"
    for method in ("get", "head")
    for by in ("tag", "digest")
    for connections in (16, 64)
)


def _manifests(run: Run) -> None:
    images = [image(4 * KIB) for _ in range(30)]
    by = {"tag": [made.tag for made in images], "digest": [made.digest for made in images]}
    with servers(run) as here:
        for server in here.registries:
            pushed(server, SHOP, images)
        for row in _MANIFESTS:
            _, method, reference, connections = row.split("-")
            targets = [f"/v2/{SHOP}/manifests/{name}" for name in by[reference]]
            prepare = (_getting if method == "get" else _heading)(run, targets, int(connections[1:]), _pull_scope(SHOP))
            run.measure(row, dict.fromkeys(here.registries, prepare), times_peer(16), QUARTER)


def _heading(run: Run, targets: Sequence[str], connections: int, *scopes: str) -> Callable[[Server], Load]:
    def prepare(server: Server) -> Load:
        header = server.authorization(*scopes)
        seconds = run.scale.seconds
        return partial(heads, server.port, targets, connections=connections, seconds=seconds, authorization=header)

    return prepare


# --- blobs

_BLOBS = ("blob-get-4KiB-c16", "blob-get-1MiB-c10", "blob-get-100MiB-c1", "blob-get-100MiB-c10")


def _blobs(run: Run) -> None:
    kept = {"4KiB": image(4 * KIB), "1MiB": image(MIB), "100MiB": image(100 * MIB)}
    with servers(run) as here:
        for server in here.registries:
            pushed(server, SHOP, list(kept.values()))
        for row in _BLOBS:
            _, _, size, clients = row.split("-")
            made = kept[size]
            target, file = f"/v2/{SHOP}/blobs/{made.layer}", here.nginx.keep(row, made.layer_pieces())
            if size == "4KiB":
                prepare = _getting(run, [target], int(clients[1:]), _pull_scope(SHOP))
                plain = _getting(run, [file], int(clients[1:]))
            else:
                prepare = _fetching(run, target, made.stock.size, int(clients[1:]), SHOP)
                plain = _fetching(run, file, made.stock.size, int(clients[1:]), "")
            goals = [share_of("nginx", 0.8)] if size == "100MiB" else []
            run.measure(row, {here.ours: prepare, here.peer: prepare, here.nginx: plain}, *goals)


def _fetching(run: Run, target: str, size: int, clients: int, repository: str) -> Callable[[Server], Load]:
    def prepare(server: Server) -> Load:
        wires = [server.wire(repository) for _ in range(clients)]
        return partial(drive, [fetcher(wire, target, size) for wire in wires], run.scale.seconds)

    return prepare


# --- whole pulls and pushes

_PULLS = tuple(f"pull-{size}-c{clients}" for size in SIZES for clients in CLIENTS)


def _pulls(run: Run) -> None:
    with servers(run) as here:
        for size, count in (("1MiB", 20), ("10MiB", 10), ("100MiB", 4)):
            rows = [row for row in _PULLS if row.startswith(f"pull-{size}-")]
            if not run.wants(*rows):
                continue
            images = [image(SIZES[size]) for _ in range(count)]
            for server in here.registries:
                pushed(server, SHOP, images)
            for row in rows:
                goals = [times_peer(14), QUARTER] if row == "pull-1MiB-c10" else []
                prepare = _pulling(run, images, int(row.rpartition("-c")[2]))
                run.measure(row, dict.fromkeys(here.registries, prepare), *goals)


def _pulling(run: Run, images: Sequence[Image], clients: int) -> Callable[[Server], Load]:
    def prepare(server: Server) -> Load:
        wires = [server.wire(SHOP) for _ in range(clients)]
        return partial(drive, [puller(wire, SHOP, images) for wire in wires], run.scale.seconds)

    return prepare


def _push_rows(size: str, clients: int) -> tuple[str, ...]:
    return tuple(f"push-{size}-{way}-c{clients}" for way in Way)


def _pushes(size: str, clients: int, run: Run) -> None:
    """Into a repository for each client. The peer's and our data go away after each stage: they may be gigabytes."""
    huge = SIZES[size] * clients > 2000 * MIB
    bytes_ = SIZES[size]
    assert stock(bytes_).chunks  # made before the clock runs
    with servers(run) as here:
        for row, way in zip(_push_rows(size, clients), Way, strict=True):
            prepare = _pushing(run, bytes_, clients, way)
            references = _limits(run, bytes_, clients) if size == "100MiB" else None
            run.measure(
                row,
                dict.fromkeys(here.registries, prepare),
                *_push_goals(size, clients),
                references=references,
                rounds=1 if huge else 0,
            )


def _pushing(run: Run, size: int, clients: int, way: Way) -> Callable[[Server], Load]:
    def prepare(server: Server) -> Load:
        run.settle()
        names = [f"{seed.PROJECT}/client{number}" for number in range(clients)]
        for name in names[:10]:
            pushed(server, name, [image(KIB)])
        return partial(drive, [pusher(server.wire(name), name, size, way) for name in names], run.scale.seconds)

    return prepare


def _limits(run: Run, size: int, clients: int) -> dict[str, Load]:
    seconds = run.scale.seconds
    return {
        "sha256": partial(raw.hashing, size, clients, seconds),
        "disk": partial(raw.writing, run.scratch / "disk", size, clients, seconds),
    }


def _push_goals(size: str, clients: int) -> list[Goal]:
    if size == "100MiB":
        return [share_of_slower(0.8, "sha256", "disk")]
    return [times_peer(6 if size == "1MiB" else 3.3), QUARTER] if clients == 10 else []


# --- lists, and reading where there is much

_TAGS = ("tags-page-10", "tags-page-many", "manifest-get-many-tags")


def _tags(run: Run) -> None:
    few, many = f"{seed.PROJECT}/few", f"{seed.PROJECT}/many"
    images = [image(KIB) for _ in range(10)]
    with servers(run) as here:
        for server in here.registries:
            pushed(server, few, images)
            pushed(server, many, images)
        seed.add_tags(here.ours.url, many, run.scale.many)
        here.peer.add_tags(many, seed.tag_names(run.scale.many), images[0].digest)
        for row, repository in zip(_TAGS, (few, many), strict=False):
            target = f"/v2/{repository}/tags/list?n=10"
            prepare = _getting(run, [target], 16, _pull_scope(repository))
            goals = [as_fast_as(_TAGS[0], 0.8)] if repository == many else []
            run.measure(row, dict.fromkeys(here.registries, prepare), *goals)
        targets = [f"/v2/{many}/manifests/{name}" for name in seed.tag_names(run.scale.many)[::97]]
        prepare = _getting(run, targets, 16, _pull_scope(many))
        run.measure(_TAGS[2], dict.fromkeys(here.registries, prepare), times_peer(16), QUARTER)


_CATALOG = ("catalog-page-10", "catalog-page-many", "catalog-page-many-hidden")


def _catalog(run: Run) -> None:
    """Ten repositories; then ten that the caller may see behind many that it may not; then many to be seen."""
    scope = "registry:catalog:*"
    with servers(run) as here:
        for server in here.registries:
            for number in range(10):
                pushed(server, f"{seed.PROJECT}/r{number}", [image(KIB)])
        first = _getting(run, ["/v2/_catalog?n=10"], 16, scope)
        run.measure(_CATALOG[0], dict.fromkeys(here.registries, first))
        if run.wants(_CATALOG[2]):
            seed.add_repositories(here.ours.url, run.scale.many, "another")
            run.measure(_CATALOG[2], {here.ours: first}, as_fast_as(_CATALOG[0], 0.8))
        if run.wants(_CATALOG[1]):
            names = seed.repository_names(run.scale.many)
            seed.add_repositories(here.ours.url, run.scale.many)
            here.peer.add_repositories(names)
            targets = [f"/v2/_catalog?n=10&last={name.replace('/', '%2F')}" for name in names[:: run.scale.many // 10]]
            run.measure(
                _CATALOG[1],
                dict.fromkeys(here.registries, _getting(run, targets, 16, scope)),
                as_fast_as(_CATALOG[0], 0.8),
            )


# --- ours alone, or nearly


def _token(run: Run) -> None:
    with servers(run) as here:
        ours = here.ours
        pushed(ours, SHOP, [image(KIB)])
        target = ours.token_target(f"repository:{SHOP}:pull,push")
        seconds = run.scale.seconds

        def prepare(_: Server) -> Load:
            return partial(
                gets, run.scratch, ours.port, [target], connections=16, seconds=seconds, authorization=ours.basic
            )

        run.measure("token-issue", {ours: prepare})


def _start(run: Run) -> None:
    """Until ready: ours with its manifests in the database, the peer with nothing, which is all the same to it."""
    with servers(run) as here:
        here.ours.stop()
        seed.add_manifests(here.ours.url, run.scale.big_start)
        found = {}
        for server in here.registries:
            times = []
            for _ in range(3):
                server.restart()
                times.append(server.process.ready_seconds)
            found[server.name] = Measured(extra={"ready_seconds": round(sorted(times)[1], 2)})
        found["wharfinger"].extra["manifests"] = run.scale.big_start
        run.record("start", found, at_most("ready_seconds", 2, "s"))


def _memory(run: Run) -> None:
    """The most memory that one process held while a layer flowed in, and out again to two clients."""
    with servers(run) as here:
        found = {server.name: _flowing(run, server) for server in here.registries}
        for number, row in enumerate(("memory-push", "memory-pull")):
            run.record(
                row,
                {name: both[number] for name, both in found.items()},
                at_most("peak_MiB_per_process", 300, "MiB"),
            )


def _flowing(run: Run, server: Server) -> tuple[Measured, Measured]:
    run.settle()
    both = flow(server, SHOP, run.scale.big_layer_bytes)
    server.remove()
    return both


STAGES: tuple[Stage, ...] = (
    Stage(_MANIFESTS, _manifests),
    Stage(_BLOBS, _blobs),
    Stage(_PULLS, _pulls),
    *(Stage(_push_rows(size, clients), partial(_pushes, size, clients)) for size in SIZES for clients in CLIENTS),
    Stage(_TAGS, _tags),
    Stage(_CATALOG, _catalog),
    Stage(("token-issue",), _token),
    Stage(("start",), _start),
    Stage(("memory-push", "memory-pull"), _memory),
    Stage(projects.ROWS, projects.rates),
    Stage(stores.LAYERS, stores.layers),
    Stage(tuple(moves.ROWS), moves.rates),
    Stage(pages.ROWS, pages.times),
    Stage(garbage.RATES, garbage.rates),
    Stage(garbage.LATENCIES, garbage.latencies),
    Stage(cleanup.ROWS, cleanup.times),
    Stage(audit.ROWS, audit.times),
)
