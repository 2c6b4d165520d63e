"""What every key service must do: one suite for the fake and for the real one over SoftHSM."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from daemon.contract import note
from daemon.contract.merkle import EMPTY_ROOT
from daemon.errors import AuthorityError, ConflictError, InputError, JukuraError, TooMuchError
from hsm.client import KeyClient, KeyService
from hsm.fake import FakeKeyService
from hsm.protocol import MAX_NAMES, KeyInfo, SignCheckpoint
from tests.hsm.kit import folder, grown, served

ORIGIN = "jukura.jp/honnin/1"


@pytest.fixture(params=["fake", "real"])
async def keys(request: pytest.FixtureRequest) -> AsyncIterator[KeyService]:
    if request.param == "fake":
        fake = FakeKeyService()
        yield fake
        await fake.close()
        return
    with folder() as state:
        async with served(state) as service:
            client = KeyClient(service.path)
            yield client
            await client.close()


def but(request: SignCheckpoint, **changes: Any) -> SignCheckpoint:
    """`request` with some fields changed."""
    return msgspec.structs.replace(request, **changes)


async def public(keys: KeyService, name: str) -> bytes:
    found: dict[str, KeyInfo] = {info.name: info for info in await keys.keys()}
    der = found[name].public
    assert der is not None
    return der


async def test_a_ping_tells_register_and_token(keys: KeyService) -> None:
    pong = await keys.ping()
    assert (pong.register, pong.token, pong.at_rest) == ("honnin", True, "unprotected")


async def test_what_is_made_once_is_not_made_again(keys: KeyService) -> None:
    names = ["live.1", "store.1", "seal.1"]
    assert await keys.make(names) == names
    first = await keys.unwrap(["live.1", "store.1"])
    assert await keys.make([*names, "index.1"]) == ["index.1"]
    assert await keys.unwrap(["live.1", "store.1"]) == first


async def test_data_keys_are_256_bits_and_differ(keys: KeyService) -> None:
    names = [f"live.{number}" for number in range(1, 40)]
    await keys.make(names)
    opened = await keys.unwrap(names)
    assert list(opened) == names
    assert {len(key) for key in opened.values()} == {32}
    assert len(set(opened.values())) == len(names)


async def test_the_list_says_what_is_lawful_public_and_used(keys: KeyService) -> None:
    await keys.make(["live.1", "log.2026", "seal.1"])
    await keys.unwrap(["live.1"])
    await keys.unwrap(["live.1", "log.2026"])
    infos = {info.name: info for info in await keys.keys()}
    assert {name: (info.lawful, info.uses, info.public is None) for name, info in infos.items()} == {
        "live.1": (False, 2, True),
        "log.2026": (True, 1, True),
        "seal.1": (False, 0, False),
    }
    load_der_public_key(await public(keys, "seal.1"))


NOT_UNWRAPPED: list[tuple[list[str], type[JukuraError], str]] = [
    (["live.0"], InputError, "hsm.name_unknown"),
    (["live.1", "山田"], InputError, "hsm.name_unknown"),
    (["live.1\n"], InputError, "hsm.name_unknown"),
    (["live.1", "live.9"], ConflictError, "hsm.key_unknown"),
    (["live.1", "seal.1"], AuthorityError, "hsm.key_stays"),
]


async def test_what_may_not_be_unwrapped_is_refused_with_its_reason(keys: KeyService) -> None:
    await keys.make(["live.1", "seal.1"])
    for names, kind, code in NOT_UNWRAPPED:
        with pytest.raises(kind) as caught:
            await keys.unwrap(names)
        assert caught.value.code == code
    assert [key.uses for key in await keys.keys()] == [0, 0]


async def test_one_wrong_name_makes_none_of_its_neighbours(keys: KeyService) -> None:
    with pytest.raises(InputError):
        await keys.make(["live.1", "nothing.1"])
    assert await keys.keys() == []


async def test_the_witness_begins_with_the_empty_tree(keys: KeyService) -> None:
    last = await keys.witness()
    assert (last.epoch, last.size, last.root) == (1, 0, EMPTY_ROOT)


async def test_a_checkpoint_is_signed_and_verifies_under_the_listed_key(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    signed = await keys.sign_checkpoint(but(grown(5), extensions=["rows abc"]))
    checkpoint = note.verify(signed, ORIGIN, await public(keys, "seal.1"))
    assert (checkpoint.size, checkpoint.root, checkpoint.extensions) == (5, grown(5).root, ("rows abc",))
    last = await keys.witness()
    assert (last.epoch, last.size, last.root) == (1, 5, grown(5).root)


async def test_a_tree_that_grew_is_signed_with_its_proof_only(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    await keys.sign_checkpoint(grown(5))
    for wrong in (grown(9), grown(9, since=4), but(grown(9, since=5), root=bytes(32)), grown(4), grown(0)):
        with pytest.raises(ConflictError) as caught:
            await keys.sign_checkpoint(wrong)
        assert caught.value.code == "hsm.checkpoint_inconsistent"
    assert (await keys.witness()).size == 5
    note.verify(await keys.sign_checkpoint(grown(9, since=5)), ORIGIN, await public(keys, "seal.1"))
    assert (await keys.witness()).size == 9


async def test_the_same_size_under_another_root_is_refused(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    await keys.sign_checkpoint(grown(5))
    with pytest.raises(ConflictError, match=r"hsm\.checkpoint_inconsistent"):
        await keys.sign_checkpoint(but(grown(5), root=grown(6).root))


async def test_a_lost_answer_is_given_again_without_a_second_signature(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    await keys.sign_checkpoint(grown(5))
    request = grown(9, since=5)
    signed = await keys.sign_checkpoint(request)
    calls = (await keys.ping()).token_calls
    assert await keys.sign_checkpoint(request) == signed
    assert (await keys.ping()).token_calls == calls


async def test_one_signature_costs_one_call_to_the_token(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    await keys.sign_checkpoint(grown(5))
    before = (await keys.ping()).token_calls
    await keys.sign_checkpoint(grown(6, since=5))
    assert (await keys.ping()).token_calls == before + 1


async def test_another_epoch_is_unknown(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    for _ in range(2):
        with pytest.raises(ConflictError, match=r"hsm\.epoch_unknown"):
            await keys.sign_checkpoint(but(grown(5), epoch=2))
        await keys.sign_checkpoint(grown(5))


NOT_SIGNED: list[tuple[SignCheckpoint, type[JukuraError], str]] = [
    (but(grown(5), extensions=["a\nb"]), InputError, "hsm.checkpoint_malformed"),
    (but(grown(5), extensions=[""]), InputError, "hsm.checkpoint_malformed"),
    (but(grown(5), size=-1), InputError, "hsm.checkpoint_malformed"),
    (but(grown(5), size=1 << 60), InputError, "hsm.checkpoint_malformed"),
    (but(grown(5), size=0), InputError, "hsm.checkpoint_malformed"),
    (but(grown(5), key="live.1"), AuthorityError, "hsm.key_signs_no_checkpoint"),
    (but(grown(5), key="form.1"), AuthorityError, "hsm.key_signs_no_checkpoint"),
    (but(grown(5), key="seal.2"), ConflictError, "hsm.key_unknown"),
    (but(grown(5), proof=[bytes(32)]), ConflictError, "hsm.checkpoint_inconsistent"),
]


async def test_a_wrong_request_to_sign_is_refused_and_leaves_no_trace(keys: KeyService) -> None:
    await keys.make(["seal.1", "live.1", "form.1"])
    for request, kind, code in NOT_SIGNED:
        with pytest.raises(kind) as caught:
            await keys.sign_checkpoint(request)
        assert caught.value.code == code
    assert (await keys.witness()).size == 0
    assert [key.uses for key in await keys.keys()] == [0, 0, 0]


async def test_any_number_of_names_is_taken_in_parts(keys: KeyService) -> None:
    names = [f"transit.2026-01-{day:02}T{hour:02}" for day in range(1, 5) for hour in range(24)]
    assert len(names) > MAX_NAMES
    assert await keys.make(names) == names


async def test_a_message_beyond_the_limit_is_refused(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    with pytest.raises((TooMuchError, InputError)):
        await keys.sign_checkpoint(but(grown(5), extensions=["x" * 2_000_000]))
    assert (await keys.ping()).token
