"""How values of several nouns are written in GitLab's JSON."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema


def _milliseconds(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_milliseconds), WithJsonSchema({"type": "string", "format": "date-time"})]


class Shape(BaseModel):
    """Something as it is shown."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class Asked(BaseModel):
    """What a request asks for. Parameters that are not known here are passed over, as GitLab does."""

    model_config = ConfigDict(extra="ignore", str_max_length=10_000)


def day(moment: datetime | None) -> date | None:
    """The date of a moment, in UTC."""
    return None if moment is None else moment.astimezone(UTC).date()


def midnight(value: date | None) -> datetime | None:
    """The moment at which a date begins, in UTC: then what expires on it is over."""
    return None if value is None else datetime(value.year, value.month, value.day, tzinfo=UTC)


def told(changes: BaseModel) -> dict[str, Any]:
    """The parameters that a request has, and not those that it leaves out."""
    return {name: getattr(changes, name) for name in changes.model_fields_set}
