"""The ceremony apart from the screen: which step is next, and twenty words as they are typed."""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from hsm.ceremony.client import COUNT, WORDS
from hsm.ceremony.protocol import Phase, Picture

CHOICES = 8
"""How many words are offered at once."""

_INSTALLED = Path("/var/lib/jukura")
_RUN = Path("/run/jukura")
_KNOWN = frozenset(WORDS)


def socket_of(state: Path) -> Path:
    """The ceremony socket of the register whose state lies in `state`.

    An installed one is below /run, where every folder above it is root's: the register could put a socket of its own
    into its own folders, and shares are not for it.
    """
    if state.parent == _INSTALLED:
        return _RUN / state.name / "ceremony" / "ceremony.sock"
    return state / "run" / "ceremony.sock"


class Next(Enum):
    """What Enter does now."""

    SHOW = "show"
    """Show the share of the holder in turn, and take it back from paper."""
    CHECK = "check"
    """Take the share of the holder in turn from paper once more."""
    INITIALISE = "initialise"
    CARRY_ON = "carry_on"
    """Take a share of anyone, to carry on what was interrupted."""
    GIVE = "give"
    """Take a share of anyone, towards the PIN that is waited for."""
    BEGIN = "begin"
    """Nothing is under way: begin, with a dry run first."""


_NEXT = {Phase.SHARING: Next.SHOW, Phase.CHECKING: Next.CHECK, Phase.INITIALISING: Next.CARRY_ON}


def next_of(picture: Picture) -> Next:
    """The step that comes next."""
    if picture.ready:
        return Next.INITIALISE
    if picture.phase in _NEXT:
        return _NEXT[picture.phase]
    return Next.GIVE if picture.waiting else Next.BEGIN


@dataclass
class Draft:
    """A share that is being typed. `at` is the word in hand, from 0."""

    words: list[str] = field(default_factory=lambda: [""] * COUNT, repr=False)
    at: int = 0

    @property
    def whole(self) -> bool:
        """Whether every word is there."""
        return all(self.words)

    def accept(self, typed: str) -> bool:
        """Take the one word that `typed` can mean, and go to the next that is missing; False where there is no one."""
        meant = choices(typed)
        word = typed.lower() if typed.lower() in _KNOWN else meant[0] if len(meant) == 1 else ""
        if not word:
            return False
        self.words[self.at] = word
        self.at = next((place for place, each in enumerate(self.words) if not each), self.at)
        return True

    def move(self, by: int) -> None:
        """Take another word in hand."""
        self.at = (self.at + by) % COUNT

    def wipe(self) -> None:
        """Forget every word, as far as Python allows."""
        self.words[:] = [""] * COUNT
        self.at = 0


def choices(typed: str) -> list[str]:
    """The words that begin so; none for nothing."""
    return [word for word in WORDS if word.startswith(typed.lower())] if typed else []
