"""Notices: mail to people who should know something. A notice is a job for each of them: it is sent, or tried again
until the mail server takes it; people without an address, and blocked ones, get none.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection

from wharfinger.clients.mail import Letter
from wharfinger.db import notices as rows
from wharfinger.domain import queue
from wharfinger.domain.tools import Tools
from wharfinger.rules.roles import Role

MAIL_TASK: Final = "send mail"
PATIENCE: Final = timedelta(days=2)
_LONGEST_SUBJECT: Final = 200


def send(tx: Connection, tools: Tools, users: Collection[int], subject: str, text: str) -> int:
    """Have a notice sent to these people once this transaction is over; to how many. `text` is lines and paragraphs.

    The same to the same person is not asked for twice while it waits. Where no mail server is named, nothing happens.
    """
    if not tools.mail.works:
        return 0
    subject = " ".join(subject.split())[:_LONGEST_SUBJECT]
    for user in sorted(users):
        about = {"user": user, "subject": subject, "text": text}
        queue.put(tx, tools, MAIL_TASK, about, key=f"mail {user} {subject}")
    return len(users)


def deliver(tools: Tools, about: Mapping[str, Any]) -> None:
    """Send a notice (a task). Raises MailFailed."""
    with tools.db.read() as tx:
        address = rows.address(tx, about["user"])
    if address is not None and tools.mail.works:
        tools.mail.send(Letter(address, about["subject"], about["text"]))


def holders(tx: Connection, tools: Tools, path: str, role: Role = Role.OWNER) -> list[int]:
    """Who is to hear of the project or group at this path: those with this role there, or else in the nearest group
    above that has some; administrators, where nobody has, and for the instance ("").
    """
    now = tools.clock()
    while path:
        if found := rows.people(tx, path, role, now):
            return found
        path = path.rpartition("/")[0]
    return rows.administrators(tx)


def link(tools: Tools, path: str) -> str:
    """The address of a page for people, where it is known how they reach us."""
    return f"{tools.policy.external_url}/{path}" if tools.policy.external_url else f"/{path}"
