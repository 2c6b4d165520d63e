"""What a new epoch of the log is to those outside: witnesses begin anew, and an auditor hears what is lost."""

from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.verify import program
from daemon.contract import codec
from daemon.contract.endpoint import Endpoint, Text
from daemon.contract.exports import OrderExport
from daemon.contract.keys import CarryOut
from daemon.contract.note import origin_of
from daemon.contract.witnessing import CHECKPOINT, CheckpointQuery, Offer
from daemon.errors import SizeError
from daemon.open import Parts
from daemon.rehearsal.calls import Calls
from daemon.rehearsal.watching import _begun, look
from daemon.rehearsal.witness import Log, Witness
from daemon.store.engine import Table
from tests.audit.exporting import entries_of, taken
from tests.audit.exports import checked
from tests.commands.notices.test_notices import notice
from tests.conftest import Bench
from tests.hsm.kit import HOLDERS, carried_out
from tests.register.people import HONNIN
from tests.set_back import LOST, WITNESS, Place, ask, place, sealed, serving, sign

__all__ = ["place"]


class Direct:
    """A municipality's line to the register, without the line."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.asked: list[str] = []

    async def requested(self, endpoint: Endpoint, **given: Any) -> tuple[int, bytes]:
        acts = self.bench.open.witnesses.acts
        try:
            if endpoint is CHECKPOINT:
                self.asked.append(given["params"]["old"])
                text = await acts[endpoint](WITNESS, CheckpointQuery(given["params"]["old"]))
                return 200, text.text.encode()
            return 200, codec.encode(await acts[endpoint](WITNESS, Text(given["data"].decode())))
        except SizeError as error:
            return 409, f"{error.size}\n".encode()


async def test_a_witness_of_the_old_epoch_begins_anew_with_the_new_one(place: Place, tmp_path: Path) -> None:
    (folder := tmp_path / "witness").mkdir()
    witness = Witness(folder, WITNESS)
    place.witnesses = {WITNESS: witness.cosigner.vkey()}
    await place.filled(0, 0)
    place.copy()
    await place.filled(3, LOST)
    keys = [pair.public for pair in (await place.service.keys()).pairs if pair.name.startswith("seal.")]
    bench = place.bench()
    await bench.start()
    line = Direct(bench)
    first = await look(cast("Calls", line), witness, Log(origin_of("honnin", 1), keys), place.clock.now())
    await bench.stop()
    place.put_back()
    async with place.running() as scene:
        await scene.until(sealed)
        await carried_out(place.service, await sign(scene, await ask(scene), *HOLDERS[:2]))
    bench = place.bench()
    parts = await bench.start()
    await parts.writer.log(Act(Action.KEY_MADE, "test"))
    await parts.signer.sign()
    line = Direct(bench)
    log = Log(origin_of("honnin", witness.epoch("honnin")), keys)
    assert log.origin == "jukura.jp/honnin/1"
    second = await look(cast("Calls", line), witness, log, place.clock.now())
    assert second < first
    assert line.asked == [str(first), "0", "0"]  # beyond; in which epoch; and from nothing
    assert (witness.last("jukura.jp/honnin/1"), witness.last("jukura.jp/honnin/2")) == (first, second)
    # Once the new log is longer than what was lost, the old size is answered with a checkpoint that shows its epoch.
    await parts.notices.receive(HONNIN.municipality, [notice(f"x{n}") for n in range(LOST * 2)])
    await parts.signer.sign()
    other = Witness(folder, WITNESS)
    other._seen = {"jukura.jp/honnin/1": witness._seen["jukura.jp/honnin/1"]}
    line = Direct(bench)
    assert await look(cast("Calls", line), other, log, place.clock.now()) > first
    assert line.asked == [str(first), "0"]
    assert other.epoch("honnin") == 2
    # It never goes back to an epoch that is over.
    assert _begun(Offer(0, (), await _note(parts, 1)), Log("jukura.jp/honnin/2", keys)) is None
    await bench.stop()


async def _note(parts: Parts, epoch: int) -> str:
    stored = await parts.engine.scan(Table.CHECKPOINTS, limit=1000)
    return next(
        note.decode() for _, note in stored if note.startswith(f"jukura.jp/honnin/{epoch}\n".encode())
    )


async def test_an_export_over_the_boundary_verifies_and_knows_what_an_auditor_kept_of_the_lost_part(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = await place.filled(0, 0)
    place.copy()
    signed = await place.filled(3, LOST)
    last = place.service.store.witness.last()
    assert last is not None
    auditors = tmp_path / "kept.txt"
    auditors.write_text(f"{last.note}\n", "utf-8")
    place.put_back()
    async with place.running() as scene:
        await scene.until(sealed)
        await scene.app._epochs.carry_out(CarryOut((await sign(scene, await ask(scene), *HOLDERS[:2])).id))
        await scene.until(serving)
        await scene.client.send([notice("n1")])
        await scene.until(lambda _: scene.app._parts is not None and not scene.app._parts.signer.late)
    bench = place.bench()
    parts = await bench.start()
    whole = await taken(bench, tmp_path / "whole")
    report = checked(whole, auditors)
    assert report.manifest.epoch == 2
    assert (report.epochs.compared, [lost.claim.size for lost in report.epochs.lost]) == ({1}, [signed])
    assert program.main([str(whole), "--known", str(auditors)]) == 3
    assert f"of size {signed}" in capsys.readouterr().out
    assert program.main([str(whole)]) == 0
    opened = next(each for each in entries_of(whole) if f'"seq":{kept},' in each["leaf"])
    assert opened["open"]["note"][1] == (await place.service.statements(0))[0].note
    # A later export proves what the epoch began with, and knows the old checkpoints that it kept.
    place.clock.advance(timedelta(hours=2))
    since = place.clock.now()
    await parts.writer.log(Act(Action.KEY_MADE, "test"))
    await parts.signer.sign()
    later = await taken(bench, tmp_path / "later", OrderExport(basis="監査", since=since))
    report = checked(later, auditors)
    assert report.manifest.first > kept
    assert (report.epochs.compared, report.epochs.unproven) == ({1}, [])
    assert [lost.claim.size for lost in report.epochs.lost] == [signed]
    await bench.stop()
