"""The comparison: what the same thief recovers of surnames from tokens, cut tokens, and our pages."""

import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from leak_files import pages_of
from leak_names import Recovered, by_chance, by_rank, recovered, statistics, together
from leak_pages import repeated_strings
from leak_tokens import build, cut, planned, read, subjects

from daemon.rehearsal.dice import Dice
from daemon.rehearsal.places import POPULATION_2020

BLUR = 0.1
"""How far public statistics may be off for one prefecture, as a share."""


@dataclass(frozen=True)
class Recovery:
    """What was recovered from a table of tokens of so many invented people."""

    people: int
    surnames: int
    """Different ones."""
    attacks: dict[str, Recovered]
    municipalities: float
    """Share of the people whose municipality is right, from its tokens by rank."""
    strings: int
    """Repeated strings that show in the token file without knowing its columns, as they are counted in our files."""


def recovery(folder: Path, count: int, seed: int, today: date) -> Recovery:
    """Build the table in `folder` and rob it."""
    people = list(subjects(seed, count, today))
    file = folder / "tokens.db"
    build(file, people, secrets.token_bytes(32))
    rows = read(file)
    surnames, writings = [person.surname for person in people], [row[0] for row in rows]
    both, public = [row[:2] for row in rows], statistics()
    off = statistics(Dice(seed, "blur"), BLUR)
    attacks = {
        "nothing stolen: everybody is 佐藤": by_chance(surnames, public),
        "full tokens, by rank": recovered(by_rank(writings, public), writings, surnames),
        "full tokens, writing and reading together": recovered(together(both, public), writings, surnames),
        f"the same, statistics off by {BLUR:.0%}": recovered(together(both, off), writings, surnames),
    }
    for bits in sorted({planned(count)[-1], planned(count)[0]}, reverse=True):
        short = [cut(writing, bits) for writing in writings]
        attacks[f"tokens of {bits} bits, by rank"] = recovered(by_rank(short, public), short, surnames)
    bits = planned(count, 2)[-1]
    pairs = [(cut(writing, bits), cut(reading, bits)) for writing, reading in both]
    attacks[f"two tokens of {bits} bits, pairs by rank"] = recovered(by_rank(pairs, public), pairs, surnames)
    return Recovery(
        people=count,
        surnames=len(set(surnames)),
        attacks=attacks,
        municipalities=_municipalities([row[2] for row in rows], [one.municipality for one in people]),
        strings=len(repeated_strings(pages_of(file.read_bytes()))),
    )


def _municipalities(tokens: list[bytes], truth: list[str]) -> float:
    ranked = (token for token, _ in Counter(tokens).most_common())
    known = sorted(POPULATION_2020, key=lambda code: -POPULATION_2020[code])
    guess = dict(zip(ranked, known, strict=False))
    return sum(guess.get(token) == code for token, code in zip(tokens, truth, strict=True)) / len(truth)
