"""A purge over the beginning of a new epoch: a checkpoint of the old one says as much of the age of what it covers."""

from datetime import timedelta
from pathlib import Path

from daemon.audit.action import Action
from daemon.clock import day_of
from daemon.commands.epochs import EpochDesk
from daemon.contract.epochs import Loss
from daemon.contract.keys import CarryOut, SignProposal
from daemon.contract.log_epochs import AskEpoch
from daemon.contract.merkle import leaf_hash, root_of
from daemon.crypto import classes
from daemon.crypto.keyring import Keyring, load
from hsm.protocol import SignCheckpoint
from tests.audit.exporting import taken
from tests.audit.exports import check
from tests.conftest import Bench
from tests.hsm.kit import CUSTODIANS, HOLDERS, proof
from tests.retention.years import AFTER, leaves, log, night, numbers, said, until


async def lose(bench: Bench, count: int) -> None:
    """Let so many entries be signed that the log does not have, and a new epoch be opened without them."""
    there = [leaf_hash(leaf) for leaf in await leaves(bench)]
    more = [*there, *(leaf_hash(str(number).encode()) for number in range(count))]
    await bench.stop()
    await bench.service.sign_checkpoint(
        SignCheckpoint(epoch=1, size=len(more), root=root_of(more), proof=proof(len(there), more))
    )
    bench.service.store.custodians.replace(CUSTODIANS)
    keyring = Keyring()
    await load(keyring, bench.service, classes.wanted(day_of(bench.clock.now())))
    desk = EpochDesk(
        bench.config.register,
        bench.state,
        bench.service,
        keyring,
        fault=lambda: "log.cut",
        opened=lambda: None,
    )
    proposal = await desk.ask(AskEpoch(Loss.DAMAGED))
    for holder in HOLDERS[:2]:
        await desk.sign(SignProposal(proposal.id, holder.id, holder.sign(proposal.text)))
    await desk.carry_out(CarryOut(proposal.id))
    await bench.start()


async def test_what_an_old_epoch_signed_is_old_enough_and_the_export_verifies(
    honnin: Bench, tmp_path: Path
) -> None:
    await log(honnin, 4)
    honnin.clock.advance(timedelta(days=200))
    await lose(honnin, 3)
    await log(honnin, 3)
    assert honnin.open.journal.epoch == 2
    await until(honnin, AFTER)
    await night(honnin)
    assert (await numbers(honnin))[0] == 4
    (told,) = await said(honnin, Action.LOG_PURGED)
    span = told.fields["range"].value
    assert isinstance(span, dict)
    assert str(span["checkpoint"]).startswith("jukura.jp/honnin/1\n4\n")
    report = check(await taken(honnin, tmp_path / "e"))
    assert report.purged == (1, 4, 1)
    assert (report.epochs.compared, report.manifest.epoch, report.manifest.first) == ({1}, 2, 4)
