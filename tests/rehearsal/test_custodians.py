"""Training custodians: a card each, made once, and their public keys where the key services find them."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from daemon.errors import StateError
from daemon.rehearsal import softhsm
from daemon.rehearsal.custodians import Card, cards
from daemon.rehearsal.layout import Layout
from daemon.rehearsal.users import users
from hsm import card as hsm_card
from hsm import custodians as register_of

WHO = ["kagi01", "kagi02", "kagi03"]


@pytest.fixture(scope="module")
def layout() -> Iterator[Layout]:
    root = Path(tempfile.mkdtemp(prefix="jukura-", dir="/tmp"))
    layout = Layout(root)
    layout.make(users(1234, []))
    yield layout
    shutil.rmtree(root)


@pytest.fixture
async def issued(layout: Layout) -> Sequence[Card]:
    return await cards(layout, users(1234, []))


async def test_each_custodian_has_a_card_that_signs_for_the_key_on_file(
    layout: Layout, issued: Sequence[Card], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {each.id: each for each in register_of.read(layout.custodians)}
    assert [card.custodian for card in issued] == list(known) == WHO
    card = issued[1]
    monkeypatch.setenv("SOFTHSM2_CONF", str(card.conf))
    pin = card.pin_file.read_text("utf-8").strip().encode()
    public = load_der_public_key(known[card.custodian].public)
    assert isinstance(public, EllipticCurvePublicKey)
    public.verify(await hsm_card.sign(card.uri, pin, b"text"), b"text", ECDSA(SHA256()))
    assert len({each.public for each in known.values()}) == len(WHO)


async def test_cards_and_pins_are_made_once_and_for_their_owner_alone(
    layout: Layout, issued: Sequence[Card]
) -> None:
    before = layout.custodians.read_bytes()
    pins = [card.pin_file.read_bytes() for card in issued]
    again = await cards(layout, users(1234, []))
    assert layout.custodians.read_bytes() == before
    assert [card.pin_file.read_bytes() for card in again] == pins
    assert len(set(pins)) == len(WHO)
    for file in (*(card.pin_file for card in issued), issued[0].conf, layout.cards, layout.training):
        assert file.stat().st_mode & 0o077 == 0


async def test_no_pin_stands_in_an_argument_or_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "token").mkdir()
    conf = tmp_path / softhsm.CONF
    conf.write_text(softhsm.configuration(tmp_path))
    seen: list[str] = []

    def look(argv: Sequence[str]) -> list[str]:
        seen.extend(argv)
        return list(argv)

    await softhsm.init_token(conf, "t1", "secret-pin-1", look)
    assert seen[0] == "softhsm2-util"
    assert "secret-pin-1" not in " ".join([*seen, *softhsm.environment(conf).values(), *os.environ.values()])


@pytest.mark.parametrize("program", ["false", "no-such-program"])
async def test_a_tool_that_fails_is_said(tmp_path: Path, program: str) -> None:
    with pytest.raises(StateError, match=r"rehearsal\.no_token"):
        await softhsm.init_token(tmp_path / "conf", "t1", "secret-pin-1", lambda _: [program])
