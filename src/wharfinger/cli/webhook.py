"""`wharfinger webhook`: who is told of what happens, and how telling them went."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from wharfinger.cli.options import ConfigOption, JsonOption
from wharfinger.cli.session import open_session
from wharfinger.cli.terminal import Failure, note, read_secret, say, show
from wharfinger.domain import deliveries as log
from wharfinger.domain import webhooks as domain
from wharfinger.domain.access import OPERATOR
from wharfinger.domain.deliveries import Delivery, State
from wharfinger.domain.webhooks import Webhook
from wharfinger.rules.notifications import Form, Subject

webhook = typer.Typer(
    name="webhook", help="Webhooks: add, list, test, enable, remove, and what was delivered.", no_args_is_help=True
)

Place = Annotated[
    str, typer.Option("--of", metavar="PATH", help="A group or project: acme/shop. Without it, the installation.")
]
Number = Annotated[int, typer.Argument(help="Its number in the list.")]


@webhook.command()
def add(
    url: Annotated[str, typer.Argument(help="What is told: https://host/path.")],
    *,
    of: Place = "",
    on: Annotated[list[Subject] | None, typer.Option(help="Of what; pushes and deletions without it.")] = None,
    form: Annotated[Form, typer.Option("--format", help="In which form.")] = Form.CLOUDEVENTS,
    name: Annotated[str, typer.Option(help="A name for people.")] = "",
    secret: Annotated[bool, typer.Option("--secret", help="Read the signing secret from standard input.")] = False,
    config: ConfigOption = None,
) -> None:
    """Have a server told. The secret that signs what it is sent is printed once."""
    given = read_secret("Secret") if secret else None
    with open_session(config) as tools:
        subjects = on or [Subject.PUSH, Subject.DELETE]
        made, key = domain.create(tools, OPERATOR, of, url, subjects, name=name, form=form, secret=given)
    note(f"Webhook {made.id} is told of {', '.join(made.subjects)}. What it is sent is signed with this secret:")
    say(key)


@webhook.command("list")
def list_(of: Place = "", config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """The webhooks of this very place."""
    with open_session(config) as tools:
        found = domain.list_webhooks(tools, OPERATOR, of)
    show([_row(one) for one in found], as_json=as_json, empty=f"No webhooks of {of or 'the installation'}.")


@webhook.command()
def remove(number: Number, config: ConfigOption = None) -> None:
    """Remove a webhook with its log."""
    with open_session(config) as tools:
        domain.remove(tools, OPERATOR, domain.place_of(tools, OPERATOR, number), number)
    say(f"Webhook {number} is removed.")


@webhook.command()
def enable(number: Number, config: ConfigOption = None) -> None:
    """Tell a webhook of what happens again, after it was given up."""
    with open_session(config) as tools:
        domain.enable(tools, OPERATOR, domain.place_of(tools, OPERATOR, number), number)
    say(f"Webhook {number} is told of what happens again.")


@webhook.command()
def test(number: Number, config: ConfigOption = None) -> None:
    """Send a test now. Exit code 1 where it does not arrive."""
    with open_session(config) as tools:
        _tell(log.test(tools, OPERATOR, domain.place_of(tools, OPERATOR, number), number))


@webhook.command()
def deliveries(
    number: Number,
    limit: Annotated[int, typer.Option(min=1, max=log.KEPT_EACH, help="How many at most.")] = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a webhook was told lately, newest first."""
    with open_session(config) as tools:
        place = domain.place_of(tools, OPERATOR, number)
        found = log.list_deliveries(tools, OPERATOR, place, number, limit=limit)
    rows = [_sent(one) | ({"body": one.body} if as_json else {}) for one in found]
    show(rows, as_json=as_json, empty=f"Webhook {number} was told nothing yet.")


@webhook.command()
def redeliver(
    number: Number,
    delivery: Annotated[int, typer.Argument(help="The delivery's number in the log.")],
    config: ConfigOption = None,
) -> None:
    """Send something again, now. Exit code 1 where it does not arrive."""
    with open_session(config) as tools:
        _tell(log.redeliver(tools, OPERATOR, domain.place_of(tools, OPERATOR, number), number, delivery))


def _tell(outcome: Delivery) -> None:
    answer = f"{outcome.status}, " if outcome.status else ""
    if outcome.state is not State.DELIVERED:
        raise Failure(f"it did not arrive: {answer}{outcome.answer}")
    say(f"It arrived: {answer}after {outcome.took_ms} ms.")


def _row(one: Webhook) -> Mapping[str, Any]:
    failing = f"fails since {one.failing_since:%Y-%m-%d %H:%M}" if one.failing_since else "works"
    return {
        "number": one.id,
        "url": one.url,
        "name": one.name,
        "told_of": ", ".join(one.subjects),
        "format": str(one.form),
        "state": f"given up on {one.disabled_at:%Y-%m-%d}" if one.disabled_at else failing,
    }


def _sent(one: Delivery) -> dict[str, Any]:
    return {
        "number": one.id,
        "at": one.created_at,
        "what": one.kind,
        "state": str(one.state),
        "tries": one.tries,
        "status": one.status,
        "took_ms": one.took_ms,
        "answer": one.answer[:80],
    }
