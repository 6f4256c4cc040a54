"""Tests and repeats that people send: a server is not flooded by them, nor are threads kept waiting for it."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from tests.actors import Actors
from tests.clock import Clock
from tests.receiver import listening
from wharfinger.clients.http import Limits, Outbound
from wharfinger.domain import deliveries, webhooks
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.errors import AskedLately
from wharfinger.domain.tools import Tools
from wharfinger.rules.notifications import Subject


def test_so_many_in_a_minute(tools: Tools, clock: Clock) -> None:
    tools = replace(tools, outbound=Outbound((ip_network("127.0.0.0/8"),), Limits(seconds=10)))
    project = Actors(tools).project().path
    with listening() as receiver:
        made, other = (webhooks.create(tools, OPERATOR, project, receiver.url, [Subject.PUSH])[0] for _ in range(2))
        first = deliveries.test(tools, OPERATOR, project, made.id)
        for _ in range(deliveries.BY_HAND - 1):
            deliveries.redeliver(tools, OPERATOR, project, made.id, first.id)
        for act in (
            lambda: deliveries.test(tools, OPERATOR, project, made.id),
            lambda: deliveries.redeliver(tools, OPERATOR, project, made.id, first.id),
        ):
            with pytest.raises(AskedLately, match="in a minute"):
                act()
        deliveries.test(tools, OPERATOR, project, other.id)
        assert len(receiver.received) == deliveries.BY_HAND + 1
        clock.advance(minutes=1, seconds=1)
        deliveries.test(tools, OPERATOR, project, made.id)
