"""Text that strangers wrote, made fit to be read: what cannot be seen is spelled out, what is endless is cut.

Marks that turn the direction of writing, or take no room, can have a command look like another one.
"""

from typing import Final

LONGEST: Final = 10_000


def visible(text: str, longest: int = LONGEST) -> str:
    """The text with every invisible character but line ends and tabs as its code, cut with a word on how much went."""
    kept = text[:longest]
    shown = kept if kept.isprintable() else "".join(map(_shown, kept))
    return shown if len(text) <= longest else f"{shown}… ({len(text) - longest} more characters)"


def _shown(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    return f"\\u{{{ord(character):x}}}"
