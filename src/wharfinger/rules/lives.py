"""How long a token may live that was made by means of another: no longer than that one.

Who finds a token that ends in a day must not be able to turn it into one that never does. So what is made or rotated by
a token ends with it at the latest, and what rotates itself lives as long again as it was made for, and no longer.
"""

from datetime import datetime, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)


def ending(asked: datetime | None, maker_ends_at: datetime | None) -> datetime | None:
    """When a new token ends: as asked, else with the token it is made by; None is never."""
    return maker_ends_at if asked is None else asked


def outliving(ends_at: datetime | None, maker_ends_at: datetime | None) -> str:
    """Why a token may not be made by another to end then, as a sentence; empty if it may."""
    if maker_ends_at is None or (ends_at is not None and ends_at <= maker_ends_at):
        return ""
    return (
        f"your token ends on {maker_ends_at:%Y-%m-%d}, and what it makes or rotates may not live longer: give an "
        "expires_at up to then, or do it on your page of access tokens"
    )


def outgrowing(ends_at: datetime | None, now: datetime, life: timedelta | None) -> str:
    """Why a token that was made for this `life` (None: for ever) may not rotate itself until then; empty if it may.

    Days count in full, as tokens end at midnight: who rotates in the early morning asks for some hours more.
    """
    if life is None or (ends_at is not None and ends_at - now <= -(-life // _DAY) * _DAY):
        return ""
    days = -(-life // _DAY)
    return (
        f"your token was made for {days} {'day' if days == 1 else 'days'}, and when it rotates itself it may not live "
        "longer: give no expires_at, an earlier one, or do it on your page of access tokens"
    )
