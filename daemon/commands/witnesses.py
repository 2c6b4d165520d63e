"""The log's witnesses: municipalities that cosign checkpoints, so that nobody can be shown another log than they were.

They ask when they like; nothing here waits for them, and without any of them everything goes on. What holds is kept beneath its
checkpoint, where every export has it; a checkpoint that nobody signed with us may still be signed anew, one that is cosigned
stays as it is (`daemon.audit.signer`).
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from daemon.audit import checkpoints
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import MAX_COUNT, Outcome
from daemon.audit.journal import Nodes, sequence
from daemon.audit.tree import consistency_proof
from daemon.clock import Clock
from daemon.commands.sightings import Sighting, require_timely
from daemon.config import Peers
from daemon.contract.cosignature import Cosignature, Cosigner, attached, find
from daemon.contract.endpoint import Endpoint, Text
from daemon.contract.note import Checkpoint, split
from daemon.contract.witnessing import CHECKPOINT, COSIGNATURE, CheckpointQuery, Offer, Taken, WitnessState
from daemon.errors import AuthorityError, InputError, IntegrityError, JukuraError, SizeError
from daemon.store.draft import Draft
from daemon.store.engine import Engine, Table
from daemon.store.writer import Writer

KEY = b"witnesses"
"""In META: what is known of each, by municipality."""


class Witnesses:
    """Those of one register."""

    def __init__(
        self, peers: Peers, engine: Engine, writer: Writer, clock: Clock, kept: Mapping[str, Sighting]
    ) -> None:
        self._cosigners = peers.cosigners()
        self._after = timedelta(hours=peers.witness_hours)
        self._engine = engine
        self._writer = writer
        self._clock = clock
        now = clock.now()
        self._known = {each: kept.get(each, Sighting(since=now)) for each in sorted(self._cosigners)}
        self.acts: Mapping[Endpoint, Callable[[str, Any], Awaitable[Any]]] = {
            CHECKPOINT: self.offer,
            COSIGNATURE: self.take,
        }

    @classmethod
    async def load(cls, peers: Peers, engine: Engine, writer: Writer, clock: Clock) -> "Witnesses":
        """As they stood when the register was stopped or killed."""
        kept = _read(await engine.get_many(Table.META, [KEY]))
        return cls(peers, engine, writer, clock, kept)

    async def remember(self) -> None:
        """Keep since when each is configured, and forget those that are so no longer."""

        async def work(draft: Draft) -> None:
            held = await draft.get_many(Table.META, [KEY])
            if _read(held) != self._known:
                draft.put(Table.META, KEY, msgspec.msgpack.encode(self._known))

        await self._writer.write(work)

    def states(self) -> list[WitnessState]:
        """How it stands with each."""
        now = self._clock.now()
        return [self._state(each, known, now) for each, known in self._known.items()]

    def overdue(self) -> list[str]:
        """The municipalities that have not cosigned for too long."""
        return [each.municipality for each in self.states() if each.overdue]

    # What a witness asks for.

    async def offer(self, sender: str, asked: CheckpointQuery) -> Text:
        """The newest checkpoint, and how it continues the one that the witness knows."""
        self._cosigner(sender)
        old = int(asked.old)
        newest = await checkpoints.newest(self._engine)
        if newest is None:
            raise InputError("witness.nothing_signed")
        if old > newest.size:
            raise SizeError("witness.old_beyond", size=newest.size)
        return Text(Offer(old, await self._proof(old, newest.size), newest.note).text())

    async def take(self, sender: str, posted: Text) -> Taken:
        """Attach the witness's cosignature to the checkpoint that was posted; a refusal is an entry."""
        cosigner = self._cosigner(sender)
        counts: dict[str, int] = {}
        try:
            checkpoint, cosignature = _posted(posted.text, cosigner)
            # One that no log of ours could have is no figure of an entry.
            counts = {"size": checkpoint.size} if checkpoint.size <= MAX_COUNT else {}
            return await self._attach(sender, cosigner, checkpoint, cosignature)
        except JukuraError as error:
            refused = Act(
                Action.WITNESS_REFUSED, _actor(sender), Outcome.REFUSED, code=error.code, counts=counts
            )
            await self._writer.log(refused)
            raise

    async def _attach(
        self, sender: str, cosigner: Cosigner, checkpoint: Checkpoint, cosignature: Cosignature
    ) -> Taken:
        async def work(draft: Draft) -> Sighting:
            key = sequence(checkpoint.size)
            held = await draft.get_many(Table.CHECKPOINTS, [key])
            note = held[key].decode() if key in held else ""
            if not note or split(note)[0] != checkpoint.text():
                raise InputError("witness.checkpoint_unknown")
            require_timely(cosignature, checkpoint.signed_at, draft.now)
            kept = _read(await draft.get_many(Table.META, [KEY]))
            before = kept.get(sender, self._known[sender])
            known = before.followed_by(checkpoint.size, cosignature.at, draft.now)
            there = find(note, cosigner)
            if there is not None and there.at >= cosignature.at:
                return before  # handed in again
            draft.put(Table.CHECKPOINTS, key, attached(note, cosigner, cosignature).encode())
            draft.put(Table.META, KEY, msgspec.msgpack.encode({**kept, sender: known}))
            draft.log(Act(Action.WITNESS_COSIGNED, _actor(sender), counts={"size": checkpoint.size}))
            return known

        self._known[sender] = await self._writer.write(work)
        return Taken(checkpoint.size)

    async def _proof(self, old: int, size: int) -> list[bytes]:
        if old in {0, size}:
            return []
        try:
            return await consistency_proof(old, size, Nodes(self._engine))
        except IntegrityError:
            # What a purge leaves of the tree proves larger sizes only.
            raise InputError("witness.old_unknown") from None

    def _cosigner(self, sender: str) -> Cosigner:
        cosigner = self._cosigners.get(sender)
        if cosigner is None:
            raise AuthorityError("witness.not_one")
        return cosigner

    def _state(self, municipality: str, known: Sighting, now: datetime) -> WitnessState:
        return WitnessState(
            municipality=municipality,
            name=self._cosigners[municipality].name,
            size=known.size,
            cosigned=datetime.fromtimestamp(known.at, UTC) if known.at else None,
            taken=known.taken,
            overdue=known.overdue(now, self._after),
        )


def _posted(note: str, cosigner: Cosigner) -> tuple[Checkpoint, Cosignature]:
    """The checkpoint in a note, and the cosignature beneath it, which holds."""
    try:
        checkpoint = Checkpoint.parse(split(note)[0])
    except IntegrityError:
        raise InputError("witness.not_a_checkpoint") from None
    try:
        cosignature = find(note, cosigner)
    except IntegrityError:
        raise AuthorityError("witness.signature_false") from None
    if cosignature is None:
        raise AuthorityError("witness.signature_missing")
    return checkpoint, cosignature


def _actor(sender: str) -> str:
    return f"CS:{sender}"


def _read(held: Mapping[bytes, bytes]) -> dict[str, Sighting]:
    return msgspec.msgpack.decode(held[KEY], type=dict[str, Sighting]) if KEY in held else {}
