"""One ceremony as it lies in memory: what is kept of it, and the shares that are at hand now. Does no I/O.

`judge` decides and changes nothing; once what it decided is on the disk, `take` follows.
"""

from collections.abc import Callable, Mapping, Sequence

from daemon.errors import ConflictError
from hsm.ceremony import shares
from hsm.ceremony.hand import Hand, holder_of
from hsm.ceremony.protocol import Phase, Picture
from hsm.ceremony.record import Record
from hsm.ceremony.secret import Secret, wipe

MAY: Mapping[str, frozenset[Phase]] = {
    "begin": frozenset({Phase.IDLE, Phase.DONE, Phase.VOID}),
    "show": frozenset({Phase.SHARING}),
    "enter": frozenset({Phase.SHARING, Phase.CHECKING, Phase.INITIALISING}),
    "initialise": frozenset({Phase.CHECKED, Phase.INITIALISING}),
    "abandon": frozenset({Phase.SHARING, Phase.CHECKING, Phase.CHECKED, Phase.INITIALISING, Phase.VOID}),
}
"""In which phases each request is in order."""

ENTERED: Mapping[Phase, str] = {
    Phase.SHARING: "verified",
    Phase.CHECKING: "verified_again",
    Phase.INITIALISING: "given",
}
"""What a share that was entered is called in the transcript."""

Pick = Callable[[Sequence[int], int], list[int]]
"""So many of these, at random."""


def in_order(what: str, phase: Phase) -> None:
    """Raise unless the request `what` is in order in `phase`."""
    if phase not in MAY[what]:
        raise ConflictError("ceremony.not_now", field=what)


class Ceremony:
    """The one under way. `sheets` are the shares of the first round."""

    def __init__(self, record: Record, sheets: Sequence[Secret] = ()) -> None:
        self.record = record
        self.secret: Secret | None = None
        """Once the token may be initialised."""
        self._sheets = list(sheets)
        self._hand = Hand(record)

    @property
    def phase(self) -> Phase:
        """As kept; the end of the second round is a matter of what is at hand."""
        checked = self.record.phase is Phase.CHECKING and len(self._hand.given) == len(self.record.holders)
        return Phase.CHECKED if checked else self.record.phase

    @property
    def turn(self) -> int:
        """Whose turn it is, from 0."""
        return self.record.turn if self.record.phase is Phase.SHARING else len(self._hand.given)

    @property
    def ready(self) -> bool:
        """Whether the token can be initialised now."""
        carry_on = self.phase is Phase.INITIALISING and self.secret is not None and not self.record.refused
        return carry_on or self.phase is Phase.CHECKED

    def picture(self, register: str) -> Picture:
        """How it stands."""
        record = self.record
        given = self._hand.given if self.phase is Phase.INITIALISING else []
        return Picture(
            register=register, phase=self.phase, ceremony=record.id, dry_run=record.dry_run, uri=record.uri,
            label=record.label, threshold=record.threshold, holders=record.holders, turn=self.turn, given=given,
            ready=self.ready, serial=record.serial, model=record.model,
        )  # fmt: skip

    def sheet(self, holder: int) -> list[str]:
        """The words of the holder whose turn it is."""
        if holder != self.turn:
            raise ConflictError("ceremony.not_your_turn")
        return self._sheets[holder].reveal().decode().split()

    def judge(self, words: Sequence[str]) -> tuple[shares.Read, int]:
        """The share that `words` are, and whose it is; raise unless it is in order now."""
        share = shares.read(words)
        holder = holder_of(self.record, share)
        if holder is None:
            raise ConflictError("ceremony.share_foreign")
        if self.record.phase is not Phase.INITIALISING and holder != self.turn:
            raise ConflictError("ceremony.share_of_other")
        if self.secret is not None or holder in self._hand.given:
            raise ConflictError("ceremony.share_doubled")
        return share, holder

    def after(self) -> tuple[Phase, int]:
        """Phase and turn to be kept once the share in order now is entered."""
        record = self.record
        if record.phase is not Phase.SHARING:
            return record.phase, record.turn
        last = record.turn + 1 == len(record.holders)
        return (Phase.CHECKING, 0) if last else (Phase.SHARING, record.turn + 1)

    def take(self, share: shares.Read) -> None:
        """Go on with a share that `judge` let pass; after the first round, forget them all."""
        if self.record.phase is Phase.SHARING:
            return
        if self._sheets:
            self._forget_sheets()
            return
        self._hand.take(share)
        if self.record.phase is Phase.INITIALISING and self._hand.enough:
            self.secret, _ = self.combine(lambda given, count: list(given)[:count])
            self._hand.put_down()

    def combine(self, pick: Pick) -> tuple[Secret, list[int]]:
        """The secret from the shares of M holders, and who they were."""
        if not self._hand.enough:
            raise ConflictError("ceremony.shares_missing")
        chosen = sorted(pick(self._hand.given, self.record.threshold))
        return self._hand.combine(chosen), chosen

    def settle(self, secret: Secret) -> None:
        """From now on the secret is at hand, and the shares are not."""
        self.secret = secret
        self._hand.put_down()

    def wipe(self) -> None:
        """Forget everything that is secret."""
        self._forget_sheets()
        self._hand.put_down()
        if self.secret is not None:
            self.secret.wipe()
            self.secret = None

    def _forget_sheets(self) -> None:
        wipe(self._sheets)
        self._sheets.clear()
