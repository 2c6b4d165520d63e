"""How held notices (保留) and 廃置分合・境界変更 look: pure, in one language each."""

from collections.abc import Iterable

from daemon.contract.boundaries import BoundaryChange
from daemon.contract.holds import Hold, Pending
from tui import formats
from tui.words import Words

COLUMNS = ("since", "until", "why", "sender", "other")
"""The columns of a list, by their names in the locale's `holds` group."""
BOUNDARY_COLUMNS = ("on", "old", "new")
"""The columns of what is announced, by their names in the locale's `boundary` group."""
BOUNDARY_FIELDS = ("old", "new", "on")
"""What is asked of one, likewise."""
ARRIVAL = "elsewhere"
"""Why a 転入 waits (`Pending.why`)."""
SHORT = 8
"""Characters of a reference that tell held notices apart."""


def row(hold: Hold, say: Words) -> list[str]:
    """One held notice, by `COLUMNS`."""
    other = formats.place(hold.other, say) if hold.other else say("holds.own")
    return [
        hold.since.isoformat(),
        hold.until.isoformat(),
        say.of("hold_why", hold.why),
        formats.place(hold.sender, say),
        other,
    ]


def detail(hold: Hold, say: Words) -> str:
    """What a list has no room for."""
    return say("holds.detail", notice=hold.notice, seq=hold.seq, reference=hold.hold[:SHORT])


def boundary(change: BoundaryChange, say: Words) -> list[str]:
    """One 廃置分合 or 境界変更, by `BOUNDARY_COLUMNS`."""
    return [change.on.isoformat(), formats.place(change.old, say), formats.place(change.new, say)]


def boundary_words(change: BoundaryChange, say: Words) -> dict[str, str]:
    """The same, to be put into a sentence."""
    return dict(zip(("day", "old", "new"), boundary(change, say), strict=True))


def pending(waiting: Iterable[Pending], register: str, say: Words) -> list[str]:
    """What waits about one person, a line each, a 転入 (in `fuhyo` a 記載) before all."""
    words = {ARRIVAL: "pending.entry"} if register == "fuhyo" else {}
    return [
        say(
            words.get(one.why, f"pending.{one.why}"),
            place=formats.place(one.sender, say),
            since=one.since.isoformat(),
            until=one.until.isoformat(),
        )
        for one in sorted(waiting, key=lambda one: one.why != ARRIVAL)
    ]


def shortened(lines: list[str], most: int, say: Words) -> list[str]:
    """`lines`, and where they are more than `most` how many are left out."""
    left = len(lines) - most
    return lines if left <= 0 else [*lines[:most], say("pending.more", count=left)]
