"""What every key service must do: one suite for the fake and for the real one over each token."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from daemon.contract import note
from daemon.contract.manifest import File, ManifestKind
from daemon.contract.merkle import EMPTY_ROOT
from daemon.errors import AuthorityError, ConflictError, InputError, JukuraError, TooMuchError
from hsm import names as key_names
from hsm.client import KeyService
from hsm.protocol import MAX_NAMES, Alarm, SignCheckpoint, SignManifest
from tests.contracts.asking import (
    NOW,
    ORIGIN,
    OVER,
    THIS_MONTH,
    THIS_YEAR,
    code_of,
    public,
    signed_text,
)
from tests.hsm.kit import grown


def but(request: SignCheckpoint, **changes: Any) -> SignCheckpoint:
    """`request` with some fields changed."""
    return msgspec.structs.replace(request, **changes)


def manifest_fields(**changes: Any) -> list[tuple[str, str]]:
    """The fields of an export's manifest."""
    told = {
        "epoch": "1", "from": "2026-04-01T00:00:00Z", "until": "2026-04-02T00:00:00Z", "first": "0", "end": "5",
    }  # fmt: skip
    return [(name, str(value)) for name, value in (told | changes).items()]


def manifest(**fields: Any) -> SignManifest:
    """A request that is in order, with some fields changed; its files are not in the order of their names."""
    files = [
        File(name="keys.jsonl", sha256=b"\x01" * 32, size=10),
        File(name="entries-0001.jsonl", sha256=b"\x02" * 32, size=20),
    ]
    return SignManifest(kind=ManifestKind.EXPORT, id="0a" * 16, fields=manifest_fields(**fields), files=files)


def but_manifest(**changes: Any) -> SignManifest:
    """The same with other parts."""
    return msgspec.structs.replace(manifest(), **changes)


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
    names = [f"{kind}.{number}" for kind in ("live", "store", "index", "backup") for number in range(1, 9)]
    await keys.make(names)
    opened = await keys.unwrap(names)
    assert list(opened) == names
    assert {len(key) for key in opened.values()} == {32}
    assert len(set(opened.values())) == len(names)


async def test_the_list_says_what_is_lawful_when_it_ends_and_who_used_it(keys: KeyService) -> None:
    await keys.make(["live.1", THIS_MONTH, "seal.1"])
    await keys.unwrap(["live.1"])
    await keys.unwrap(["live.1", THIS_MONTH])
    listed = await keys.keys()
    (serial,) = {serial for info in listed.keys for serial in info.tokens}
    assert {info.name: (info.lawful, info.ends, sum(info.uses.values())) for info in listed.keys} == {
        "live.1": (False, None, 2),
        THIS_MONTH: (True, key_names.ends(THIS_MONTH), 1),
        "seal.1": (False, None, 0),
    }
    (seal,) = listed.pairs
    assert (seal.name, seal.serial, seal.endorsement) == ("seal.1", serial, "")
    load_der_public_key(seal.public)


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
    assert [key.uses for key in (await keys.keys()).keys] == [{}, {}]


async def test_one_wrong_name_makes_none_of_its_neighbours(keys: KeyService) -> None:
    with pytest.raises(InputError):
        await keys.make(["live.1", "nothing.1"])
    assert (await keys.keys()).keys == []


async def test_the_witness_begins_with_the_empty_tree(keys: KeyService) -> None:
    last = await keys.witness()
    assert (last.epoch, last.size, last.root) == (1, 0, EMPTY_ROOT)


async def test_a_checkpoint_is_signed_and_verifies_under_the_listed_key(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    signed = await keys.sign_checkpoint(but(grown(5), extensions=["rows abc"]))
    checkpoint = note.verify(signed, ORIGIN, await public(keys, "seal.1"))
    assert (checkpoint.size, checkpoint.root, checkpoint.extensions[1:]) == (5, grown(5).root, ("rows abc",))
    assert abs(checkpoint.signed_at - (await keys.ping()).clock) < timedelta(minutes=1)
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
    (but(grown(5), extensions=["time 2019-04-01T09:30:00Z"]), InputError, "hsm.checkpoint_malformed"),
    (but(grown(5), size=-1), InputError, "hsm.checkpoint_malformed"),
    (but(grown(5), size=1 << 60), InputError, "hsm.checkpoint_malformed"),
    (but(grown(5), size=0), InputError, "hsm.checkpoint_malformed"),
    (but(grown(5), proof=[bytes(32)]), ConflictError, "hsm.checkpoint_inconsistent"),
]


async def test_a_wrong_request_to_sign_is_refused_and_leaves_no_trace(keys: KeyService) -> None:
    await keys.make(["seal.1", "live.1", "form.1"])
    for request, kind, code in NOT_SIGNED:
        with pytest.raises(kind) as caught:
            await keys.sign_checkpoint(request)
        assert caught.value.code == code
    assert (await keys.witness()).size == 0
    assert [key.uses for key in (await keys.keys()).keys if key.name != "seal.1"] == [{}, {}]


async def test_without_a_seal_nothing_is_signed(keys: KeyService) -> None:
    assert await code_of(keys.sign_checkpoint(grown(5)), ConflictError) == "hsm.key_unknown"


async def test_a_manifest_is_signed_in_its_own_name_over_no_more_than_was_signed(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    assert await code_of(keys.sign_manifest(manifest(end=5)), ConflictError) == "hsm.manifest_beyond_log"
    await keys.sign_checkpoint(grown(5))
    signed = await keys.sign_manifest(manifest(end=5))
    text = note.verify_text(signed, "jukura.jp/honnin/manifest", await public(keys, "seal.1")).decode()
    head, kind, ident, time, *rest = text.splitlines()
    assert (head, kind, ident) == ("jukura.jp/honnin/manifest", "export", "0a" * 16)
    now = (await keys.ping()).clock
    assert abs(datetime.fromisoformat(time) - now) < timedelta(minutes=1)
    assert rest == [
        "epoch 1", "from 2026-04-01T00:00:00Z", "until 2026-04-02T00:00:00Z", "first 0", "end 5",
        f"file {'02' * 32} 20 entries-0001.jsonl", f"file {'01' * 32} 10 keys.jsonl",
    ]  # fmt: skip
    assert await code_of(keys.sign_manifest(manifest(end=6)), ConflictError) == "hsm.manifest_beyond_log"
    assert (await keys.witness()).size == 5


async def test_a_manifest_of_too_many_files_is_refused(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    await keys.sign_checkpoint(grown(5))
    some = [File(name=f"entries-{n:04}.jsonl", sha256=bytes(32), size=10**9) for n in range(1500)]
    fits = await keys.sign_manifest(but_manifest(files=some[:1100]))
    assert len(fits.encode()) <= note.MAX_NOTE
    assert (
        await code_of(keys.sign_manifest(but_manifest(files=some)), TooMuchError) == "hsm.manifest_too_large"
    )


NO_MANIFEST: list[dict[str, Any]] = [
    {"id": "0A" * 16}, {"id": "0a" * 15}, {"files": []}, {"fields": []},
    {"fields": [("epoch", "1")]},
    {"fields": manifest_fields(end="05")}, {"fields": manifest_fields(**{"from": "2026-04-01"})},
    {"fields": manifest_fields(end="5\nfile x")}, {"fields": [*manifest_fields(), ("more", "1")]},
    {"files": [File(name="../x", sha256=bytes(32), size=1)]}, {"files": [File(name="manifest.txt", sha256=bytes(32), size=1)]},
    {"files": [File(name="a b", sha256=bytes(32), size=1)]}, {"files": [File(name="a", sha256=bytes(32), size=-1)]},
    {"files": [File(name="a", sha256=bytes(32), size=1)] * 2},
]  # fmt: skip


async def test_a_manifest_that_breaks_its_form_is_refused(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    await keys.sign_checkpoint(grown(5))
    uses = {info.name: info.uses for info in (await keys.keys()).keys}
    for changes in NO_MANIFEST:
        assert (
            await code_of(keys.sign_manifest(but_manifest(**changes)), InputError) == "hsm.manifest_malformed"
        )
    assert {info.name: info.uses for info in (await keys.keys()).keys} == uses


async def test_without_a_seal_no_manifest_is_signed(keys: KeyService) -> None:
    assert await code_of(keys.sign_manifest(manifest(end=0, epoch=0)), ConflictError) == "hsm.key_unknown"


async def test_any_number_of_names_is_taken_in_parts(keys: KeyService) -> None:
    names = [f"expire.{year}" for year in range(NOW.year + 20, NOW.year + 20 + MAX_NAMES + 2)]
    assert await keys.make(names) == names


NOT_MADE: list[tuple[str, type[JukuraError], str]] = [
    ("live.3", AuthorityError, "hsm.not_next_generation"),
    ("live.100000", AuthorityError, "hsm.not_next_generation"),
    ("seal.2", AuthorityError, "hsm.not_next_generation"),
    ("backup.2", AuthorityError, "hsm.not_next_generation"),
    (f"expire.{NOW.year - 2}", AuthorityError, "hsm.out_of_window"),
    (f"expire.{NOW.year + 154}", AuthorityError, "hsm.out_of_window"),
    (f"log.{NOW.year + 2}", AuthorityError, "hsm.out_of_window"),
    (f"work.{NOW.year + 1}-12", AuthorityError, "hsm.out_of_window"),
    (f"transit.{NOW:%Y-%m-%dT%H}", AuthorityError, "hsm.no_business"),
    ("work.2026-00", InputError, "hsm.name_unknown"),
    ("transit.2026-02-30T09", InputError, "hsm.name_unknown"),
]


async def test_what_may_not_be_made_is_refused_with_its_reason(keys: KeyService) -> None:
    await keys.make(["live.1", "seal.1"])
    for name, kind, code in NOT_MADE:
        assert (name, await code_of(keys.make([name]), kind)) == (name, code)
    assert {key.name for key in (await keys.keys()).keys} == {"live.1", "seal.1"}


async def test_at_most_eight_generations_of_a_kind_exist(keys: KeyService) -> None:
    names = [f"secret.{number}" for number in range(1, 9)]
    assert await keys.make(names) == names
    assert await code_of(keys.make(["secret.9"]), TooMuchError) == "hsm.too_many_generations"


async def test_a_lawful_key_whose_date_has_passed_dies_with_a_certificate(keys: KeyService) -> None:
    await keys.make(["seal.1", OVER, THIS_MONTH])
    due = key_names.ends(OVER)
    assert due is not None
    if due > (await keys.ping()).clock:
        assert await code_of(keys.destroy_lawful([OVER]), AuthorityError) == "hsm.key_not_due"
        return
    serial = (await keys.keys()).pairs[0].serial
    (certificate,) = await keys.destroy_lawful([OVER])
    text = signed_text(certificate.note, await public(keys, "seal.1"))
    assert text.splitlines()[1:3] == ["destruction", "1"]
    assert text.splitlines()[4:] == [f"name {OVER}", f"confirmed {serial}"]
    (gone,) = (await keys.keys()).destroyed
    assert (gone.name, gone.confirmed, gone.missing) == (OVER, [serial], [])
    assert await code_of(keys.unwrap([OVER]), ConflictError) == "hsm.key_destroyed"
    assert await code_of(keys.make([OVER]), ConflictError) == "hsm.key_destroyed"
    assert await keys.destroy_lawful([OVER]) == [certificate], "a lost answer is given again"


NOT_LAWFUL = [
    (THIS_MONTH, "hsm.key_not_due"),
    (THIS_YEAR, "hsm.key_not_due"),
    ("live.1", "hsm.key_needs_custodians"),
    ("hold.1", "hsm.key_needs_custodians"),
    ("seal.1", "hsm.key_needs_custodians"),
]


async def test_no_key_is_destroyed_before_its_date_or_without_one(keys: KeyService) -> None:
    await keys.make([name for name, _ in NOT_LAWFUL])
    for name, code in NOT_LAWFUL:
        assert (name, await code_of(keys.destroy_lawful([name]), AuthorityError)) == (name, code)
    assert len((await keys.keys()).keys) == len(NOT_LAWFUL)
    assert await keys.statements(0) == []


async def test_an_alarm_stands_while_one_token_is_all_there_is(keys: KeyService) -> None:
    pong = await keys.ping()
    assert pong.alarms == [Alarm.ONE_TOKEN]
    (token,) = pong.tokens
    assert (token.present, token.active, token.lacking) == (True, True, 0)


async def test_a_message_beyond_the_limit_is_refused(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    with pytest.raises((TooMuchError, InputError)):
        await keys.sign_checkpoint(but(grown(5), extensions=["x" * 2_000_000]))
    assert (await keys.ping()).token
