"""A register with witnesses, and what they hand in."""

from collections.abc import Mapping

from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.contract.endpoint import Text
from daemon.contract.note import Checkpoint, split
from daemon.contract.witnessing import CHECKPOINT, COSIGNATURE, CheckpointQuery, Offer, Taken
from tests.commands.notices.test_notices import entries
from tests.conftest import Bench
from tests.contract.witnessing import Key, cosigned


async def witnessed(bench: Bench, keys: Mapping[str, Key], *, hours: int = 48) -> None:
    """Start the register anew with these witnesses, by municipality."""
    await bench.stop()
    vkeys = {code: key.cosigner.vkey() for code, key in keys.items()}
    peers = replace(bench.config.peers, witnesses=vkeys, witness_hours=hours)
    bench.config = replace(bench.config, peers=peers)
    await bench.start()
    await bench.open.witnesses.remember()


async def offered(bench: Bench, code: str, old: int = 0) -> Offer:
    """What a witness is given."""
    text: Text = await bench.open.peer_desk.acts[CHECKPOINT](code, CheckpointQuery(str(old)))
    return Offer.parse(text.text)


async def hand_in(bench: Bench, code: str, note: str) -> Taken:
    """What a witness posts."""
    taken: Taken = await bench.open.peer_desk.acts[COSIGNATURE](code, Text(note))
    return taken


async def cosign(bench: Bench, code: str, key: Key, *, at: int | None = None) -> str:
    """Fetch the newest checkpoint, sign it at the bench's time (or `at`) and hand it in; the note that was handed in."""
    offer = await offered(bench, code)
    note = cosigned(offer.note, key, int(bench.clock.now().timestamp()) if at is None else at)
    await hand_in(bench, code, note)
    return note


def checkpoint(note: str) -> Checkpoint:
    return Checkpoint.parse(split(note)[0])


async def told(bench: Bench) -> list[tuple[Action, str, str, dict[str, int]]]:
    """What the log says of witnesses: action, actor, code, figures."""
    return [
        (each.header.action, each.header.actor, each.header.code, each.header.counts)
        for each in await entries(bench)
        if each.header.action in {Action.WITNESS_COSIGNED, Action.WITNESS_REFUSED}
    ]
