"""What cities send at the same moment, and what they are told."""

from itertools import zip_longest

from daemon.contract.peer import Notice, Verdict
from tests.commands.world.people import Answer

Batches = dict[str, list[Notice]]
"""By city."""
Sent = list[tuple[str, list[Notice]]]
"""Each batch with the city that sends it."""


def apart_from_each_other(batches: Batches) -> Sent:
    """The cities in turn, as the register takes what came at the same moment."""
    turns = zip_longest(*([(code, [notice]) for notice in batch] for code, batch in batches.items()))
    return [one for turn in turns for one in turn if one is not None]


def answer_of(verdict: Verdict) -> Answer:
    """As the model has it."""
    held = verdict.outcome == "held"
    assert verdict.outcome != "refused" or (verdict.code and verdict.ja)
    return Answer(verdict.outcome.value, verdict.serial, verdict.code if held else "", verdict.until)
