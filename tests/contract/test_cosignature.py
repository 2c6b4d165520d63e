"""Cosignatures against those that real witnesses made, against the text of the specification, and against every small change."""

import struct
import tomllib
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.contract.cosignature import (
    Cosignature,
    Cosigner,
    Kind,
    attached,
    find,
    is_cosigned,
    message,
)
from daemon.contract.note import Checkpoint, signed, split
from daemon.errors import InputError, IntegrityError
from tests.contract.witnessing import NAME, Key, cosigned, ed25519, ml_dsa

VECTORS = tomllib.loads((Path(__file__).parent / "cosignatures.toml").read_text("utf-8"))
REAL = [
    (each["note"], witness["vkey"], witness["time"])
    for each in VECTORS["checkpoint"]
    for witness in each["witness"]
]
ROOT = sha256(b"root").digest()
CHECKPOINT = Checkpoint("jukura.jp/honnin/1", 20852163, ROOT, ("time 2026-11-24T03:00:00Z", "rows abc"))
OWN = "— jukura.jp/honnin/1 " + b64encode(b"idid" + b"signature").decode()
NOTE = signed(CHECKPOINT.text(), OWN)
MAKERS: list[Callable[..., Key]] = [ed25519, ml_dsa]
AT = 1_700_000_000


@pytest.fixture(params=MAKERS, ids=["ed25519", "ml-dsa-44"])
def key(request: pytest.FixtureRequest) -> Key:
    made: Key = request.param()
    return made


@pytest.mark.parametrize(("note", "vkey", "time"), REAL)
def test_what_a_real_witness_signed_verifies(note: str, vkey: str, time: int) -> None:
    cosigner = Cosigner.parse(vkey)
    found = find(note, cosigner)
    assert found is not None
    assert found.at == time
    assert f"\n{found.line}\n" in note
    with pytest.raises(IntegrityError, match=r"log\.bad_signature"):
        find(note.replace("\n1", "\n2", 1), cosigner)


def test_both_kinds_of_key_are_among_the_real_ones() -> None:
    assert {Cosigner.parse(vkey).kind for _, vkey, _ in REAL} == set(Kind)


@pytest.mark.parametrize("vkey", VECTORS["keys"]["good"])
def test_a_key_of_the_specifications_reads_and_is_written_as_it_came(vkey: str) -> None:
    assert Cosigner.parse(vkey).vkey() == vkey


@pytest.mark.parametrize("vkey", VECTORS["keys"]["bad"])
def test_what_is_no_key_of_a_witness_is_refused(vkey: str) -> None:
    with pytest.raises(InputError) as refused:
        Cosigner.parse(vkey)
    assert refused.value.code == "witness.bad_key"


@pytest.mark.parametrize("name", ["jukura.jp/honnin/1", "jukura.jp/x", "x" * 256, "あ" * 86])
def test_a_witness_is_called_neither_like_a_log_nor_by_more_than_can_be_signed(name: str) -> None:
    with pytest.raises(InputError, match=r"witness\.bad_key"):
        Cosigner.parse(ed25519(name).cosigner.vkey())


def test_the_message_of_ed25519_is_the_one_of_the_specification() -> None:
    checkpoint = Checkpoint(
        "example.com/behind-the-sofa", 20852163, b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    )
    assert message(ed25519().cosigner, checkpoint, 1679315147).decode() == (
        "cosignature/v1\n"
        "time 1679315147\n"
        "example.com/behind-the-sofa\n"
        "20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


def test_ed25519_signs_the_extension_lines_and_ml_dsa_the_name() -> None:
    assert message(ed25519().cosigner, CHECKPOINT, AT).endswith(CHECKPOINT.text())
    text = message(ml_dsa().cosigner, CHECKPOINT, AT)
    origin = CHECKPOINT.origin.encode()
    fixed = b"subtree/v1\n\0" + bytes((len(NAME),)) + NAME.encode() + struct.pack(">QB", AT, len(origin))
    assert text == fixed + origin + struct.pack(">QQ", 0, CHECKPOINT.size) + ROOT


def test_the_key_id_has_the_type_in_it() -> None:
    for made, kind in ((ed25519(), b"\x04"), (ml_dsa(), b"\x06")):
        whole = sha256(NAME.encode() + b"\n" + kind + made.cosigner.public).digest()
        assert made.cosigner.id() == whole[:4]


def test_a_cosignature_is_found_beneath_the_note_and_only_for_its_key(key: Key) -> None:
    note = cosigned(NOTE, key, AT)
    found = find(note, key.cosigner)
    assert found == Cosignature(AT, note.splitlines()[-1])
    assert find(NOTE, key.cosigner) is None
    assert find(note, ed25519("other.example/w").cosigner) is None
    assert (is_cosigned(NOTE), is_cosigned(note)) == (False, True)


@given(st.data())
def test_one_bit_anywhere_and_it_does_not_verify(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from([ed25519(), ml_dsa()]))
    text, signatures = split(cosigned(NOTE, key, AT))
    blob = bytearray(signatures[-1][2])
    place = data.draw(st.integers(0, 8 * len(blob) - 1))
    blob[place // 8] ^= 1 << place % 8
    line = f"— {key.cosigner.name} {b64encode(key.cosigner.id() + blob).decode()}"
    with pytest.raises(IntegrityError, match=r"log\.bad_signature"):
        find(signed(text, line), key.cosigner)


@given(
    origin=st.text(st.characters(codec="ascii", min_codepoint=0x21), min_size=1, max_size=255),
    size=st.integers(0, 2**53),
    root=st.binary(min_size=32, max_size=32),
    at=st.integers(1, 2**63 - 1),
)
def test_what_was_signed_of_one_tree_is_worth_nothing_under_another(
    origin: str, size: int, root: bytes, at: int
) -> None:
    there = Checkpoint(origin, size, root)
    for key in (ed25519(), ml_dsa()):
        line = key.line(there, at)
        assert find(signed(there.text(), line), key.cosigner) == Cosignature(at, line)
        with pytest.raises(IntegrityError, match=r"log\.bad_signature"):
            find(signed(CHECKPOINT.text(), line), key.cosigner)


@pytest.mark.parametrize("at", [0, 2**63, 2**64 - 1])
def test_a_time_that_states_nothing_or_is_too_large_is_refused(key: Key, at: int) -> None:
    with pytest.raises(IntegrityError, match=r"log\.bad_signature"):
        find(cosigned(NOTE, key, at), key.cosigner)


def test_one_false_signature_of_a_key_spoils_its_good_ones(key: Key) -> None:
    good = cosigned(NOTE, key, AT)
    false = key.cosigner.line(AT + 1, bytes(64))
    for note in (f"{good}{false}\n", f"{NOTE}{false}\n{good.splitlines()[-1]}\n"):
        with pytest.raises(IntegrityError, match=r"log\.bad_signature"):
            find(note, key.cosigner)


def test_of_several_the_newest_counts_and_takes_the_place_of_the_others(key: Key) -> None:
    other = ed25519("other.example/w")
    note = cosigned(cosigned(cosigned(NOTE, key, AT), other, AT), key, AT + 9)
    found = find(f"{note}{key.line(CHECKPOINT, AT + 5)}\n", key.cosigner)
    assert found is not None
    assert found.at == AT + 9
    kept = attached(note, key.cosigner, found)
    assert split(kept)[0] == CHECKPOINT.text()
    assert kept.splitlines()[-3:] == [OWN, other.line(CHECKPOINT, AT), found.line]
    assert attached(kept, key.cosigner, found) == kept


def test_an_origin_too_long_for_ml_dsa_is_refused() -> None:
    long = Checkpoint("x" * 256, 1, ROOT)
    with pytest.raises(IntegrityError, match=r"log\.bad_checkpoint"):
        message(ml_dsa().cosigner, long, AT)
