"""Sizes as people write them: binary units, three digits at least."""

import re
from typing import Final

_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
_WRITTEN: Final = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,20})?)\s*(?:([kmgtp])i?)?b?(?:ytes?)?", re.IGNORECASE)


def in_words(size_bytes: int) -> str:
    """ "10 GiB", "1.46 MiB", "512 bytes": never more than it is."""
    power = 0
    while size_bytes >= 1024 ** (power + 1) and power < len(_UNITS) - 1:
        power += 1
    hundredths = size_bytes * 100 // 1024**power
    digits = 2 if hundredths < 1_000 else 1 if hundredths < 10_000 else 0
    whole, part = divmod(hundredths, 100)
    decimals = f"{part:02}"[:digits].rstrip("0")
    return f"{whole}{'.' if decimals else ''}{decimals} {_UNITS[power]}"


def parse(text: str) -> int:
    """Bytes of a size that a person wrote: "10 GiB", "1.5g", "512". Raises ValueError."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:40]!r} is no size: write a number and KiB, MiB, GiB or TiB, for instance 50 GiB")
    power = " kmgtp".index((found[2] or " ").lower())
    return int(float(found[1]) * 1024**power)
