"""What a world is made of, drawn at random."""

from hypothesis import strategies as st

from tests.commands.world.lives import CITIES, DEEDS

MOST = 4  # people
CITY = st.sampled_from(sorted(CITIES))
PERSON = st.integers(0, MOST - 1)
PICKS = st.lists(st.integers(0, 5), min_size=1, max_size=4)
_CHANGES = (
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
)
CHANGES = st.lists(st.tuples(st.sampled_from(_CHANGES), CITY), min_size=2, max_size=5)
"""Of codes and numbers; and what a city says under a code of before."""
EVENTS = st.lists(st.tuples(st.sampled_from(DEEDS), CITY), min_size=1, max_size=4)
