"""What people read in their clients when a rule keeps them from pushing."""

from pathlib import Path

import pytest

from tests.clients.layouts import Layout
from tests.clients.programs import Programs, need
from tests.clients.shop import Login, Shop
from tests.serving import Server
from wharfinger.domain import protection
from wharfinger.domain.access import OPERATOR
from wharfinger.rules.protection import Kind, Level, Rule


def push(layout: Layout, image: str, login: Login) -> list[str | Path]:
    """The command that copies the layout to the registry."""
    target = ["--dest-tls-verify=false", "--dest-creds", str(login), f"oci:{layout.path}:latest", f"docker://{image}"]
    return ["skopeo", "--insecure-policy", "copy", *target]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (Rule(Kind.TAG, "^v", push=Level.MAINTAINER), "the tag v1 is protected, pushing needs a maintainer"),
        (Rule(Kind.IMMUTABLE, "^v"), "the tag v1 is immutable, it stays what it was created as"),
        (Rule(Kind.REPOSITORY, "*", push=Level.MAINTAINER), "is protected, pushing needs a maintainer"),
    ],
    ids=lambda value: str(value.kind) if isinstance(value, Rule) else "",
)
def test_skopeo(
    programs: Programs, server: Server, shop: Shop, single: Layout, multi: Layout, rule: Rule, sentence: str
) -> None:
    need("skopeo")
    programs.works(*push(multi, shop.image("web", ":v1"), shop.developer))
    pattern = shop.path + rule.pattern if rule.kind is Kind.REPOSITORY else rule.pattern
    protection.add(server.tools, OPERATOR, shop.path, Rule(rule.kind, pattern, rule.push))
    said = programs.fails(*push(single, shop.image("web", ":v1"), shop.developer))
    assert sentence in said
