"""Who the custodians can be, and the file that names the first ones."""

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import InputError
from hsm import custodians
from hsm.signatures import SALT, canonical, public_key, verifies
from tests.hsm.kit import CUSTODIANS, HOLDERS

RSA = rsa.generate_private_key(65537, 2048)
TEXT = b"jukura.jp/honnin/proposal\n"


def der(key: Any) -> bytes:
    encoded: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def entries(**changes: Any) -> list[dict[str, Any]]:
    found = [
        {"id": each.id, "name": each.name, "public": b64encode(each.public).decode()} for each in CUSTODIANS
    ]
    found[0] |= changes
    return found


def file_with(folder: Path, content: object) -> Path:
    file = folder / "custodians.json"
    file.write_text(json.dumps(content), "utf-8")
    return file


def test_the_file_gives_them_with_keys_in_either_form(tmp_path: Path) -> None:
    pem = load_der_public_key(CUSTODIANS[0].public).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    assert custodians.read(file_with(tmp_path, entries())) == list(CUSTODIANS)
    assert custodians.read(file_with(tmp_path, entries(public=pem.decode()))) == list(CUSTODIANS)


BROKEN: dict[str, tuple[Callable[[], object], str]] = {
    "no list": (dict, "hsm.custodian_malformed"),
    "too few": (lambda: entries()[:1], "hsm.custodians_count"),
    "too many": (lambda: entries() * 6, "hsm.custodians_count"),
    "twice": (lambda: [*entries(), entries()[0]], "hsm.custodian_twice"),
    "the same key under two ids": (lambda: [*entries(), {**entries()[0], "id": "x"}], "hsm.custodian_twice"),
    "no key": (lambda: [{"id": "a", "name": "a"}, *entries()], "hsm.custodian_malformed"),
    "an id with a space": (lambda: entries(id="a b"), "hsm.custodian_malformed"),
    "a name with a line": (lambda: entries(name="a\nb"), "hsm.custodian_malformed"),
    "a field too many": (lambda: entries(more=1), "hsm.custodian_malformed"),
    "not base64": (lambda: entries(public="!"), "hsm.public_malformed"),
    "no PEM": (lambda: entries(public="-----BEGIN x"), "hsm.public_malformed"),
    "another kind of key": (
        lambda: entries(public=b64encode(der(ed25519.Ed25519PrivateKey.generate())).decode()),
        "hsm.public_malformed",
    ),
}


@pytest.mark.parametrize(("content", "code"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_breaks_the_form_is_refused(
    tmp_path: Path, content: Callable[[], object], code: str
) -> None:
    with pytest.raises(InputError) as caught:
        custodians.read(file_with(tmp_path, content()))
    assert caught.value.code == code


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "custodians.json").write_text("{", "utf-8")
    for file, code in (("nothing", "unreadable"), ("custodians.json", "malformed")):
        with pytest.raises(InputError) as caught:
            custodians.read(tmp_path / file)
        assert caught.value.code.endswith(code)


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 1024)],  # noqa: S505 - on purpose
)
def test_a_key_of_another_strength_is_refused(key: Any) -> None:
    weak = msgspec.structs.replace(CUSTODIANS[0], public=der(key))
    with pytest.raises(InputError, match=r"hsm\.public_malformed"):
        custodians.require_sound([weak, *CUSTODIANS[1:]])


def test_both_kinds_of_signature_count() -> None:
    assert verifies(CUSTODIANS[0].public, TEXT, HOLDERS[0].sign(TEXT.decode()))
    pss = RSA.sign(TEXT, padding.PSS(padding.MGF1(SHA256()), SALT), SHA256())
    assert verifies(der(RSA), TEXT, pss)
    other_salt = RSA.sign(TEXT, padding.PSS(padding.MGF1(SHA256()), 20), SHA256())
    old_form = RSA.sign(TEXT, padding.PKCS1v15(), SHA256())
    assert not verifies(der(RSA), TEXT, other_salt)
    assert not verifies(der(RSA), TEXT, old_form)


@given(st.binary(max_size=200))
def test_noise_is_no_signature_and_no_key(noise: bytes) -> None:
    assert not verifies(CUSTODIANS[0].public, TEXT, noise)
    with pytest.raises(InputError, match=r"hsm\.public_malformed"):
        public_key(noise)


def test_one_key_has_one_writing() -> None:
    """Else one custodian could stand twice, under two encodings of one key."""
    public = CUSTODIANS[0].public
    point = load_der_public_key(public).public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point
    assert canonical(compressed) == public
    with pytest.raises(InputError) as caught:
        public_key(compressed)
    assert caught.value.field == "encoding"
