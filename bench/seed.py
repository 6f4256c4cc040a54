"""What a database holds before a measurement: written as rows, because pushing a million manifests takes too long."""

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, insert, select, text, update

from bench import process
from bench.bodies import CONFIG, LAYER, MANIFEST, MIB, digest_of
from wharfinger.db import meters, migrate
from wharfinger.db.engine import Database
from wharfinger.db.tables import usage
from wharfinger.db.tables.images import blobs, manifest_blobs, manifests, repositories, repository_blobs, tags
from wharfinger.db.tables.people import credentials, users
from wharfinger.db.tables.places import members, namespaces, projects, routes
from wharfinger.rules import secrets
from wharfinger.rules.roles import Role, Visibility
from wharfinger.rules.scopes import CredentialKind

DEVELOPER, GROUP, PROJECT = "developer", "bench", "bench/shop"
_BATCH = 10_000
_CONFIG_BYTES = 1500
_SHARED = {digest_of(b"shared layer %d" % number): 10 * MIB for number in range(3)}


def actor(url: str) -> str:
    """Make the tables, a group, a project in it, and a developer of the group; the developer's access token."""
    migrate.upgrade(url)
    token = secrets.make(CredentialKind.PERSONAL, os.urandom(secrets.RANDOM_BYTES))
    with _writing(url) as tx:
        user = _add(tx, users, username=DEVELOPER, name="Developer")
        group = _group(tx, GROUP)
        _project(tx, group, PROJECT)
        _add(tx, members, user_id=user, namespace_id=group, role=Role.DEVELOPER)
        scopes = "read_registry write_registry"
        hashed = secrets.hash(token)
        _add(
            tx, credentials, kind=CredentialKind.PERSONAL, secret_hash=hashed, name="bench", user_id=user, scopes=scopes
        )
    return token


def tag_names(count: int) -> list[str]:
    """So many tags, in the order in which they are listed."""
    return [f"t{number:07}" for number in range(count)]


def add_tags(url: str, path: str, count: int) -> None:
    """Let so many tags point at the manifests of a repository, in turn."""
    with _writing(url) as tx:
        repository = tx.scalar(select(repositories.c.id).where(repositories.c.path == path))
        found = list(tx.scalars(select(manifests.c.id).where(manifests.c.repository_id == repository)))
        now = _now()
        same = {"repository_id": repository, "created_at": now, "pushed_at": now, "pushed_by": DEVELOPER}
        rows = (
            {**same, "name": name, "manifest_id": found[number % len(found)]}
            for number, name in enumerate(tag_names(count))
        )
        _fill(tx, tags, rows)


def add_images(url: str, path: str, count: int, *, tagged: int) -> None:
    """A repository of so many images, each with a config and a layer of its own and layers that all share.

    Tags point to them in turn; each was pushed a second after the one before, the first of them 120 days ago.
    """
    before = _now() - timedelta(days=120)
    with _writing(url) as tx:
        place = repository(tx, path)
        tx.execute(update(repositories).where(repositories.c.id == place).values(pushed_at=before))
        same = {"repository_id": place, "created_at": before}
        layers = [{digest_of(b"layer %d" % number): MIB, **_SHARED} for number in range(count)]
        made = [_manifest(place, number, each) for number, each in enumerate(layers)]
        named = [{row["config_digest"]: _CONFIG_BYTES, **each} for row, each in zip(made, layers, strict=True)]
        sizes = {digest: size for each in named for digest, size in each.items()}
        _fill(tx, blobs, ({"digest": one, "size_bytes": size, "created_at": before} for one, size in sizes.items()))
        _fill(tx, repository_blobs, ({**same, "digest": digest} for digest in sizes))
        _fill(tx, manifests, made)
        found = tx.scalars(select(manifests.c.id).where(manifests.c.repository_id == place).order_by(manifests.c.id))
        ids = list(found)
        links = ((id_, digest) for id_, each in zip(ids, named, strict=True) for digest in each)
        _fill(tx, manifest_blobs, ({"manifest_id": id_, "repository_id": place, "digest": one} for id_, one in links))
        same |= {"pushed_by": DEVELOPER, "total_size_bytes": sum(named[0].values())}
        moments = ((at, before + timedelta(seconds=at)) for at in range(tagged))
        pointing = (
            {**same, "name": f"t{at:07}", "manifest_id": ids[at % count], "pushed_at": pushed} for at, pushed in moments
        )
        _fill(tx, tags, pointing)


def analyse(url: str) -> None:
    """Let the database know what is in its tables, as PostgreSQL sees to it by itself within a minute."""
    database = Database.open(url)
    with database.begin() as tx:
        tx.execute(text("ANALYZE"))
    database.close()


def repository(tx: Connection, path: str) -> int:
    """A repository of the project, its id."""
    project = tx.execute(select(projects.c.id).where(projects.c.path == PROJECT)).scalar_one()
    return _add(tx, repositories, project_id=project, name=path.removeprefix(f"{PROJECT}/"), path=path)


def repository_names(count: int, below: str = GROUP) -> list[str]:
    """Paths of so many repositories, a hundred in each project, in the order in which they are listed."""
    return [f"{below}/p{number // 100:05}/r{number % 100:02}" for number in range(count)]


def add_projects(url: str, count: int) -> None:
    """So many projects of the group, each with an image that was pushed to."""
    with _writing(url) as tx:
        namespace = tx.execute(select(namespaces.c.id).where(namespaces.c.path == GROUP)).scalar_one()
        now = _now()
        for number in range(count):
            path = f"{GROUP}/p{number:05}"
            place = {"project_id": _project(tx, namespace, path), "name": "web", "path": f"{path}/web"}
            tx.execute(insert(repositories), {**place, "created_at": now, "pushed_at": now})


def add_tree(url: str, groups: int, count: int) -> tuple[int, int]:
    """So many groups in the group, and projects in them in turn; the ids of the first of each, the others follow."""
    with _writing(url) as tx:
        made = [_group(tx, f"{GROUP}/g{number}") for number in range(groups)]
        found = [_project(tx, made[at % groups], f"{GROUP}/g{at % groups}/p{at}") for at in range(count)]
    return made[0], found[0]


def limit(url: str, size: int) -> None:
    """Limit the instance and the group to so many bytes."""
    above = usage.meters.c.project_id.is_(None)
    with _writing(url) as tx:
        tx.execute(update(usage.meters).where(above).values(limit_bytes=size))


def add_repositories(url: str, count: int, group: str = GROUP) -> None:
    """So many repositories in a group, each pushed to."""
    with _writing(url) as tx:
        namespace = tx.scalar(select(namespaces.c.id).where(namespaces.c.path == group)) or _group(tx, group)
        known: dict[str, int] = {}
        for path in repository_names(count, group):
            project = path.rpartition("/")[0]
            if project not in known:
                known[project] = _project(tx, namespace, project)
        now = _now()
        _fill(
            tx,
            repositories,
            (
                {"project_id": known[project], "name": name, "path": path, "created_at": now, "pushed_at": now}
                for path in repository_names(count, group)
                for project, _, name in [path.rpartition("/")]
            ),
        )


def add_manifests(url: str, count: int) -> None:
    """So many manifests with a tag each, a thousand in a repository."""
    add_repositories(url, max(1, count // 1000))
    with _writing(url) as tx:
        known = list(tx.scalars(select(repositories.c.id).order_by(repositories.c.path)))
        _fill(tx, manifests, (_manifest(known[number // 1000 % len(known)], number) for number in range(count)))
        stored = tx.execute(select(manifests.c.id, manifests.c.repository_id)).all()
        same = {"created_at": _now(), "pushed_at": _now(), "pushed_by": DEVELOPER}
        _fill(
            tx,
            tags,
            ({**same, "repository_id": row[1], "name": f"v{row[0]}", "manifest_id": row[0]} for row in stored),
        )


def _manifest(repository: int, number: int, layers: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Of these layers, digests and sizes, or of one of its own."""
    config, layers = digest_of(b"config %d" % number), layers or {digest_of(b"layer %d" % number): MIB}
    named = ",".join(f'{{"mediaType":"{LAYER}","digest":"{one}","size":{size}}}' for one, size in layers.items())
    body = (
        f'{{"schemaVersion":2,"mediaType":"{MANIFEST}",'
        f'"config":{{"mediaType":"{CONFIG}","digest":"{config}","size":{_CONFIG_BYTES}}},'
        f'"layers":[{named}]}}'
    ).encode()
    return {
        "repository_id": repository,
        "digest": digest_of(body),
        "media_type": MANIFEST,
        "artifact_type": CONFIG,
        "config_digest": config,
        "size_bytes": len(body),
        "body": body,
        "created_at": _now(),
    }


def rest(url: str) -> None:
    """What PostgreSQL does by itself within a minute of so much writing: look through the tables, and count."""
    if url.startswith("postgres"):
        database = Database.open(url)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        database.close()


def put_first(url: str) -> None:
    """Prefer the processes of a PostgreSQL, which it gives a session each, as `process.put_first` does one."""
    if url.startswith("postgres"):
        database = Database.open(url)
        with database.engine.connect() as connection:
            for pid in connection.scalars(text("SELECT pid FROM pg_stat_activity")):
                process.put_first(pid)
        database.close()


class _writing:  # noqa: N801 - reads as a verb
    """A transaction on a database opened for it alone."""

    def __init__(self, url: str) -> None:
        self.database = Database.open(url)
        self.transaction = self.database.begin()

    def __enter__(self) -> Connection:
        return self.transaction.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.transaction.__exit__(*error)
        self.database.close()


def _fill(tx: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    iterator: Iterator[dict[str, Any]] = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        tx.execute(insert(table), batch)


def _add(tx: Connection, table: Table, **row: Any) -> int:
    return int(tx.execute(insert(table).values(created_at=_now(), **row).returning(table.c.id)).scalar_one())


def _group(tx: Connection, path: str) -> int:
    group = _add(tx, namespaces, path=path, name=path, visibility=Visibility.PRIVATE)
    tx.execute(insert(routes).values(path=path, namespace_id=group))
    meters.add(tx, path, namespace=group)
    return group


def _project(tx: Connection, namespace: int, path: str) -> int:
    project = _add(tx, projects, namespace_id=namespace, path=path, name=path, visibility=Visibility.PRIVATE)
    tx.execute(insert(routes).values(path=path, project_id=project))
    meters.add(tx, path, project=project)
    return project


def _now() -> datetime:
    return datetime.now(UTC)
