"""Where the PINs may come from, and which of those places the disk alone does not open."""

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import InputError
from hsm.credential import TPM2, SealedTo, sealed_to
from hsm.pin import EVERY, MAX_PIN, Pin, Pins, PinSource, gather


def piped(raw: bytes) -> int:
    reading, writing = os.pipe()
    os.write(writing, raw)
    os.close(writing)
    return reading


def private(folder: Path, raw: bytes, mode: int = 0o600, name: str = "pin") -> Path:
    file = folder / name
    file.write_bytes(raw)
    file.chmod(mode)
    return file


def sealed(kind: SealedTo) -> bytes:
    """A sealed credential as `systemd-creds encrypt` writes it: Base64 in lines of 69, the kind's id in front."""
    text = base64.b64encode(kind.value.bytes + os.urandom(90))
    return b"".join(text[start : start + 69] + b"\n" for start in range(0, len(text), 69))


def from_fd(raw: bytes) -> bytes | None:
    return gather(descriptor=piped(raw)).value("any")


def test_each_source_is_read_and_named(tmp_path: Path) -> None:
    file = private(tmp_path, b"secret pin\n")
    assert gather(file=file).get("any") == Pin(PinSource.FILE, b"secret pin")
    assert gather(descriptor=piped(b"1234"), credentials=tmp_path).get("any") == Pin(
        PinSource.DESCRIPTOR, b"1234"
    )
    assert gather(credentials=tmp_path).get("any") == Pin(PinSource.CREDENTIAL, b"secret pin")
    assert gather(at_token=True).get("any") == Pin(PinSource.TOKEN, b"")


def test_with_holders_nobody_has_the_pin_until_they_give_it() -> None:
    pins = gather(holders=True)
    assert (pins.get("honnin"), pins.value("honnin")) == (None, None)
    assert pins.source("honnin") is PinSource.HOLDERS
    pins.put("honnin", Pin(PinSource.HOLDERS, b"ABC"))
    assert pins.value("honnin") == b"ABC"
    assert pins.get("other") is None


def test_a_token_may_have_a_credential_of_its_own(tmp_path: Path) -> None:
    private(tmp_path, b"for all")
    private(tmp_path, b"for this", name="pin.second")
    private(tmp_path, b"something else", name="peers.key")
    pins = gather(credentials=tmp_path)
    assert (pins.value("first"), pins.value("second")) == (b"for all", b"for this")


def test_with_holders_a_credential_serves_the_token_that_it_names_alone(tmp_path: Path) -> None:
    private(tmp_path, b"for all")
    private(tmp_path, b"for this", name="pin.second")
    pins = gather(holders=True, credentials=tmp_path)
    assert (pins.value("first"), pins.value("second")) == (None, b"for this")


def test_what_a_person_typed_is_off_the_disk(tmp_path: Path) -> None:
    private(tmp_path, b"typed\n", name="pin.asked")
    assert gather(credentials=tmp_path).get("any") == Pin(PinSource.ASKED, b"typed")
    private(tmp_path, b"1234")
    with pytest.raises(InputError, match=r"hsm\.pin_twice"):
        gather(credentials=tmp_path)


@pytest.mark.parametrize("name", ["pin", "pin.honnin"])
@pytest.mark.parametrize("kind", SealedTo)
def test_a_credential_is_off_the_disk_only_if_a_tpm2_opens_it(
    tmp_path: Path, name: str, kind: SealedTo
) -> None:
    private(tmp_path, b"1234", name=name)
    assert gather(credentials=tmp_path).source("honnin") is PinSource.CREDENTIAL
    private(tmp_path, sealed(kind), name=f"{name}.sealed")
    source = gather(credentials=tmp_path).source("honnin")
    assert source is (PinSource.SEALED if "TPM2" in kind.name else PinSource.CREDENTIAL)
    assert source.off_disk is (kind in TPM2)


@pytest.mark.parametrize(
    "blob",
    [b"", b"1234", b"*" * 40, base64.b64encode(os.urandom(64)), SealedTo.TPM2.value.bytes],
    ids=["nothing", "a PIN", "stars", "random", "kind alone"],
)
def test_what_is_no_sealed_credential_proves_nothing(tmp_path: Path, blob: bytes) -> None:
    assert sealed_to(blob) is None
    private(tmp_path, b"1234")
    private(tmp_path, blob, name="pin.sealed")
    assert gather(credentials=tmp_path).source("any") is PinSource.CREDENTIAL


@given(st.binary(max_size=80))
def test_any_bytes_are_read_without_harm(blob: bytes) -> None:
    assert sealed_to(blob) in {None, *SealedTo}


def test_the_kinds_are_those_of_the_service_manager(tmp_path: Path) -> None:
    """`systemd-creds` here seals with what it has; the header must say so."""
    tool = shutil.which("systemd-creds")
    if tool is None:
        pytest.skip("no systemd-creds")
    done = subprocess.run(
        [tool, "encrypt", "--with-key=tpm2-absent", "--name=pin", "-", "-"], input=b"1234", capture_output=True,
        timeout=30, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip("systemd-creds cannot seal here")
    assert sealed_to(done.stdout) is SealedTo.NOTHING


def test_only_these_sources_count_as_off_the_disk() -> None:
    assert {source for source in PinSource if source.off_disk} == {
        PinSource.SEALED, PinSource.ASKED, PinSource.HOLDERS, PinSource.TOKEN,
    }  # fmt: skip


def test_a_pin_of_its_own_comes_before_that_of_all() -> None:
    pins = Pins({EVERY: Pin(PinSource.FILE, b"all"), "a": Pin(PinSource.SEALED, b"own")})
    assert (pins.value("a"), pins.value("b")) == (b"own", b"all")
    assert (pins.source("a"), pins.source("b")) == (PinSource.SEALED, PinSource.FILE)


def test_a_token_whose_label_is_not_known_gets_the_only_pin() -> None:
    pins = Pins({"a": Pin(PinSource.HOLDERS, b"own")})
    assert (pins.value(""), pins.value("b")) == (b"own", None)
    pins.put("b", Pin(PinSource.HOLDERS, b"other"))
    assert pins.value("") is None


def test_a_credential_is_read_whatever_its_mode(tmp_path: Path) -> None:
    private(tmp_path, b"1234", 0o440)
    assert gather(credentials=tmp_path).value("any") == b"1234"


def test_the_descriptor_is_closed_after_reading() -> None:
    descriptor = piped(b"1234")
    gather(descriptor=descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o622])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(InputError, match=r"hsm\.pin_file_open"):
        gather(file=private(tmp_path, b"1234", mode))


def test_none_two_and_unreadable_sources_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"hsm\.pin_missing"):
        gather()
    with pytest.raises(InputError, match=r"hsm\.pin_missing"):
        gather(credentials=tmp_path)
    for two in ({"descriptor": 0}, {"holders": True}, {"at_token": True}):
        with pytest.raises(InputError, match=r"hsm\.pin_twice"):
            gather(file=private(tmp_path, b"1234"), **two)
    with pytest.raises(InputError, match=r"hsm\.pin_unreadable"):
        gather(file=tmp_path / "nothing")
    with pytest.raises(InputError, match=r"hsm\.pin_unreadable"):
        gather(descriptor=9999)


@pytest.mark.parametrize("raw", [b"", b"\n", b"12\n34", b"12\0", b"\xff\xfe", b"x" * (MAX_PIN + 1), b"1\n\n"])
def test_what_no_token_could_take_is_refused(raw: bytes) -> None:
    with pytest.raises(InputError, match=r"hsm\.pin_malformed"):
        from_fd(raw)


@given(st.text(st.characters(codec="utf-8").filter(str.isprintable), min_size=1, max_size=60))
def test_a_printable_pin_comes_back_with_or_without_its_newline(text: str) -> None:
    assert from_fd(text.encode()) == text.encode() == from_fd(text.encode() + b"\n")


def test_the_value_never_shows_in_a_repr() -> None:
    assert "5678" not in repr(Pin(PinSource.FILE, b"5678"))
    assert "5678" not in repr(Pins({EVERY: Pin(PinSource.FILE, b"5678")}))
