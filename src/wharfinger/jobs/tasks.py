"""What can be asked to be done later, by the name under which `domain/queue.put` asks for it. One page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from wharfinger.domain import deliveries, notices, repositories, selection
from wharfinger.domain.cleanup import removal, runs
from wharfinger.domain.tools import Tools
from wharfinger.jobs.reactions import REACTIONS


@dataclass(frozen=True, slots=True)
class Task:
    """Durable work: tried again while it fails, for so long, and so many times at most. Doing it twice does no harm.

    `given_up` is done once it is not tried again.
    """

    name: str
    run: Callable[[Tools, Mapping[str, Any]], None]
    patience: timedelta = timedelta(days=1)
    most_tries: int | None = None
    given_up: Callable[[Tools, Mapping[str, Any]], None] | None = None


TASKS: Final[tuple[Task, ...]] = (
    *(Task(reaction.name, reaction.run) for reaction in REACTIONS),
    Task(deliveries.TASK, deliveries.deliver),
    Task(runs.START_TASK, runs.start_policy),
    Task(runs.RUN_TASK, removal.carry_on),
    Task(
        repositories.DELETE_TASK,
        repositories.carry_out_deletion,
        most_tries=repositories.MOST_TRIES,
        given_up=repositories.give_up_deletion,
    ),
    Task(notices.MAIL_TASK, notices.deliver, notices.PATIENCE),
    Task(selection.DELETE_TASK, selection.carry_out_deletion),
    Task(selection.RESTORE_TASK, selection.carry_out_return),
)
