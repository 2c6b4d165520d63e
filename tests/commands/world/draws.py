"""What a world is made of, drawn at random."""

import os
from collections.abc import Sequence

from hypothesis import strategies as st

from tests.commands.world import fuhyo_lives, honnin_lives
from tests.commands.world.lives import CITIES

WORLDS = int(os.environ.get("JUKURA_WORLDS", "21"))
"""Of both registers together."""
MOST = 4  # people
CITY = st.sampled_from(sorted(CITIES))
PERSON = st.integers(0, MOST - 1)
PICKS = st.lists(st.integers(0, 5), min_size=1, max_size=4)

Events = st.SearchStrategy[list[tuple[str, str]]]
"""What happens, and in which city or because of which."""


def _events(deeds: Sequence[str], least: int, most: int) -> Events:
    return st.lists(st.tuples(st.sampled_from(deeds), CITY), min_size=least, max_size=most)


EVENTS = _events(honnin_lives.DEEDS, 1, 4)
FUHYO_EVENTS = _events(fuhyo_lives.DEEDS, 1, 4)
CHANGES = _events(
    (
        "renamed",
        "renamed",
        "renamed",
        "numbered",
        "numbered",
        "undone",
        "moves",
        "goes",
        "outdated",
        "outdated",
        "back",
    ),
    2,
    5,
)
"""Of codes and numbers; and what a city says under a code of before."""
FUHYO_CHANGES = _events(
    ("renamed", "renamed", "renamed", "abroad", "moves", "transfers", "outdated", "outdated", "back"), 2, 5
)
