"""Where an image comes from, as the credential says that pushed it: commit, branch, pipeline, job.

A token of a trusted issuer carries it as claims, by the names that CI systems give them in ID tokens; a job token was
made with it. It is kept for the record, and decides nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

LONGEST: Final = 255

_CLAIMS: Final[Mapping[str, tuple[str, ...]]] = {
    "source": ("project_path", "repository"),
    "commit": ("sha",),
    "ref": ("ref",),
    "pipeline": ("pipeline_id", "run_id"),
    "job": ("job_id",),
    "started_by": ("user_login", "actor"),
}
FACTS: Final = tuple(_CLAIMS)


def of_claims(claims: Mapping[str, Any]) -> dict[str, str]:
    """What a verified token's claims say, by FACTS; claims of another kind are passed by."""
    told = {
        fact: next(filter(None, (_text(claims.get(name)) for name in names)), "") for fact, names in _CLAIMS.items()
    }
    return {fact: text for fact, text in told.items() if text}


def checked(facts: Mapping[str, str]) -> dict[str, str]:
    """Facts as somebody gave them for a job. Raises ValueError with a sentence."""
    for fact, text in facts.items():
        if fact not in FACTS:
            raise ValueError(f"nothing called {fact!r} is kept of a job: choose among {', '.join(FACTS)}")
        if not _text(text):
            raise ValueError(f"the {fact} of a job has 1 to {LONGEST} printable characters")
    return dict(facts)


def _text(value: object) -> str:
    """Numbers are ids; what is long or cannot be printed is nothing."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if len(text) <= LONGEST and text.isprintable() else ""
