"""A proof that was handed out is a receipt: years of thinning later it is found in an export of another time."""

from datetime import timedelta
from pathlib import Path

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.contract.exports import OrderExport
from tests.audit.exporting import taken
from tests.audit.exports import check
from tests.commands.reading.auditing import show
from tests.conftest import Bench


async def signed(bench: Bench, count: int) -> None:
    for _ in range(count):
        await bench.open.writer.log(Act(Action.KEY_MADE, "test", counts={"keys": 1}))
        await bench.open.signer.sign()


async def test_a_receipt_is_found_from_an_export_that_begins_later(honnin: Bench, tmp_path: Path) -> None:
    await signed(honnin, 4)
    shown = await show(honnin, 2)
    receipt = tmp_path / "receipt.txt"
    receipt.write_text(shown.proof, "utf-8")
    await signed(honnin, 4)
    honnin.clock.advance(timedelta(days=2))
    await signed(honnin, 3)
    honnin.clock.advance(timedelta(hours=4))
    assert await honnin.open.upkeep.thinner.look() > 0
    await signed(honnin, 2)
    since = honnin.clock.now()
    await signed(honnin, 3)
    folder = await taken(honnin, tmp_path / "e", OrderExport(basis="監査", since=since))
    report = check(folder, receipts=(receipt,))
    assert report.manifest.first > shown.size
    assert (report.known, report.known_open) == (1, [])
    (found,) = report.receipts
    assert (found.seq, found.action) == (2, "key.made")
