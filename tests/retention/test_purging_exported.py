"""An export of a purged log: it begins where the log begins, tells what is gone, and has what is held with its proofs."""

import json
from pathlib import Path

from daemon.contract.exports import Opening, OrderExport
from tests.audit.exporting import check_by_hand, taken
from tests.audit.exports import check
from tests.conftest import Bench
from tests.retention.years import AFTER, day, hold, log, night, secret_of, state, until


async def test_it_verifies_with_its_purges_and_what_is_held(honnin: Bench, tmp_path: Path) -> None:
    await log(honnin, 10)
    await hold(honnin, 3, 5, "2040-01-01")
    await log(honnin, 3)
    await until(honnin, AFTER)
    await night(honnin)
    await log(honnin, 3)
    await until(honnin, day("2033-11-26"))
    await night(honnin)
    gone = (await state(honnin)).purged.end
    assert gone > 5
    opened = OrderExport(basis="監査", openings=[Opening(action="lookup.done", fields=["terms"], last=4)])
    for name, asked in (("closed", None), ("opened", opened)):
        folder = await taken(honnin, tmp_path / name, asked)
        check_by_hand(folder)
        report = check(folder)
        assert report.manifest.first == gone
        assert report.read.held == 3
        told, end, proven = report.purged
        assert (told, end, proven) == (told, gone, told)
        assert told
        held = [json.loads(line) for line in (folder / "held.jsonl").read_text("utf-8").splitlines()]
        shown = {json.loads(line["leaf"])["seq"]: line.get("open", {}) for line in held}
        assert shown.keys() == {3, 4, 5}
        values = {seq: fields["terms"][1] for seq, fields in shown.items() if fields}
        assert values == ({3: secret_of(3), 4: secret_of(4)} if asked else {})
