"""A register with a time-stamp authority at the end of its line, and what can be wrong with one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.audit.stamp import MAX_REPLY
from daemon.commands.stamping import Stamping
from daemon.rehearsal.authority import PATH, TimestampAuthority
from daemon.rehearsal.certificates import Authority, Holder, Pair, Purpose
from daemon.rehearsal.national import unix_listener
from daemon.store.engine import Table
from tests.audit.tsa import Certified, certified, now
from tests.commands.notices.test_notices import entries, notice, send
from tests.conftest import Bench


@dataclass
class Room:
    """A register with an authority at the end of its line."""

    bench: Bench
    tsa: Certified
    authority: TimestampAuthority
    way: Path
    serving: list[TimestampAuthority] = field(default_factory=list)

    @property
    def stamping(self) -> Stamping:
        made = self.bench.open.upkeep.stamping
        assert made is not None
        return made

    async def signed(self) -> int:
        """Let the log grow and be signed; its size."""
        await send(self.bench, notice("n1"))
        await self.bench.open.signer.sign()
        return self.bench.open.signer.signed

    async def look(self) -> str:
        """One look; the code it ended with."""
        await self.stamping.look()
        return self.stamping.state().code

    async def kept(self) -> dict[int, bytes]:
        """Replies by size."""
        held = await self.bench.open.engine.scan(Table.TIMESTAMPS, limit=100)
        return {int.from_bytes(key, "big"): value for key, value in held}

    async def told(self) -> list[tuple[Action, Outcome, str, dict[str, int]]]:
        """What the log says of time-stamps."""
        heads = [entry.header for entry in await entries(self.bench)]
        return [(h.action, h.outcome, h.code, h.counts) for h in heads if h.action.startswith("timestamp.")]

    async def serve(self, authority: TimestampAuthority) -> None:
        """Put another authority in its place."""
        self.authority = authority
        self.serving.append(authority)
        await authority.start(unix_listener(self.way))

    async def again(self, **changes: object) -> None:
        """Start the register anew, with other settings."""
        assert self.bench.config.timestamps is not None
        await self.bench.stop()
        self.bench.config = replace(
            self.bench.config, timestamps=replace(self.bench.config.timestamps, **changes)
        )
        await self.bench.start()


def nonced(query: bytes) -> bytes:
    """The same question, with another nonce."""
    at = query.rindex(b"\x01\x01\xff") - 1
    return query[:at] + bytes((query[at] ^ 1,)) + query[at + 1 :]


def exchanged(query: bytes) -> bytes:
    """The same question, about something else."""
    digest = query.index(b"\x04\x20") + 2
    return query[:digest] + bytes(32) + query[digest + 32 :]


async def wrong_nonce(room: Room) -> None:
    room.authority.faults.alter = nonced


async def wrong_imprint(room: Room) -> None:
    room.authority.faults.alter = exchanged


async def other_authority(room: Room) -> None:
    await room.serve(certified(room.bench.state / "other").authority())


async def expired(room: Room) -> None:
    folder = room.bench.state / "expired"
    folder.mkdir()
    ca = Authority(Pair(folder / "ca.pem", folder / "ca.key"), "old", now=now())
    holder = Holder("old", ["old.test"], purpose=Purpose.STAMPS)
    pair = ca.issue(
        Pair(folder / "tsa.pem", folder / "tsa.key"), holder, now=now() - timedelta(days=2), days=1
    )
    await room.again(ca=ca.pair.cert)
    await room.serve(TimestampAuthority(folder, pair))


async def garbage(room: Room) -> None:
    room.authority.faults.instead = b"no time"


async def empty(room: Room) -> None:
    room.authority.faults.instead = b""


async def rejected(room: Room) -> None:
    room.authority.faults.alter = lambda query: query.replace(b"\x04\x02\x01\x05", b"\x04\x02\x7f\x05")


async def oversized(room: Room) -> None:
    room.authority.faults.instead = bytes(MAX_REPLY + 1)


async def broken(room: Room) -> None:
    room.authority.faults.status = 500


async def moved(room: Room) -> None:
    room.authority.faults.status = 307
    room.authority.faults.headers = {"Location": PATH}


async def of_another_kind(room: Room) -> None:
    room.authority.faults.kind = "application/octet-stream"


async def hanging(room: Room) -> None:
    room.authority.faults.delay = 5.0


async def away(room: Room) -> None:
    room.way.unlink()


async def without_ca(room: Room) -> None:
    await room.again(ca=room.bench.state / "nothing.pem")


async def elsewhere(room: Room) -> None:
    await room.again(path="/other")


FAULTS: dict[Callable[[Room], Awaitable[None]], str] = {
    wrong_nonce: "timestamp.wrong_nonce",
    wrong_imprint: "timestamp.wrong_imprint",
    other_authority: "timestamp.untrusted",
    expired: "timestamp.untrusted",
    garbage: "timestamp.bad_reply",
    empty: "timestamp.bad_reply",
    rejected: "timestamp.rejected",
    oversized: "timestamp.too_long",
    broken: "timestamp.no_answer",
    moved: "timestamp.no_answer",
    of_another_kind: "timestamp.no_answer",
    hanging: "timestamp.away",
    away: "timestamp.away",
    without_ca: "timestamp.ca_unusable",
    elsewhere: "timestamp.no_answer",
}
THEIRS = {
    f"timestamp.{name}" for name in ("wrong_nonce", "wrong_imprint", "untrusted", "bad_reply", "rejected")
}
"""A reply came and does not hold: refused. Of all others there was none to look at: failed."""
