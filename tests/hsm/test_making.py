"""Tokens seen and made ready, over SoftHSM and opencryptoki: also after an interruption, and with others' PINs."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.errors import ConflictError, JukuraError, StateError
from hsm import softhsm
from hsm.cli import WORKER
from hsm.orders import (
    Create,
    Created,
    Find,
    Found,
    Initialise,
    Initialised,
    Login,
    Opened,
    Survey,
    Surveyed,
    TokenFacts,
)  # fmt: skip
from hsm.process import Worker, spawn
from hsm.protocol import SignatureKind
from tests.hsm import opencryptoki
from tests.hsm.hostile.control import Fault, Hostile, Kind, answer, hostile

DEADLINE = 8.0  # seconds
SO_PIN, PIN = b"an SO PIN of theirs", b"a user PIN of theirs"
ROOT = os.geteuid() == 0


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Hostile]:
    softhsm.configure(tmp_path)
    softhsm.token_folder(tmp_path).mkdir()
    with hostile(tmp_path) as control:
        yield control


@asynccontextmanager
async def worker(control: Hostile, tmp_path: Path) -> AsyncIterator[Worker]:
    conf = str(tmp_path / "softhsm2.conf")
    running = await spawn(WORKER, {"PATH": os.environ["PATH"], "SOFTHSM2_CONF": conf, **control.environ})
    try:
        yield running
    finally:
        await running.end(within=2)


async def surveyed(running: Worker, module: str) -> list[TokenFacts]:
    return (await running.call(Survey(module), Surveyed, within=DEADLINE)).tokens


async def order_for(running: Worker, module: str, **changes: Any) -> Initialise:
    """For the token that is blank now."""
    (blank,) = [each for each in await surveyed(running, module) if not each.initialised]
    order = Initialise(module=module, criteria={"slot-id": blank.slot}, label="new", so_pin=SO_PIN, pin=PIN)
    return msgspec.structs.replace(order, **changes)


async def refused(running: Worker, order: Initialise) -> JukuraError:
    with pytest.raises(JukuraError) as caught:
        await running.call(order, Initialised, within=DEADLINE)
    return caught.value


async def opens(running: Worker, module: str, label: str, pin: bytes) -> Opened:
    await running.call(Find(module, {"token": label}), Found, within=DEADLINE)
    return await running.call(Login(pin), Opened, within=DEADLINE)


async def test_a_blank_token_is_seen_made_ready_and_opens(control: Hostile, tmp_path: Path) -> None:
    async with worker(control, tmp_path) as running:
        (blank,) = await surveyed(running, control.module)
        assert (blank.initialised, blank.user_pin_set, blank.protected_path) == (False, False, False)
        order = await order_for(running, control.module)
        serial = (await running.call(order, Initialised, within=DEADLINE)).serial
        made = [each for each in await surveyed(running, control.module) if each.initialised]
        assert [(each.serial, each.label, each.user_pin_set) for each in made] == [(serial, "new", True)]
        opened = await opens(running, control.module, "new", PIN)
        assert (opened.serial, opened.max_pin) == (serial, 255)


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        ("InitToken", Fault(Kind.ABORT)),
        ("InitToken", Fault(Kind.ABORT, after=True)),
        ("InitToken", answer("DEVICE_ERROR", after=True)),
        ("Login", Fault(Kind.ABORT)),
        ("InitPIN", Fault(Kind.ABORT)),
        ("InitPIN", answer("DEVICE_REMOVED")),
        ("InitPIN", Fault(Kind.ABORT, after=True)),
        ("InitPIN", answer("GENERAL_ERROR", after=True)),
    ],
)
async def test_what_was_interrupted_is_carried_on(
    control: Hostile, tmp_path: Path, function: str, fault: Fault
) -> None:
    async with worker(control, tmp_path) as running:
        order = await order_for(running, control.module)
        control.order(function, fault)
        assert isinstance(await refused(running, order), StateError)
    control.behave()
    for _ in range(2):  # and again when it was done
        async with worker(control, tmp_path) as running:
            there = await surveyed(running, control.module)
            ours = [each for each in there if each.label == "new"] or [
                each for each in there if not each.initialised
            ]
            order = msgspec.structs.replace(order, criteria={"slot-id": ours[0].slot})
            await running.call(order, Initialised, within=DEADLINE)
    async with worker(control, tmp_path) as running:
        assert len([each for each in await surveyed(running, control.module) if each.initialised]) == 1
        await opens(running, control.module, "new", PIN)


async def test_a_token_of_others_is_left_as_it_is(control: Hostile, tmp_path: Path) -> None:
    async with worker(control, tmp_path) as running:
        order = await order_for(running, control.module)
        await running.call(order, Initialised, within=DEADLINE)
        (made,) = [each for each in await surveyed(running, control.module) if each.initialised]
        there = {"criteria": {"slot-id": made.slot}}
        another = msgspec.structs.replace(order, **there, label="another")
        error = await refused(running, another)
        assert (type(error), error.code) == (ConflictError, "hsm.token_in_use")
        logins = control.count("Login")
        wrong = msgspec.structs.replace(order, **there, pin=b"not the PIN", so_pin=b"not the SO PIN")
        assert (await refused(running, wrong)).code == "hsm.pin_wrong"
        assert control.count("Login") == logins + 1
        for flags, code in ((0x20000, "hsm.pin_final_try"), (0x40000, "hsm.pin_locked")):
            control.show(flags)
            assert (await refused(running, wrong)).code == code
        assert control.count("Login") == logins + 1
        control.show(0)
        await opens(running, control.module, "new", PIN)


async def test_exactly_one_token_must_be_meant(control: Hostile, tmp_path: Path) -> None:
    async with worker(control, tmp_path) as running:
        order = await order_for(running, control.module, criteria={"serial": "none"})
        error = await refused(running, order)
        assert error.code == "hsm.token_count"
        assert error.field.startswith("matching=0; there: slot ")


async def test_the_first_start_makes_one_token_only(control: Hostile, tmp_path: Path) -> None:
    order = Create(module=control.module, label="first", pin=PIN)
    async with worker(control, tmp_path) as running:
        assert (await running.call(order, Created, within=DEADLINE)).new
        assert not (await running.call(order, Created, within=DEADLINE)).new
        await opens(running, control.module, "first", PIN)
        with pytest.raises(StateError) as caught:
            await running.call(msgspec.structs.replace(order, label=""), Created, within=DEADLINE)
        assert caught.value.code == "hsm.token_not_made"


async def test_no_order_shows_a_pin_when_printed(control: Hostile, tmp_path: Path) -> None:
    async with worker(control, tmp_path) as running:
        order = await order_for(running, control.module)
    shown = repr((order, Login(PIN), Create(module="m", label="l", pin=PIN)))
    assert "PIN" not in shown


@pytest.mark.skipif(not ROOT, reason="opencryptoki's daemon runs as root only")
async def test_a_token_with_its_makers_so_pin_gets_ours() -> None:
    with opencryptoki.slotd() as there:
        command, environ = (*there.prefix, *WORKER), {"PATH": os.environ["PATH"]}
        running = await spawn(command, environ)
        try:
            (blank,) = await surveyed(running, there.module)
            assert (blank.initialised, blank.so_pin_default, blank.max_pin) == (False, True, 8)
            order = await order_for(
                running, there.module, so_pin=opencryptoki.SO_PIN, pin=opencryptoki.PIN,
                factory_so_pin=opencryptoki.FACTORY_SO_PIN,
            )  # fmt: skip
            for _ in range(2):
                await running.call(order, Initialised, within=DEADLINE)
            (made,) = await surveyed(running, there.module)
            assert (made.label, made.user_pin_set, made.so_pin_default) == ("new", True, False)
            opened = await opens(running, there.module, "new", opencryptoki.PIN)
            assert opened.signature is SignatureKind.RSA_PSS_3072
        finally:
            await running.end(within=2)
