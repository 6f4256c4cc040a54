"""Whatever happens in whatever order, with crashes in between: what is reachable is there, and nothing else stays.

A short version; `make soak` runs the same for as long as it is told, and says how many steps that were.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.clock import Clock
from tests.domain.registry_machine import Counted, RegistryMachine
from tests.domain.registry_model import DELAY, KEEP
from wharfinger.domain.tools import Policy, Tools

EXAMPLES = int(os.environ.get("WHARFINGER_SOAK_EXAMPLES", "0"))


@pytest.fixture
def policy() -> Policy:
    return Policy(gc_delay=DELAY, trash_keep=KEEP, gc_batch=3, untagged_percent=1)


@pytest.mark.timeout(0 if EXAMPLES else 300)
def test_nothing_reachable_is_ever_lost(tools: Tools, clock: Clock, database_url: str) -> None:
    counted = Counted()
    machine = type("Machine", (RegistryMachine,), {"tools": tools, "counted": counted})
    examples = EXAMPLES or (40 if database_url.startswith("sqlite") else 15)
    steps = 200 if EXAMPLES else 40
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
        ),
    )
    assert counted.steps > examples
    if EXAMPLES:
        print(f"{counted.steps} steps on {database_url.partition(':')[0]}")
