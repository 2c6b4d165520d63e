"""A register whose log is behind what the key service signed last: sealed, until two custodians open a new epoch of the log."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.journal import sequence
from daemon.contract import codec
from daemon.contract.console import Reason, State
from daemon.contract.endpoint import Empty
from daemon.contract.epochs import Loss, OpenEpoch, Opening
from daemon.contract.keys import CancelProposal, CarryOut, SignProposal
from daemon.contract.log_epochs import AskEpoch, EpochOffer
from daemon.contract.peer import Outcome
from daemon.errors import AuthorityError, ConflictError, IntegrityError, StateError
from daemon.store.commitment import Commitment
from daemon.store.engine import Table
from hsm.protocol import RotateSeal
from tests.commands.notices.test_notices import notice
from tests.hsm.kit import HOLDERS, agree, carried_out
from tests.register.people import HONNIN
from tests.set_back import LOST, Place, ask, due, place, sealed, serving, sign
from tui.client import ConsoleClient
from tui.epoch_calls import EpochCalls
from tui.errors import RemoteError

__all__ = ["place"]


async def test_a_copy_put_back_stays_sealed_until_two_custodians_agree_and_then_serves(place: Place) -> None:
    kept, signed = await place.set_back()
    async with place.running() as scene:
        status = await scene.until(sealed)
        assert (status.state, status.fault) == (State.SEALED, "log.cut")
        async with ConsoleClient(place.folder / "c.sock") as client:  # nobody has signed in
            offer = await EpochCalls(client).offer()
        assert (offer.fault, offer.epoch, offer.size, offer.kept, offer.proven) == (
            "log.cut",
            1,
            signed,
            kept,
            kept,
        )
        proposal = await ask(scene)
        assert f"\nkept {kept}\n" in proposal.text
        assert await ask(scene) == proposal  # asked again, it is the same
        proposal = await sign(scene, proposal, HOLDERS[0])
        with pytest.raises(AuthorityError, match=r"hsm\.proposal_unsigned"):
            await scene.app._epochs.carry_out(CarryOut(proposal.id))
        assert (await scene.app._status()).state is State.SEALED
        await sign(scene, proposal, HOLDERS[1])
        assert (await scene.app._epochs.carry_out(CarryOut(proposal.id))).done is not None
        status = await scene.until(lambda status: serving(status) and Reason.ENTRIES_LOST in status.reasons)
        assert (status.fault, sealed(status)) == ("", False)
        assert status.epoch is not None
        assert (status.epoch.number, status.epoch.first, status.epoch.lost) == (2, kept, signed - kept)
        (verdict,) = await scene.client.send([notice("n3")])  # what was lost can come again
        assert verdict.outcome is Outcome.APPLIED
        await scene.until(lambda _: scene.app._parts is not None and scene.app._parts.signer.signed > kept)
        headers = await scene.entries()
        # Nothing stands before it, not even that the register started.
        assert [each.action for each in headers[kept : kept + 2]] == [
            Action.LOG_EPOCH_OPENED,
            Action.REGISTER_STARTED,
        ]
        first = headers[kept]
        assert first.counts == {"number": 1, "first": kept, "end": signed, "proven": kept}
        assert [each.epoch for each in headers] == [1] * kept + [2] * (len(headers) - kept)
        assert [each.seq for each in headers] == list(range(len(headers)))
        assert scene.app._parts is not None
        notes = [
            value.decode() for _, value in await scene.app._parts.engine.scan(Table.CHECKPOINTS, limit=100)
        ]
        assert {note.split("\n")[0] for note in notes} == {"jukura.jp/honnin/1", "jukura.jp/honnin/2"}
        assert await scene.stop() == 0
    # The next start is like any other, and a month later nobody is told any more.
    async with place.running() as scene:
        await scene.until(serving)
        place.clock.advance(timedelta(days=31))
        status = await scene.until(lambda status: Reason.ENTRIES_LOST not in status.reasons)
        assert status.epoch is not None
        counted = [each.action for each in await scene.entries()].count(Action.LOG_EPOCH_OPENED)
        assert counted == 1


async def test_a_kill_between_the_deed_and_its_entry_is_made_good_at_the_next_start(place: Place) -> None:
    kept, _ = await place.set_back()
    async with place.running() as scene:
        await scene.until(sealed)
        proposal = await sign(scene, await ask(scene), *HOLDERS[:2])
    # The key service did it, and the register was gone before it heard of it.
    await carried_out(place.service, proposal)
    bench = place.bench()
    parts = await bench.start()
    assert due(parts)
    assert await parts.signer.sign(at_once=True) is None  # nothing is signed before it is said
    await parts.writer.log(Act(Action.KEY_MADE, "test"))
    assert not due(parts)
    # And killed again after the entry: it is written once.
    await bench.stop()
    parts = await bench.start()
    assert not due(parts)
    await parts.writer.log(Act(Action.KEY_MADE, "test"))
    assert await parts.signer.sign() is not None
    assert (parts.journal.tree.size, parts.journal.epoch) == (kept + 3, 2)
    assert (await place.service.witness()).epoch == 2
    await bench.stop()


async def test_a_group_that_fails_takes_the_first_word_along_and_the_next_one_has_it(place: Place) -> None:
    kept, _ = await place.set_back()
    async with place.running() as scene:
        await scene.until(sealed)
        await carried_out(place.service, await sign(scene, await ask(scene), *HOLDERS[:2]))
    bench = place.bench()
    parts = await bench.start()
    applied = parts.engine.apply
    place.patch.setattr(parts.engine, "apply", _full)
    with pytest.raises(StateError, match=r"store\.full"):
        await parts.writer.log(Act(Action.KEY_MADE, "test"))
    assert (parts.journal.opening, parts.journal.tree.size) == (True, kept)
    place.patch.setattr(parts.engine, "apply", applied)
    await parts.writer.log(Act(Action.KEY_MADE, "test"))
    assert (parts.journal.opening, parts.journal.tree.size) == (False, kept + 2)
    await bench.stop()


async def _full(_: object) -> None:
    raise StateError("store.full")


async def test_while_the_token_is_away_the_register_waits_for_the_statement(place: Place) -> None:
    await place.set_back()
    async with place.running() as scene:
        await scene.until(sealed)
        proposal = await sign(scene, await ask(scene), *HOLDERS[:2])
        place.service.token.away = True
        await scene.app._epochs.carry_out(CarryOut(proposal.id))
        await scene.until(lambda status: not sealed(status))
        assert (await scene.app._status()).state is State.SEALED
        place.service.token.away = False
        await scene.until(serving)
        assert Action.LOG_EPOCH_OPENED in {each.action for each in await scene.entries()}


async def test_a_register_that_is_not_behind_offers_no_epoch_and_the_door_without_a_session_opens_nothing_else(
    place: Place,
) -> None:
    await place.filled(0, 3)
    async with place.running() as scene:
        await scene.until(serving)
        desk = scene.app._epochs
        async with ConsoleClient(place.folder / "c.sock") as client:
            with pytest.raises(RemoteError, match=r"log\.epoch_not_open"):
                await EpochCalls(client).offer()
        with pytest.raises(ConflictError, match=r"log\.epoch_not_open"):
            await ask(scene)
        other = await place.service.propose(RotateSeal())
        with pytest.raises(ConflictError, match=r"log\.epoch_not_open"):
            await desk.carry_out(CarryOut(other.id))


async def test_other_deeds_are_not_signed_or_stopped_there(place: Place) -> None:
    await place.set_back()
    other = await place.service.propose(RotateSeal())
    async with place.running() as scene:
        await scene.until(sealed)
        desk = scene.app._epochs
        with pytest.raises(ConflictError, match=r"hsm\.proposal_unknown"):
            await desk.sign(SignProposal(other.id, HOLDERS[0].id, HOLDERS[0].sign(other.text)))
        with pytest.raises(ConflictError, match=r"hsm\.proposal_unknown"):
            await desk.cancel(CancelProposal(other.id, HOLDERS[0].id, HOLDERS[0].sign(other.cancel_text)))
        with pytest.raises(ConflictError, match=r"hsm\.proposal_unknown"):
            await desk.carry_out(CarryOut(other.id))
        assert other in (await place.service.proposals()).proposals
        own = await ask(scene)
        assert [each.id for each in (await desk.offer(Empty())).proposals] == [own.id]
        cancelled = await desk.cancel(CancelProposal(own.id, HOLDERS[2].id, HOLDERS[2].sign(own.cancel_text)))
        assert cancelled.cancelled_by == HOLDERS[2].id


async def test_files_that_were_exchanged_since_are_not_what_custodians_agreed_to(place: Place) -> None:
    await place.set_back()
    async with place.running() as scene:
        await scene.until(sealed)
        proposal = await sign(scene, await ask(scene), *HOLDERS[:2])
        for file in place.folder.glob("*.db*"):
            file.unlink()
        with pytest.raises(ConflictError, match=r"hsm\.epoch_last_differs"):
            await scene.app._epochs.carry_out(CarryOut(proposal.id))
        assert (await place.service.witness()).epoch == 1


async def test_everything_lost_goes_on_from_nothing(place: Place) -> None:
    signed = await place.filled(0, 3)
    for file in place.folder.glob("*.db*"):
        file.unlink()
    async with place.running() as scene:
        await scene.until(sealed)
        offer = await scene.app._epochs.offer(Empty())
        assert (offer.size, offer.kept, offer.proven) == (signed, 0, 0)
        proposal = await sign(scene, await ask(scene), *HOLDERS[:2])
        await scene.app._epochs.carry_out(CarryOut(proposal.id))
        await scene.until(serving)
        assert (await scene.entries())[0].action is Action.LOG_EPOCH_OPENED


async def test_another_log_goes_on_from_what_it_is_proven_to_share(place: Place) -> None:
    """As long as what was signed, but with other entries after the copy was made."""
    kept, signed = await place.set_back()
    # Entries that the key service never signed: the copy went on somewhere else.
    bench = place.bench()
    place.patch.setattr("daemon.audit.signer.Signer.check", _unchecked)
    parts = await bench.start()
    await parts.notices.receive(HONNIN.municipality, [notice(f"x{number}") for number in range(LOST + 5)])
    other = parts.journal.tree.size
    # With a checkpoint that is signed, and that this log does not continue.
    last = place.service.store.witness.last()
    assert last is not None
    await parts.engine.apply({Table.CHECKPOINTS: {sequence(signed): last.note.encode()}})
    await bench.stop()
    place.patch.undo()
    place.patch.setattr(place.service, "close", _nothing)
    assert other >= signed
    async with place.running() as scene:
        status = await scene.until(sealed)
        assert status.fault == "log.replaced"
        offer = await scene.app._epochs.offer(Empty())
        assert (offer.kept, offer.proven) == (other, kept)
        proposal = await scene.app._epochs.ask(AskEpoch(Loss.REPLACED))
        await sign(scene, proposal, *HOLDERS[:2])
        await scene.app._epochs.carry_out(CarryOut(proposal.id))
        await scene.until(serving)
        assert scene.app._parts is not None
        kept_notes = await scene.app._parts.engine.get_many(
            Table.CHECKPOINTS, [sequence(kept), sequence(signed)]
        )
        assert list(kept_notes) == [sequence(kept)]
    opening = Opening.parse((await place.service.statements(0))[0].note)
    assert (opening.kept, opening.proven, opening.size) == (other, kept, signed)


async def _unchecked(_: object) -> None:
    return None


async def _nothing() -> None:
    return None


async def test_the_original_that_comes_back_after_an_epoch_is_not_passed_off_as_it(place: Place) -> None:
    await place.set_back()
    async with place.running() as scene:
        await scene.until(sealed)
        proposal = await sign(scene, await ask(scene), *HOLDERS[:2])
        await scene.app._epochs.carry_out(CarryOut(proposal.id))
        await scene.until(serving)
    # The longer log of the first epoch again: here made from the copy, since no files of it are left.
    place.put_back()
    bench = place.bench()
    place.patch.setattr("daemon.audit.signer.Signer.check", _unchecked)
    parts = await bench.start()
    await parts.notices.receive(HONNIN.municipality, [notice(f"x{number}") for number in range(60)])
    await bench.stop()
    place.patch.undo()
    place.patch.setattr(place.service, "close", _nothing)
    async with place.running() as scene:
        status = await scene.until(sealed)
        assert status.fault == "log.replaced"
        with pytest.raises(ConflictError, match=r"log\.epoch_passed"):
            await ask(scene)


async def test_a_key_service_that_was_set_back_is_told_apart(place: Place) -> None:
    await place.set_back()
    before = place.service.store.witness.last()
    async with place.running() as scene:
        await scene.until(sealed)
        proposal = await sign(scene, await ask(scene), *HOLDERS[:2])
        await scene.app._epochs.carry_out(CarryOut(proposal.id))
        await scene.until(serving)
    assert before is not None
    place.service.store.witness.keep(before)
    async with place.running() as scene:
        assert (await scene.until(sealed)).fault == "log.epoch_ahead"
        with pytest.raises(ConflictError, match=r"log\.epoch_not_open"):
            await ask(scene)


async def test_a_signature_refused_while_it_serves_seals_the_register_at_once(place: Place) -> None:
    async with place.running() as scene:
        await scene.until(serving)
        assert scene.app._parts is not None
        size = scene.app._parts.journal.tree.size
        await scene.until(lambda _: scene.app._parts is not None and scene.app._parts.signer.signed >= size)
        last = place.service.store.witness.last()
        assert last is not None
        place.service.store.witness.keep(type(last)(1, last.size, bytes(32), last.note, last.pair))
        await scene.client.send([notice("n1")])
        status = await scene.until(sealed)
        assert (status.state, status.fault) == (State.SEALED, "log.replaced")
        assert Reason.SIGNATURE_REFUSED in status.reasons
        with pytest.raises(IntegrityError, match=r"log\.replaced"):
            await scene.app._parts.writer.log(Act(Action.KEY_MADE, "test"))
        with pytest.raises(ConflictError, match=r"log\.epoch_not_open"):
            await ask(scene)  # first it is started again: the file in use is open


async def test_the_deed_in_the_register_s_own_list_is_refused_where_nothing_is_lost(place: Place) -> None:
    size = await place.filled(0, 3)
    witness = await place.service.witness()
    deed = OpenEpoch(
        epoch=1, size=size, root=witness.root, kept=size, kept_root=witness.root, reason=Loss.RESTORED
    )
    with pytest.raises(ConflictError, match=r"hsm\.epoch_not_needed"):
        await agree(place.service, deed)


def test_what_is_offered_goes_over_the_wire() -> None:
    offer = EpochOffer(fault="log.cut", epoch=1, size=9, kept=3, proven=2, proposals=[])
    assert codec.decode(codec.encode(offer), EpochOffer) == offer


async def test_rows_that_are_not_those_of_the_log_found_are_seen_over_a_new_epoch_too(place: Place) -> None:
    await place.set_back()
    async with place.running() as scene:
        await scene.until(sealed)
        await carried_out(place.service, await sign(scene, await ask(scene), *HOLDERS[:2]))

    def other(self: Commitment, extensions: Sequence[str]) -> None:
        del self
        assert any(line.startswith("rows ") for line in extensions)
        raise IntegrityError("store.rows_replaced")

    place.patch.setattr(Commitment, "require", other)
    with pytest.raises(IntegrityError, match=r"store\.rows_replaced"):
        await place.bench().start()
