"""The ceremonies of one register: each step judged, kept on the disk, and only then done.

Rules:
- At most one ceremony at a time; every request names it (a share or an answer of another one is refused).
- First round: the service holds the shares; each holder in turn sees theirs and enters it. Then the service forgets
  them all. Second round: every holder enters theirs from paper, and M of them, picked at random, must give the secret.
  Only then may the token be touched: what is on paper is what opens it.
- An interruption loses nothing: in the first round the ceremony is void and begins anew, in the second the round begins
  anew, and once initialising has begun, M holders carry it on to its end, or give it up.
- A dry run is a throw-away token, and keeps nothing but its transcript.
"""

import logging
import os
import secrets
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from daemon.clock import Clock
from daemon.errors import ConflictError, JukuraError
from hsm.ceremony import making, outset, pins, target
from hsm.ceremony.bench import Benches
from hsm.ceremony.protocol import Begin, Phase, Picture, Sheet
from hsm.ceremony.record import Record, Shelf, Step
from hsm.ceremony.rounds import ENTERED, Ceremony, Pick, in_order
from hsm.ceremony.secret import Secret
from hsm.uri import parse

log = logging.getLogger(__name__)

_sample: Pick = secrets.SystemRandom().sample


class Desk:
    """One call at a time. `opens` is told the label and the PIN of a token that is ready; `home` is where we look for one."""

    def __init__(
        self,
        register: str,
        home: str,
        shelf: Shelf,
        benches: Benches,
        clock: Clock,
        *,
        opens: Callable[[str, bytes], None],
        entropy: Callable[[int], bytes] = os.urandom,
        pick: Pick = _sample,
        allow_short: bool = False,
    ) -> None:
        self._idle = Picture(register=register, phase=Phase.IDLE, uri=home, label=parse(home).label)
        self._shelf = shelf
        self._benches = benches
        self._clock = clock
        self._opens = opens
        self._entropy = entropy
        self._pick = pick
        self._allow_short = allow_short
        self._now: Ceremony | None = None
        """The one under way, or the one done last."""

    async def load(self) -> None:
        """Take up what was interrupted. Once, before anything else."""
        self._benches.clear()
        record = (await self._shelf.book()).open
        if record is None:
            return
        self._now = Ceremony(record)
        if record.phase is Phase.SHARING:
            await self._keep(self._now, "void", phase=Phase.VOID)

    def picture(self) -> Picture:
        """How it stands."""
        return self._now.picture(self._idle.register) if self._now else self._idle

    async def begin(self, request: Begin) -> None:
        """A new ceremony: its shares in memory, and the first holder's turn."""
        in_order("begin", self.picture().phase)
        outset.sound(request)
        if request.dry_run:
            self._benches.clear()
        bench, place = self._benches.at(request.uri, dry_run=request.dry_run)
        found = target.blank(await bench.survey(place.module), place, request.label)
        length = pins.length(found.min_pin, found.max_pin, allow_short=self._allow_short)
        if self._now is not None and self._now.phase is Phase.VOID:
            await self._shelf.end(self._now.record)
        record, sheets = outset.set_out(request, length, self._entropy)
        began = Ceremony(record, sheets)
        await self._keep(began, "begun")
        self._now = began

    async def show(self, ceremony: str, holder: int) -> Sheet:
        """The share of the holder whose turn it is; never again once they have verified it."""
        now = self._mine("show", ceremony)
        words = now.sheet(holder)
        await self._keep(now, "shown", who=now.record.holders[holder])
        return Sheet(ceremony=now.record.id, holder=holder, words=words)

    async def enter(self, ceremony: str, words: Sequence[str]) -> None:
        """A share from paper: of the holder in turn, or, while initialising, of anyone who has one."""
        now = self._mine("enter", ceremony)
        share, holder = now.judge(words)
        phase, turn = now.after()
        await self._keep(
            now, ENTERED[now.record.phase], who=now.record.holders[holder], phase=phase, turn=turn
        )
        now.take(share)

    async def initialise(self, ceremony: str) -> None:
        """Initialise the token, or carry on with it."""
        now = self._mine("initialise", ceremony)
        if now.record.refused:
            raise ConflictError("ceremony.so_pin_refused")
        secret = now.secret or await self._settle(now)
        bench, place = self._benches.at(now.record.uri, dry_run=now.record.dry_run)
        try:
            serial, model = await making.make(bench, place, now.record, secret)
        except JukuraError as error:
            if error.code == "ceremony.so_pin_refused":
                await self._keep(now, "refused", refused=True)
            raise
        await self._done(now, secret, serial, model)

    async def _settle(self, now: Ceremony) -> Secret:
        """The end of the second round: the secret from M shares picked at random, and on the disk that we go on."""
        if now.record.phase is Phase.INITIALISING:
            raise ConflictError("ceremony.shares_missing")
        secret, chosen = now.combine(self._pick)
        names = ", ".join(now.record.holders[holder] for holder in chosen)
        await self._keep(now, "combined", who=names, phase=Phase.INITIALISING, turn=0)
        now.settle(secret)
        return secret

    async def _done(self, now: Ceremony, secret: Secret, serial: str, model: str) -> None:
        done = self._stepped(now.record, "done", phase=Phase.DONE, serial=serial, model=model)
        await self._shelf.end(done)
        now.record = done
        if done.dry_run:
            self._benches.clear()
        else:
            self._opens(done.label, making.pin_of(done, secret))
        now.wipe()

    async def abandon(self, ceremony: str) -> None:
        """Give the ceremony up. Once initialising has begun, that takes M holders, as carrying it on does."""
        now = self._mine("abandon", ceremony)
        if now.phase is Phase.INITIALISING and now.secret is None:
            raise ConflictError("ceremony.shares_missing")
        await self._shelf.end(self._stepped(now.record, "abandoned", phase=Phase.VOID))
        self._benches.clear()
        now.wipe()
        self._now = None

    def close(self) -> None:
        """Forget everything that is secret, and the throw-away token."""
        if self._now is not None:
            self._now.wipe()
        self._benches.clear()

    def _mine(self, what: str, ceremony: str) -> Ceremony:
        """The ceremony under way, if it is the one that was named and `what` is in order."""
        if self._now is None or self._now.record.id != ceremony:
            raise ConflictError("ceremony.another")
        in_order(what, self._now.phase)
        return self._now

    async def _keep(self, now: Ceremony, what: str, *, who: str = "", **changes: object) -> None:
        """Put the step on the disk, then into memory."""
        record = self._stepped(now.record, what, who=who, **changes)
        await self._shelf.keep_open(record)
        now.record = record

    def _stepped(self, record: Record, what: str, *, who: str = "", **changes: object) -> Record:
        log.info("ceremony", extra={"event": what, "kind": "dry run" if record.dry_run else "ceremony"})
        steps = [*record.steps, Step(self._clock.now(), what, who)]
        return replace(record, steps=steps, **changes)
