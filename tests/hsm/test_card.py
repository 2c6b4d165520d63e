"""A custodian's card, on SoftHSM: its key stays there, its signatures verify, its PIN goes to the worker alone."""

import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from daemon.errors import InputError, IntegrityError, StateError
from hsm import card, softhsm
from hsm.oneshot import errand
from hsm.orders import Create, Created
from tests.hsm.kit import MODULE, folder

PIN = b"kusunoki-4711"
URI = f"pkcs11:token=card-1?module-path={MODULE}"
TEXT = b"jukura.jp/honnin/proposal\ndestroy_key\n"


@pytest.fixture
async def drawer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """A folder with one card in it, where SOFTHSM2_CONF points."""
    with folder() as state:
        softhsm.token_folder(state).mkdir()
        monkeypatch.setenv("SOFTHSM2_CONF", str(softhsm.configure(state)))
        async with errand(card.WORKER, os.environ, deadline=20) as worker:
            assert (await worker.ask(Create(module=MODULE, label="card-1", pin=PIN), Created)).new
        yield state


def verifies(public: bytes, signature: bytes, text: bytes) -> bool:
    key = load_der_public_key(public)
    assert isinstance(key, EllipticCurvePublicKey)
    try:
        key.verify(signature, text, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


async def test_a_card_signs_what_its_custodian_read(drawer: Path) -> None:
    await card.make(URI, PIN)
    public = await card.public(URI, PIN)
    signature = await card.sign(URI, PIN, TEXT)
    assert verifies(public, signature, TEXT)
    assert not verifies(public, signature, TEXT + b"x")


async def test_a_key_that_is_there_is_kept(drawer: Path) -> None:
    await card.make(URI, PIN)
    public = await card.public(URI, PIN)
    await card.make(URI, PIN)
    assert await card.public(URI, PIN) == public


async def test_a_card_without_a_key_signs_nothing(drawer: Path) -> None:
    with pytest.raises(StateError, match=r"hsm\.key_not_in_token"):
        await card.sign(URI, PIN, TEXT)


async def test_a_wrong_pin_is_refused_and_the_card_opens_as_before(drawer: Path) -> None:
    with pytest.raises(StateError, match=r"hsm\.pin_wrong"):
        await card.sign(URI, b"wrong-pin", TEXT)
    await card.make(URI, PIN)


async def test_a_card_that_is_not_there_is_said(drawer: Path) -> None:
    with pytest.raises(StateError, match=r"hsm\.token_count"):
        await card.public(URI.replace("card-1", "card-2"), PIN)
    with pytest.raises(InputError, match=r"hsm\.uri_malformed"):
        await card.public("card-1", PIN)


async def test_no_worker_stays_behind(drawer: Path) -> None:
    await card.make(URI, PIN)
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    running = [
        Path(f"/proc/{child}/cmdline").read_bytes() for child in children if Path(f"/proc/{child}").exists()
    ]
    assert not [line for line in running if b"hsm.worker" in line]


async def test_a_private_key_that_could_leave_the_card_is_refused(drawer: Path) -> None:
    """One made elsewhere and put onto the card: not the custodian's alone."""
    key = drawer / "key.pem"
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key],
        check=True,
        capture_output=True,
        timeout=30,
    )
    done = subprocess.run(
        [
            "softhsm2-util", "--import", key, "--token", "card-1", "--label", card.LABEL, "--id", "01", "--pin",
            PIN.decode(),
        ],
        capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with pytest.raises(IntegrityError, match=r"hsm\.key_extractable"):
        await card.sign(URI, PIN, TEXT)
