"""Characters that the font of a terminal may lack or draw alike: told apart by their code points. Pure."""

import re

_RARE = re.compile("[^\U000e0100-\U000e01ef][\U000e0100-\U000e01ef]|[\U00020000-\U0003ffff]")
"""A kanji with a variation selector (IVS, UTS #37), or one beyond the first plane; fonts leave these out first."""


def rare(text: str) -> list[str]:
    """The kanji in `text` that a terminal may not show as they are, each once, in order."""
    return list(dict.fromkeys(_RARE.findall(text)))


def spelt(kanji: list[str]) -> str:
    """Each with its code points, such as 葛󠄀 U+845B U+E0100."""
    return "、".join(" ".join((each, *(f"U+{ord(char):04X}" for char in each))) for each in kanji)
