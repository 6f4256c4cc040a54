"""What a line of the table of routes says."""

import re
from dataclasses import dataclass
from enum import Enum

from starlette.convertors import Convertor, register_url_convertor

from wharfinger.web.pages.errors import Handler


class Who(Enum):
    """Who gets in at all. To others a page for administrators does not exist."""

    EVERYBODY = "everybody, signed in or not"
    PERSON = "people who signed in"
    ADMIN = "administrators"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; `form` is the page with the form that is posted."""

    method: str
    path: str
    handler: Handler
    who: Who
    form: Handler | None = None


class PlaceConvertor(Convertor[str]):
    """The path of a group or project, of which no segment is `-`."""

    regex = r"(?!-(?:/|$))[^/]+(?:/(?!-(?:/|$))[^/]+)*"

    def convert(self, value: str) -> str:
        """As it came."""
        return value

    def to_string(self, value: str) -> str:
        """As it is."""
        if not re.fullmatch(self.regex, value):
            raise ValueError(f"{value!r} is no path of a place")
        return value


register_url_convertor("place", PlaceConvertor())
