"""Cosignatures: counted for the witnesses that the auditor names, and never taken from another."""

from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from daemon.audit.verify import program
from daemon.contract.cosignature import Cosigner, Kind, find, message
from daemon.contract.note import Checkpoint, split
from tests.audit.exports import Logged, check, fault, rewrite


@dataclass
class City:
    """A witness, as C2SP tlog-cosignature has it."""

    name: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def blob(self) -> bytes:
        return b"\x04" + self.key.public_key().public_bytes_raw()

    @property
    def ident(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + self.blob).digest()[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.ident.hex()}+{b64encode(self.blob).decode()}"

    def cosigned(self, note: str, time: int = 1_775_001_600, *, name: str = "") -> str:
        text = note.partition("\n\n")[0] + "\n"
        made = self.key.sign(f"cosignature/v1\ntime {time}\n{text}".encode())
        return (
            f"{note}— {name or self.name} {b64encode(self.ident + time.to_bytes(8, 'big') + made).decode()}\n"
        )


ONE, TWO = City("city-35203.jp/witness"), City("city-35206.jp/witness")


def export(log: Logged, folder: Path, *notes: str) -> Path:
    log.export(folder, notes=notes)
    return folder


def test_cosignatures_are_counted_by_witness(
    log: Logged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = export(
        log,
        tmp_path / "e",
        ONE.cosigned(log.note(3)),
        ONE.cosigned(log.note(5)),
        TWO.cosigned(ONE.cosigned(log.note(6))),
        log.note(8),
    )
    cosigned = check(folder, witnesses=(ONE.vkey, TWO.vkey)).cosigned
    assert cosigned.counts == {ONE.name: 3, TWO.name: 1}
    assert cosigned.last == {ONE.name: 6, TWO.name: 6}
    absent = City("city-35207.jp/witness")
    assert (
        program.main([str(folder), *(part for city in (ONE, absent) for part in ("--witness", city.vkey))])
        == 0
    )
    told = capsys.readouterr().out
    assert f"[OK] witness: {ONE.name} has cosigned 3 checkpoints, the last of size 6" in told
    assert f"[!!] witness: {absent.name} has cosigned nothing here" in told


def test_a_false_cosignature_is_a_fault_for_who_knows_the_witness(log: Logged, tmp_path: Path) -> None:
    false = ONE.cosigned(log.note(5)).replace(ONE.cosigned(log.note(5))[-20:-4], "A" * 16)
    folder = export(log, tmp_path / "e", false, log.note(8))
    assert check(folder).checkpoints == 2
    assert fault(folder, witnesses=(ONE.vkey,)) == "bad_cosignature"
    rewrite(folder, "checkpoints.txt", [*moved(log).split("\n"), *log.note(8).split("\n")])
    assert fault(folder, witnesses=(ONE.vkey,)) == "bad_cosignature"


def moved(log: Logged) -> str:
    """The cosignature of one checkpoint under another."""
    return log.note(5) + ONE.cosigned(log.note(6)).removeprefix(log.note(6)).split("\n")[-2] + "\n"


def test_another_key_in_the_name_of_a_witness_is_not_the_witness(log: Logged, tmp_path: Path) -> None:
    folder = export(log, tmp_path / "e", TWO.cosigned(log.note(8), name=ONE.name))
    assert check(folder, witnesses=(ONE.vkey,)).cosigned.counts == {}


NO_KEYS = {
    "nothing": "",
    "a name": "name",
    "too short": "name+00000000+BAAA",
    "another name": f"{ONE.name}x+{ONE.ident.hex()}+{b64encode(ONE.blob).decode()}",
    "cut": ONE.vkey[:-4],
    "longer id": ONE.vkey.replace("+", "+0", 1),
    "another kind": f"n+{sha256(b'n' + bytes([10, 1]) + ONE.blob[1:]).digest()[:4].hex()}+{b64encode(bytes([1]) + ONE.blob[1:]).decode()}",
}


@pytest.mark.parametrize("what", NO_KEYS)
def test_a_text_that_is_no_key_of_a_witness_is_refused(exported: Path, what: str) -> None:
    text = NO_KEYS[what]
    with pytest.raises(SystemExit) as ended:
        program.main([str(exported), "--witness", text])
    assert ended.value.code == 2


@pytest.mark.parametrize("kind", Kind)
def test_register_and_verifier_agree_on_cosignatures(log: Logged, tmp_path: Path, kind: Kind) -> None:
    private: Ed25519PrivateKey | MLDSA44PrivateKey
    private = Ed25519PrivateKey.generate() if kind is Kind.ED25519 else MLDSA44PrivateKey.generate()
    city = Cosigner("cs.example.jp/witness", kind, private.public_key().public_bytes_raw())
    note = log.note(8)
    made = private.sign(message(city, Checkpoint.parse(split(note)[0]), 1_775_001_600))
    cosigned = f"{note}{city.line(1_775_001_600, made)}\n"
    assert find(cosigned, city) is not None
    assert (
        check(export(log, tmp_path / "e", cosigned), witnesses=(city.vkey(),)).cosigned.counts[city.name] == 1
    )
    false = f"{note}{city.line(1_775_001_601, made)}\n"
    assert fault(export(log, tmp_path / "f", false), witnesses=(city.vkey(),)) == "bad_cosignature"
