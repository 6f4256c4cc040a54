"""What `doctor` finds: one line each, and what to do where it is not well."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `advice` says what to do, where there is something to do."""

    level: Literal["ok", "warn", "fail"]
    subject: str
    sentence: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"{self.level:<4}  {self.subject}: {self.sentence}"
        return f"{line}\n      → {self.advice}" if self.advice else line


def ok(subject: str, sentence: str) -> Finding:
    """All is well."""
    return Finding("ok", subject, sentence)


def warn(subject: str, sentence: str, advice: str) -> Finding:
    """It works, and may not tomorrow, or not for everybody."""
    return Finding("warn", subject, sentence, advice)


def fail(subject: str, sentence: str, advice: str) -> Finding:
    """It cannot work so."""
    return Finding("fail", subject, sentence, advice)
