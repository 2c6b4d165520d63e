"""Keys at the console: what is listed, made ahead, rotated; and who may not."""

import pytest

from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.commands.caller import Caller, Role
from daemon.contract import keys as contract
from daemon.contract.keys import MakeKeys, Rotatable, RotateKey
from daemon.errors import AuthorityError, ConflictError, InputError, StateError
from tests.commands.custody.custodians import Desk, count, last, until
from tests.commands.inquiries.asking import query, search
from tests.commands.notices.test_notices import MOVED, entries, notice, send
from tests.conftest import Bench


async def test_the_list_says_what_depends_on_each_key(honnin: Bench, caller: Caller) -> None:
    await send(honnin, notice("n1"), notice("n2", MOVED, seq=2))
    keys = await Desk(honnin, caller).keys()
    assert [keys[name].dependents for name in ("live.1", "expire.2176", "work.2026-11")] == [1, 1, 2]
    assert [keys[name].dependents for name in ("store.1", "index.1", "secret.1")] == [1, 1, 0]
    assert (keys["live.1"].lawful, keys["live.1"].ends) == (False, None)
    assert keys["expire.2176"].lawful
    assert keys["expire.2176"].ends is not None
    assert keys["live.1"].uses == sum(keys["live.1"].used_by.values()) == 1
    assert keys["live.1"].tokens == ["fake-1"]


async def test_looking_leaves_no_entry_but_a_refusal_does(honnin: Bench, caller: Caller) -> None:
    before = len(await entries(honnin))
    await Desk(honnin, caller).keys()
    assert len(await entries(honnin)) == before
    for role in (Role.OPERATOR, Role.CLERK, Role.AUDITOR):
        desk = Desk(honnin, caller, role)
        for endpoint in (contract.LIST_KEYS, contract.TOKENS, contract.PROPOSALS):
            with pytest.raises(AuthorityError, match=r"right\.missing"):
                await desk.ask(endpoint)
            entry = await last(honnin, Action.KEY_VIEW_REFUSED)
            assert (entry.header.outcome, entry.header.code) == (Outcome.REFUSED, "right.missing")
    assert await count(honnin, Action.KEY_VIEW_REFUSED) == 9


async def test_dated_keys_are_made_ahead_and_loaded(honnin: Bench, caller: Caller) -> None:
    desk = Desk(honnin, caller)
    made = await desk.ask(contract.MAKE_KEYS, MakeKeys(["work.2027-02"]))
    assert made.names == ["work.2027-02"]
    assert (await desk.ask(contract.MAKE_KEYS, MakeKeys(["work.2027-02"]))).names == []
    assert (await desk.ask(contract.MAKE_KEYS, MakeKeys())).names == []
    entry = (await entries(honnin))[-3]
    assert (entry.header.action, entry.header.actor, entry.header.counts) == (
        Action.KEY_MADE, "operator:key1", {"keys": 1},
    )  # fmt: skip
    assert entry.fields["names"].value == ["work.2027-02"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("live.2", "key.not_dated"),
        ("seal.2", "key.not_dated"),
        ("nonsense", "key.not_dated"),
        ("work.2031-01", "hsm.out_of_window"),
        ("transit.2026-11-24T12", "hsm.no_business"),
    ],
)
async def test_what_is_not_made_ahead(honnin: Bench, caller: Caller, name: str, code: str) -> None:
    with pytest.raises((InputError, AuthorityError)) as refused:
        await Desk(honnin, caller).ask(contract.MAKE_KEYS, MakeKeys([name]))
    assert refused.value.code == code
    entry = await last(honnin, Action.KEY_MADE)
    assert (entry.header.outcome, entry.header.code) == (Outcome.REFUSED, code)


@pytest.mark.parametrize("kind", Rotatable)
async def test_every_rotatable_kind_is_rotated_and_people_are_still_found(
    honnin: Bench, caller: Caller, kind: Rotatable
) -> None:
    await send(honnin, notice("n1"))
    desk = Desk(honnin, caller)
    assert await desk.rotate(kind) == f"{kind}.2"
    keys = await desk.keys()
    assert keys[f"{kind}.1"].dependents == 0
    assert (await search(honnin, caller, query("じゅうみん"))).hits
    entry = await last(honnin, Action.KEY_ROTATION_ASKED)
    assert (entry.header.actor, entry.header.counts, entry.header.outcome) == (
        "operator:key1", {str(kind): 1}, Outcome.OK,
    )  # fmt: skip
    actions = [each.header.action for each in await entries(honnin)]
    assert actions.index(Action.KEY_ROTATION_STARTED) < actions.index(Action.KEY_ROTATION_DONE)


async def test_a_second_rotation_of_a_kind_is_refused_and_logged(honnin: Bench, caller: Caller) -> None:
    await send(honnin, *(notice(f"n{number}", seq=number) for number in range(1, 2)))
    desk = Desk(honnin, caller)
    await desk.ask(contract.ROTATE_KEY, RotateKey(Rotatable.STORE))
    assert [each.new for each in (await desk.ask(contract.LIST_KEYS)).rotations] == ["store.2"]
    with pytest.raises(ConflictError, match=r"key\.rotation_runs"):
        await desk.ask(contract.ROTATE_KEY, RotateKey(Rotatable.STORE))
    assert (await last(honnin, Action.KEY_ROTATION_ASKED)).header.code == "key.rotation_runs"
    await until(lambda: not honnin.open.rotations.progress())


async def test_with_the_token_away_a_rotation_is_refused_and_the_list_still_answers(
    honnin: Bench, caller: Caller
) -> None:
    desk = Desk(honnin, caller)
    honnin.service.token.away = True
    with pytest.raises(StateError):
        await desk.ask(contract.ROTATE_KEY, RotateKey(Rotatable.LIVE))
    assert (await last(honnin, Action.KEY_ROTATION_ASKED)).header.outcome is Outcome.REFUSED
    assert "live.1" in await desk.keys()
    assert not (await desk.ask(contract.TOKENS)).tokens[0].present
    honnin.service.token.away = False
    assert await desk.rotate() == "live.2"


async def test_the_tokens_tell_what_stands_wrong(honnin: Bench, caller: Caller) -> None:
    desk = Desk(honnin, caller)
    told = await desk.ask(contract.TOKENS)
    assert [(token.serial, token.present, token.active) for token in told.tokens] == [("fake-1", True, True)]
    assert told.alarms == ["one_token"]
    assert told.at_rest == "unprotected"
    desk.bench.service.store.custodians.replace(())
    assert "no_custodians" in (await desk.ask(contract.TOKENS)).alarms


async def test_without_its_entry_nothing_is_rotated(
    honnin: Bench, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rotation's own entry stands before its first step, so a full disk stops it."""
    desk = Desk(honnin, caller)

    async def full(_: object) -> None:
        raise OSError(28, "no space")

    with monkeypatch.context() as patched:
        patched.setattr(honnin.open.engine, "apply", full)
        with pytest.raises(StateError):
            await desk.ask(contract.ROTATE_KEY, RotateKey(Rotatable.LIVE))
    assert not honnin.open.rotations.progress()
