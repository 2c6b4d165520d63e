"""What lies in a token, over a real SoftHSM: made once, used as it should be, destroyed, and never from outside."""

from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from daemon.errors import IntegrityError, StateError
from hsm.orders import Derive, Destroy, Done, Labels, MakePair, MakeSecret, Names, Public, Sign, Value
from hsm.token import Token
from tests.hsm.kit import folder
from tests.hsm.tokens import kill, opened, run_in_token

DIGEST = sha256(b"what is signed").digest()


@pytest.fixture
def state() -> Iterator[Path]:
    with folder() as path:
        yield path


@pytest.fixture
async def token(state: Path) -> AsyncIterator[Token]:
    async with opened(state) as token:
        yield token


async def test_a_secret_derives_the_same_for_the_same_input_only(token: Token) -> None:
    for label in ("live.1", "live.2"):
        await token.call(MakeSecret(label), Done)
    values = [
        (await token.call(Derive(label, data), Value)).value
        for label, data in (("live.1", b"a"), ("live.1", b"a"), ("live.1", b"b"), ("live.2", b"a"))
    ]
    assert {len(value) for value in values} == {32}
    assert (values[0] == values[1], len(set(values))) == (True, 3)


async def test_making_again_keeps_what_is_there(token: Token) -> None:
    await token.call(MakeSecret("live.1"), Done)
    await token.call(MakePair("seal.1"), Done)
    before = await token.call(Derive("live.1", b"a"), Value), await token.call(Public("seal.1"), Value)
    await token.call(MakeSecret("live.1"), Done)
    await token.call(MakePair("seal.1"), Done)
    assert (
        await token.call(Derive("live.1", b"a"), Value),
        await token.call(Public("seal.1"), Value),
    ) == before


async def test_a_pair_signs_and_verifies_outside(token: Token) -> None:
    await token.call(MakePair("seal.1"), Done)
    public = load_der_public_key((await token.call(Public("seal.1"), Value)).value)
    assert isinstance(public, EllipticCurvePublicKey)
    assert isinstance(public.curve, SECP256R1)
    for _ in range(20):  # r and s of every length
        signature = (await token.call(Sign("seal.1", DIGEST), Value)).value
        public.verify(signature, DIGEST, ECDSA(Prehashed(SHA256())))


async def test_what_is_destroyed_is_gone(token: Token) -> None:
    await token.call(MakeSecret("live.1"), Done)
    await token.call(MakePair("seal.1"), Done)
    assert (await token.call(Labels(), Names)).names == ["live.1", "seal.1"]
    await token.call(Destroy("live.1"), Done)
    await token.call(Destroy("seal.1"), Done)
    await token.call(Destroy("seal.1"), Done)
    assert (await token.call(Labels(), Names)).names == []
    with pytest.raises(StateError) as caught:
        await token.call(Derive("live.1", b"a"), Value)
    assert (caught.value.code, caught.value.field) == ("hsm.key_not_in_token", "live.1")


async def test_half_a_pair_is_made_whole(state: Path, token: Token) -> None:
    await token.call(MakePair("seal.1"), Done)
    await token.call(MakePair("seal.2"), Done)
    run_in_token(
        state,
        "for label, kind in (('seal.1', ObjectClass.PUBLIC_KEY), ('seal.2', ObjectClass.PRIVATE_KEY)):\n"
        "    key, = session.get_objects({Attribute.LABEL: label, Attribute.CLASS: kind})\n"
        "    key.destroy()\n",
    )
    await kill(token)
    for label in ("seal.1", "seal.2"):
        await token.call(MakePair(label), Done)
        public = load_der_public_key((await token.call(Public(label), Value)).value)
        assert isinstance(public, EllipticCurvePublicKey)
        public.verify(
            (await token.call(Sign(label, DIGEST), Value)).value, DIGEST, ECDSA(Prehashed(SHA256()))
        )


async def test_a_key_that_stands_twice_is_not_used(state: Path, token: Token) -> None:
    await token.call(MakeSecret("live.1"), Done)
    run_in_token(state, TWIN)
    await kill(token)
    for order in (MakeSecret("live.1"), Derive("live.1", b"a")):
        with pytest.raises(StateError) as caught:
            await token.call(order, Done)
        assert (caught.value.code, caught.value.field) == ("hsm.key_not_in_token", "live.1")


TWIN = (
    "session.generate_key(KeyType.GENERIC_SECRET, 256, label='live.1', store=True,\n"
    "    capabilities=MechanismFlag.SIGN)\n"
)


async def test_keys_of_others_are_not_listed_wrongly_and_not_touched(state: Path, token: Token) -> None:
    await token.call(MakeSecret("live.1"), Done)
    names = [f"extra.{number:03}" for number in range(300)]  # more than one look at the token gives
    run_in_token(
        state,
        f"for label in {names!r}:\n"
        "    session.create_object({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.TOKEN: True,\n"
        "        Attribute.KEY_TYPE: KeyType.GENERIC_SECRET, Attribute.VALUE: bytes(32), Attribute.LABEL: label})\n",
    )
    await kill(token)
    assert (await token.call(Labels(), Names)).names == [*names, "live.1"]
    calls = token.calls
    await token.call(MakePair("seal.1"), Done)
    await token.call(Destroy("live.1"), Done)
    assert (await token.call(Labels(), Names)).names == [*names, "seal.1"]
    assert token.calls == calls + 2  # the list is kept


PLANTED = {
    "extractable": "SENSITIVE: False, Attribute.EXTRACTABLE: True",
    "brought in": "SENSITIVE: True, Attribute.EXTRACTABLE: False",
}


@pytest.mark.parametrize("attributes", PLANTED.values(), ids=PLANTED)
async def test_a_key_that_is_or_was_outside_is_not_used(state: Path, token: Token, attributes: str) -> None:
    await token.opened()
    run_in_token(
        state,
        "session.create_object({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.SIGN: True,\n"
        "    Attribute.KEY_TYPE: KeyType.GENERIC_SECRET, Attribute.VALUE: bytes(range(32)),\n"
        "    Attribute.LABEL: 'live.1', Attribute.TOKEN: True, Attribute.PRIVATE: True,\n"
        f"    Attribute.{attributes}}})\n",
    )
    for order in (MakeSecret("live.1"), Derive("live.1", b"a")):
        with pytest.raises(IntegrityError) as caught:
            await token.call(order, Done)
        assert (caught.value.code, caught.value.field) == ("hsm.key_extractable", "live.1")
