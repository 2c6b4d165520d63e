"""Checkpoints as signed notes: the form to the byte, and no signature that passes for another."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from daemon.contract.merkle import EMPTY_ROOT
from daemon.contract.note import (
    Checkpoint,
    key_id,
    origin_of,
    signature_line,
    signed,
    split,
    time_line,
    verify,
    verify_text,
    vkey,
)
from daemon.errors import IntegrityError

T = TypeVar("T")

NAME = origin_of("honnin", 1)
KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 3072)
PSS_32 = PSS(MGF1(SHA256()), 32)
ROOT = sha256(b"root").digest()
CHECKPOINT = Checkpoint(NAME, 20852163, ROOT)

LINES = st.text(st.characters(exclude_categories=["Cs"], min_codepoint=0x20), min_size=1)
CHECKPOINTS = st.builds(
    Checkpoint,
    LINES,
    st.integers(0, 10**18),
    st.binary(min_size=32, max_size=32),
    st.lists(LINES, max_size=3).map(tuple),
)


def der(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def line(text: bytes, key: ec.EllipticCurvePrivateKey = KEY, name: str = NAME) -> str:
    return signature_line(name, der(key), key.sign(text, ec.ECDSA(SHA256())))


def rsa_line(
    text: bytes,
    key: rsa.RSAPrivateKey = RSA,
    padding: AsymmetricPadding = PSS_32,
    digest: HashAlgorithm | None = None,
    name: str = NAME,
) -> str:
    return signature_line(name, der(key), key.sign(text, padding, digest or SHA256()))


def code(note: str, name: str = NAME, public: bytes = der(KEY)) -> str:
    with pytest.raises(IntegrityError) as caught:
        verify(note, name, public)
    return caught.value.code


def test_the_text_is_the_one_of_the_specification() -> None:
    text = CHECKPOINT.text()
    assert text == b"jukura.jp/honnin/1\n20852163\n" + b64encode(ROOT) + b"\n"
    assert Checkpoint(NAME, 0, EMPTY_ROOT, ("rows abc",)).text().endswith(b"=\nrows abc\n")


def test_the_key_id_of_ecdsa_hashes_the_key_alone() -> None:
    assert key_id(NAME, der(KEY)) == sha256(der(KEY)).digest()[:4] == key_id("another", der(KEY))


def test_a_signed_note_verifies_and_has_the_form_of_the_specification() -> None:
    note = signed(CHECKPOINT.text(), line(CHECKPOINT.text()))
    assert verify(note, NAME, der(KEY)) == CHECKPOINT
    text, gap, tail = note.partition("\n\n")
    assert text.encode() + b"\n" == CHECKPOINT.text()
    assert gap
    assert tail.startswith("— jukura.jp/honnin/1 ")
    assert tail.endswith("\n")


def test_a_key_s_line_has_its_name_its_id_and_the_key_behind_its_kind() -> None:
    for key, kind in ((KEY, b"\x02"), (RSA, b"\xffjukura.jp/rsa-pss-3072-sha256")):
        name, ident, blob = vkey(NAME, der(key)).split("+", 2)
        assert (name, bytes.fromhex(ident)) == (NAME, key_id(NAME, der(key)))
        assert b64decode(blob, validate=True) == kind + der(key)


def test_the_key_id_of_rsa_hashes_name_and_private_type() -> None:
    hashed = NAME.encode() + b"\n\xffjukura.jp/rsa-pss-3072-sha256" + der(RSA)
    assert key_id(NAME, der(RSA)) == sha256(hashed).digest()[:4] != key_id("another", der(RSA))


def test_a_note_signed_by_rsa_verifies_beside_one_of_ecdsa() -> None:
    text = CHECKPOINT.text()
    note = signed(text, line(text), rsa_line(text))
    for key in (KEY, RSA):
        assert verify(note, NAME, der(key)) == CHECKPOINT
        assert verify_text(note, NAME, der(key)) == text
    assert code(note, NAME, der(OTHER)) == "log.bad_signature"
    blob = b64decode(rsa_line(text).split(" ")[2])
    assert (blob[:4], len(blob)) == (key_id(NAME, der(RSA)), 4 + 384)


def test_rsa_signs_with_pss_and_the_digest_and_salt_of_the_form_only() -> None:
    text = CHECKPOINT.text()
    for wrong in (
        rsa_line(text, padding=PSS(MGF1(SHA256()), 20)),
        rsa_line(text, padding=PSS(MGF1(SHA384()), 32)),
        rsa_line(text, padding=PKCS1v15()),
        rsa_line(text, digest=SHA384()),
        rsa_line(b"another text\n"),
        signature_line(NAME, der(RSA), KEY.sign(text, ec.ECDSA(SHA256()))),
    ):
        assert code(signed(text, wrong), NAME, der(RSA)) == "log.bad_signature"


@pytest.mark.parametrize("size", [2048, 3080])
def test_an_rsa_key_of_another_size_verifies_nothing(size: int) -> None:
    key = rsa.generate_private_key(65537, size)
    text = CHECKPOINT.text()
    assert code(signed(text, rsa_line(text, key)), NAME, der(key)) == "log.bad_signature"


def test_any_text_verifies_as_text_and_only_a_checkpoint_as_checkpoint() -> None:
    for text in (b"jukura.jp/honnin/statement\nendorsement\n1\n", "一行\n\n二行\n".encode()):
        for made, key in ((line(text), KEY), (rsa_line(text), RSA)):
            note = signed(text, made)
            assert verify_text(note, NAME, der(key)) == text
            assert code(note, NAME, der(key)) == "log.bad_checkpoint"
            with pytest.raises(IntegrityError, match="bad_signature"):
                verify_text(note, "jukura.jp/fuhyo/1", der(key))
            with pytest.raises(IntegrityError, match="bad_signature"):
                verify_text(
                    note.replace("jukura.jp/honnin/s", "jukura.jp/fuhyo/s").replace("二", "三"),
                    NAME,
                    der(key),
                )


def test_signatures_of_others_are_ignored_in_any_place() -> None:
    text = CHECKPOINT.text()
    others = [line(text, OTHER), line(text, KEY, "witness.example"), line(b"something else\n", OTHER)]
    for place in range(len(others) + 1):
        assert (
            verify(signed(text, *others[:place], line(text), *others[place:]), NAME, der(KEY)) == CHECKPOINT
        )
    assert code(signed(text, *others)) == "log.bad_signature"


def test_one_false_signature_in_our_name_spoils_a_true_one() -> None:
    text = CHECKPOINT.text()
    forged = line(b"another text\n")
    assert code(signed(text, line(text), forged)) == "log.bad_signature"
    assert code(signed(text, forged, line(text))) == "log.bad_signature"


def test_a_key_of_no_kind_of_ours_verifies_nothing() -> None:
    note = signed(CHECKPOINT.text(), line(CHECKPOINT.text()))
    for public in (
        b"",
        b"garbage",
        der(ed25519.Ed25519PrivateKey.generate()),
        der(ec.generate_private_key(ec.SECP384R1())),
    ):
        assert code(note, NAME, public) == "log.bad_signature"
        blob = key_id(NAME, public) + b"signature"
        assert (
            code(signed(CHECKPOINT.text(), f"— {NAME} {b64encode(blob).decode()}"), NAME, public)
            == "log.bad_signature"
        )


def test_every_changed_character_is_noticed() -> None:
    note = signed(CHECKPOINT.text(), line(CHECKPOINT.text()))
    for at in range(len(note)):
        for other in ("A", "\n", "é"):
            if note[at] != other:
                assert code(note[:at] + other + note[at + 1 :]).startswith("log.bad_")
        assert code(note[:at]).startswith("log.bad_")


def test_a_text_that_is_signed_but_no_checkpoint_is_refused() -> None:
    for text in (
        b"hello\n",
        b"o\n01\n" + b64encode(ROOT) + b"\n",
        b"o\n1\nAAAA\n",
        b"o\n1\n" + b64encode(ROOT) + b"\n\n",
    ):
        assert code(signed(text, line(text))) == "log.bad_checkpoint"


def test_a_true_signature_of_another_curve_is_refused() -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    assert (
        code(signed(CHECKPOINT.text(), line(CHECKPOINT.text(), key)), NAME, der(key)) == "log.bad_signature"
    )


def test_a_root_in_another_base64_form_is_refused() -> None:
    text = f"o\n1\n{b64encode(bytes(32)).decode()}\n".encode()
    assert Checkpoint.parse(text).root == bytes(32)
    with pytest.raises(IntegrityError, match="bad_checkpoint"):
        Checkpoint.parse(text.replace(b"A=", b"B="))


def test_a_note_over_the_limit_is_refused() -> None:
    text = CHECKPOINT.text()
    assert verify(signed(text, line(text), *[line(text, OTHER)] * 15), NAME, der(KEY)) == CHECKPOINT
    assert code(signed(text, line(text), *[line(text, OTHER)] * 2000)) == "log.bad_checkpoint"


@pytest.mark.parametrize("bad", ["", "two\nlines", "tab\there", "bell\x07", "half\ud800"])
def test_no_line_can_smuggle_in_another(bad: str) -> None:
    with pytest.raises(IntegrityError, match=r"bad_checkpoint \(origin\)"):
        replace(CHECKPOINT, origin=bad)
    with pytest.raises(IntegrityError, match=r"bad_checkpoint \(extensions\)"):
        replace(CHECKPOINT, extensions=("fine", bad))


def test_sizes_and_roots_out_of_form_are_refused() -> None:
    for size, root in ((-1, ROOT), (10**19, ROOT), (1, ROOT[1:]), (1, b"")):
        with pytest.raises(IntegrityError, match="bad_checkpoint"):
            Checkpoint(NAME, size, root)


@pytest.mark.parametrize("name", ["", "with space", "plus+", "wide\u3000space", "new\nline"])
def test_key_names_out_of_form_are_refused(name: str) -> None:
    with pytest.raises(IntegrityError, match="bad_checkpoint"):
        signature_line(name, der(KEY), b"signature")


@given(CHECKPOINTS)
def test_parsing_gives_back_what_was_written(checkpoint: Checkpoint) -> None:
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


@given(
    st.binary()
    | CHECKPOINTS.map(Checkpoint.text).flatmap(
        lambda text: st.sampled_from([text[1:], text + b"\n", text * 2])
    )
)
def test_whatever_parses_is_written_the_same(text: bytes) -> None:
    checkpoint = malformed_or(lambda: Checkpoint.parse(text))
    assert checkpoint is None or checkpoint.text() == text


@given(st.text() | st.text().map(lambda text: f"{text}\n\n— {text} AAAAAAAA\n"))
def test_no_note_breaks_the_parser(note: str) -> None:
    found = malformed_or(lambda: split(note))
    assert found is None or (note.startswith(found[0].decode()) and found[1])


def malformed_or(parse: Callable[[], T]) -> T | None:
    """What `parse` gives, or None where it says that the form is broken; any other error is the test's."""
    try:
        return parse()
    except IntegrityError as error:
        if error.code != "log.bad_checkpoint":
            raise
        return None


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2999, 1, 1)))  # noqa: DTZ001 - made UTC below
def test_a_checkpoint_says_to_the_second_when_it_was_signed(at: datetime) -> None:
    at = at.replace(tzinfo=UTC)
    checkpoint = replace(CHECKPOINT, extensions=("rows abc", time_line(at)))
    assert Checkpoint.parse(checkpoint.text()).signed_at == at.replace(microsecond=0)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("time",),
        ("time 2026-04-01",),
        ("time 2026-02-30T00:00:00Z",),
        ("time 2026-04-01T00:00:00+09:00",),
        ("time 2026-04-01T00:00:00Z",) * 2,
        ("timed 2026-04-01T00:00:00Z",),
    ],
)
def test_a_checkpoint_that_does_not_say_its_time_once_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(IntegrityError, match=r"bad_checkpoint \(time\)"):
        _ = replace(CHECKPOINT, extensions=lines).signed_at
