"""What a setting and a table of settings are."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def setting(default: Any, meaning: str, *, hot: bool = False, secret: bool = False, **bounds: Any) -> Any:
    """A setting with its default and meaning; a `hot` one is applied without a restart, a `secret` one never shown."""
    return Field(default, description=meaning, json_schema_extra={"hot": hot, "secret": secret}, **bounds)


class Section(BaseModel):
    """A table of the file. What it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
