"""署名鍵: the lines that witnesses and auditors are handed are those of the keys that sign."""

from base64 import b64decode
from dataclasses import replace
from hashlib import sha256

import pytest

from daemon.audit import checkpoints
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.commands.caller import Caller, Role
from daemon.contract.endpoint import Empty
from daemon.contract.note import split, verify
from daemon.contract.seal_keys import LOG_KEYS, SealKeys
from daemon.errors import AuthorityError
from tests.commands.notices.test_notices import entries
from tests.commands.reading.auditing import AUDITOR, searched
from tests.conftest import Bench


async def shown(bench: Bench, caller: Caller = AUDITOR) -> SealKeys:
    found: SealKeys = await bench.open.desk.handlers[LOG_KEYS](caller, Empty())
    return found


async def test_a_checkpoint_verifies_with_nothing_but_the_line(honnin: Bench) -> None:
    await honnin.open.writer.log(searched(0, 1))
    await honnin.open.signer.sign()
    signed = await checkpoints.newest(honnin.open.store.engine)
    assert signed is not None
    note = signed.note
    found = await shown(honnin)
    (key,) = found.keys
    name, ident, blob = key.vkey.split("+", 2)
    public = b64decode(blob)[1:]
    assert b64decode(blob)[0] == 0x02
    assert (name, found.origin) == (note.splitlines()[0],) * 2
    assert [(who, made.hex()) for who, made, _ in split(note)[1]] == [(name, ident)]
    assert verify(note, name, public).size == 1
    assert (key.name, key.fingerprint) == ("seal.1", sha256(public).hexdigest())
    assert b64decode(key.public) == public


@pytest.mark.parametrize("role", Role)
async def test_who_may_have_them(honnin: Bench, role: Role) -> None:
    caller = replace(AUDITOR, roles=frozenset({role}))
    before = len(await entries(honnin))
    if role in {Role.AUDITOR, Role.OFFICER, Role.CHIEF, Role.ADMINISTRATOR, Role.CUSTODIAN}:
        await shown(honnin, caller)
        assert len(await entries(honnin)) == before
    else:
        with pytest.raises(AuthorityError, match=r"right\.missing"):
            await shown(honnin, caller)
        last = (await entries(honnin))[-1].header
        assert (last.action, last.outcome, last.code) == (
            Action.LOG_VIEW_REFUSED, Outcome.REFUSED, "right.missing"
        )  # fmt: skip
