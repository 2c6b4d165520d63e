"""An export over the whole life of keys and tokens: an auditor who knows the first key can follow it to the last."""

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.clock import ManualClock
from daemon.register.rows import Register
from daemon.rehearsal.pki import Pki
from hsm.fake import FakeKeyService
from hsm.protocol import EnrolToken, Keys, ReplaceToken, RetireToken, RotateSeal
from tests.audit.exporting import taken
from tests.audit.exports import STATEMENTS, check, fault, lines
from tests.conftest import Bench, configured
from tests.hsm.kit import CUSTODIANS, agree, carried_out


@pytest.fixture
async def bench(pki: Pki, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Bench]:
    """A register with custodians, and two tokens at its key service."""
    service = FakeKeyService("honnin", clock=clock, tokens=2, custodians=CUSTODIANS)
    bench = Bench(configured(Register.HONNIN, pki, tmp_path), tmp_path, clock, service)
    await bench.start()
    yield bench
    await bench.stop()
    await service.close()


async def entries(bench: Bench, count: int) -> None:
    """Some acts, each a minute after the last, under a checkpoint."""
    for _ in range(count):
        bench.clock.advance(timedelta(minutes=1))
        await bench.open.writer.log(Act(Action.KEY_MADE, "test", counts={"keys": 1}))
    await bench.open.signer.sign()


async def rotate(bench: Bench) -> None:
    """A new `seal`, 72 hours after two custodians wanted it; every statement goes into the log."""
    proposal = await agree(bench.service, RotateSeal())
    bench.clock.advance(timedelta(hours=73))
    await carried_out(bench.service, proposal)
    await bench.open.custody.statements.level()


async def test_each_key_that_ever_signed_is_reached_from_the_first(bench: Bench, tmp_path: Path) -> None:
    first = sha256((await bench.service.keys()).pairs[0].public).hexdigest()
    await entries(bench, 3)
    await rotate(bench)
    await entries(bench, 3)
    new = bench.service.plug_in()
    await carried_out(
        bench.service,
        await agree(
            bench.service, ReplaceToken(serial=(await bench.service.token.opened()).serial, uri=new.uri)
        ),
    )
    bench.service.tokens[1].away = True
    await bench.open.custody.statements.level()
    await entries(bench, 3)
    await rotate(bench)
    await entries(bench, 3)
    folder = await taken(bench, tmp_path / "export")
    report = check(folder, None, first)
    pairs = [pair for pair in (await bench.service.keys()).pairs if pair.name.startswith("seal.")]
    assert [json.loads(line)["serial"] for line in lines(folder, "keys.jsonl")] == [
        pair.serial for pair in pairs
    ]
    assert report.trust.endorsed.keys() | {first} >= {sha256(pair.public).hexdigest() for pair in pairs}
    assert len(report.signers) > 2
    assert not report.trust.after_end + report.trust.before_start
    assert report.trust.kinds == [each.kind for each in await bench.service.statements(0)]
    # With the last key alone nobody can tell that the first ones were ours.
    last = b64decode(json.loads(lines(folder, "keys.jsonl")[-1])["public"])
    assert fault(folder, None, sha256(last).hexdigest()) == "foreign_key"


async def test_every_statement_that_the_log_holds_is_there(bench: Bench, tmp_path: Path) -> None:
    new = bench.service.plug_in()
    await carried_out(bench.service, await agree(bench.service, EnrolToken(uri=new.uri)))
    await carried_out(
        bench.service, await agree(bench.service, RetireToken(serial=(await new.opened()).serial))
    )
    assert await bench.open.custody.statements.level()
    folder = await taken(bench, tmp_path / "export")
    assert check(folder).verified
    assert len(check(folder).trust.kinds) == len(await bench.service.statements(0)) > 1


async def test_keys_that_turn_while_it_is_written_do_not_spoil_it(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await entries(bench, 3)
    proposal = await agree(bench.service, RotateSeal())
    bench.clock.advance(timedelta(hours=73))
    listed, proposal_done = bench.service.keys, list[bool]()

    async def turning() -> Keys:
        """The keys as they are, and then a new seal signs what is stated."""
        found = await listed()
        if not proposal_done:
            await carried_out(bench.service, proposal)
            proposal_done.append(True)
        return found

    monkeypatch.setattr(bench.service, "keys", turning)
    folder = await taken(bench, tmp_path / "export")
    monkeypatch.undo()
    # Its manifest is signed by the new one, so that must be among the keys, and be vouched for.
    stated = [each.kind for each in await bench.service.statements(0)]
    assert check(folder).trust.kinds == stated[: len(check(folder).trust.kinds)] != []
    assert len(lines(folder, "keys.jsonl")) > 1


async def test_without_a_statement_their_file_is_empty_and_it_verifies(honnin: Bench, tmp_path: Path) -> None:
    await entries(honnin, 2)
    folder = await taken(honnin, tmp_path / "export")
    assert (folder / STATEMENTS).read_bytes() == b""
    assert check(folder).checkpoints
