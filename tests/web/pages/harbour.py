"""A harbour full of things: one of everything that pages show, for tests that look at all of them."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import insert

from tests.domain.gallery import Gallery
from tests.serving import Server, until
from tests.web.pages.wares import Wares
from wharfinger.db import meters
from wharfinger.db.tables.usage import meter_samples
from wharfinger.domain import chain, members, protection, queue, quotas, repositories, selection, tokens, webhooks
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.cleanup import policies
from wharfinger.domain.cleanup.terms import Terms
from wharfinger.rules.notifications import Subject
from wharfinger.rules.protection import Kind, Level, Rule
from wharfinger.rules.roles import Role

KIB = 1024


@dataclass(frozen=True)
class Harbour:
    """What the paths of pages are filled with."""

    project: str
    group: str
    image: int
    index: str
    webhook: int
    global_webhook: int
    username: str

    def path(self, route: str) -> str:
        """The path of a page, by its line in the table of routes."""
        known: Mapping[str, object] = {
            "{id}": self.image, "{name}": "2.0", "{digest}": self.index, "{username}": self.username,
            "{number}": self.global_webhook if route.startswith("/admin") else self.webhook,
        }  # fmt: skip
        route = route.replace("{place:place}", self.project)
        for part, value in known.items():
            route = route.replace(part, str(value))
        return route


def furnish(site: Server) -> Harbour:
    """Fill one project with all kinds of images, rules, runs and rubbish, and say where everything is."""
    tools = site.tools
    wares = Wares(tools).everything()
    project, group = wares.project, wares.project.rpartition("/")[0]
    dice = random.Random(7)
    for name in ("api", "worker"):
        gallery = Gallery(tools, name, wares.place)
        for version in range(12):
            gallery.container({"os": "linux", "architecture": "amd64"}, dice.randbytes(90 * KIB), tag=f"1.{version}")
    Wares(tools, "chart", wares.place).chart()
    selection.delete(tools, OPERATOR, f"{project}/api", selection.Wanted(("1.0", "1.1", "1.2")))
    rules = [
        Rule(Kind.REPOSITORY, f"{project}/w*", delete=Level.OWNER),
        Rule(Kind.TAG, "^2", push=Level.MAINTAINER),
        Rule(Kind.IMMUTABLE, r"^v\d"),
    ]
    for rule in rules:
        protection.add(tools, OPERATOR, project, rule)
    policies.save(tools, OPERATOR, project, Terms(enabled=True, keep_n=5))
    quotas.set_limit(tools, OPERATOR, project, 8 * 1024 * KIB)
    let_it_have_grown(site, project)
    user = site.user()
    members.add(tools, OPERATOR, group, user.username, Role.OWNER)
    tokens.create_deploy(tools, OPERATOR, project, "cluster", ["read_registry"])
    tokens.create_personal(tools, OPERATOR, "laptop", ["read_registry"], username=user.username)
    hook, _ = webhooks.create(tools, OPERATOR, project, "https://hooks.example.com/registry", [Subject.PUSH])
    other, _ = webhooks.create(tools, OPERATOR, "", "https://hooks.example.com/all", [Subject.PUSH])
    with tools.db.begin() as tx:
        queue.put(tx, tools, "no such task", {"about": "nothing"})
    until(lambda: not chain.anything_waits(tools))
    found = repositories.get(tools, OPERATOR, wares.path)
    index = tools.lookup.by_tag(wares.path, "2.0")
    assert index is not None
    return Harbour(project, group, found.id, index.digest, hook.id, other.id, user.username)


def let_it_have_grown(site: Server, project: str) -> None:
    """Samples of three weeks, for the chart."""
    quotas.add_up(site.tools)
    with site.tools.db.begin() as tx:
        for path in (project, project.rpartition("/")[0], ""):
            meter, now = meters.at(tx, path), site.tools.clock()
            used = quotas.line(tx, path)[0].used_bytes
            rows = [
                {"meter_id": meter, "at": now - timedelta(days=day), "used_bytes": used - used * day // 25}
                for day in range(1, 22)
            ]
            tx.execute(insert(meter_samples), rows)
