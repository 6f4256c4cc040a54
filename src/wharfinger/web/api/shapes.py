"""How values of several nouns are written in GitLab's JSON."""

from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal, get_args

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema, model_validator

from wharfinger.domain.errors import SettingInvalid
from wharfinger.rules.roles import Role, Visibility


def _milliseconds(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_milliseconds), WithJsonSchema({"type": "string", "format": "date-time"})]


class Shape(BaseModel):
    """Something as it is shown."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class Asked(BaseModel):
    """What a request asks for. Parameters that are not known here are passed over, as GitLab does."""

    model_config = ConfigDict(extra="ignore", str_max_length=10_000)

    @model_validator(mode="before")
    @classmethod
    def _blank(cls, given: object) -> object:
        """An empty text stands for nothing, as in GitLab's parameters, where a field takes no text."""
        if not isinstance(given, dict):
            return given
        empty = {name for name, value in given.items() if value == "" and name in cls.model_fields}
        return given | {name: None for name in empty if _takes_nothing(cls.model_fields[name].annotation)}


def _takes_nothing(annotation: object) -> bool:
    """Whether a field may be left empty and is none of text, "" among its values."""
    kinds = get_args(annotation)
    return type(None) in kinds and not any(kind is str or "" in get_args(kind) for kind in kinds)


class Statistics(Shape):
    """What a place stores, in bytes: its images, and nothing else."""

    container_registry_size: int
    storage_size: int

    @classmethod
    def of(cls, used: int | None) -> "Statistics | None":
        """Those of a place that uses so many bytes; none where that is not told."""
        return None if used is None else cls(container_registry_size=used, storage_size=used)


WithStatistics = Annotated[bool, Query(description="what it stores, for reporters")]


def day(moment: datetime | None) -> date | None:
    """The date of a moment, in UTC."""
    return None if moment is None else moment.astimezone(UTC).date()


def midnight(value: date | None) -> datetime | None:
    """The moment at which a date begins, in UTC: then what expires on it is over."""
    return None if value is None else datetime(value.year, value.month, value.day, tzinfo=UTC)


VisibilityWord = Literal["private", "internal", "public"]
_WORDS: Final[dict[Visibility, VisibilityWord]] = {
    Visibility.PRIVATE: "private",
    Visibility.INTERNAL: "internal",
    Visibility.PUBLIC: "public",
}


def _number(value: object) -> object:
    """Forms and queries have numbers as text."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 3 else value


AccessLevel = Annotated[Role, BeforeValidator(_number)]


def visibility(word: str) -> Visibility:
    """What a word for visibility means."""
    return Visibility[word.upper()]


def word(visibility: Visibility) -> VisibilityWord:
    """The word for a visibility."""
    return _WORDS[visibility]


def in_utc(moment: datetime | None) -> datetime | None:
    """The moment in UTC, where it is taken to be if it was written without a zone. Raises SettingInvalid."""
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:
        raise SettingInvalid("the moment is outside of the years 1 to 9999: choose another") from error
