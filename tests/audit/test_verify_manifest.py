"""The manifest: every file as it was signed for, none missing, none more without being said, and signed by who may."""

import shutil
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from daemon.contract.note import signed
from daemon.contract.statement import Kind
from tests.audit.exports import (
    IDENT,
    Logged,
    New,
    check,
    checked,
    destroy,
    fault,
    fingerprint,
    generations,
    manifest,
)

FORM = {"manifest_form", "line_cut", "bad_signature", "unknown_signer"}


def is_changed(folder: Path) -> str:
    return fault(folder, as_it_is=True)


def test_no_byte_of_any_file_can_be_changed_under_its_manifest(exported: Path) -> None:
    for path in exported.iterdir():
        sound, wants = path.read_bytes(), FORM if path.name == "manifest.txt" else {"file_changed"}
        # Keys and statements are read before the manifest, whose signature depends on them.
        early = {"keys.jsonl": {"line_cut", "not_canonical", "key_form", "unknown_signer"}}.get(
            path.name, set()
        )
        for at in range(0, len(sound), 1 if path.name == "manifest.txt" else 37):
            path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
            assert is_changed(exported) in wants | early, (path.name, at)
        path.write_bytes(sound)
    assert checked(exported).verified == 8


def test_no_file_may_be_missing_and_one_that_was_added_is_told(exported: Path) -> None:
    assert checked(exported).extra == 0
    (exported / "more.txt").touch()
    assert checked(exported).extra == 1
    (exported / "more.txt").unlink()
    for path in list(exported.iterdir()):
        sound = path.read_bytes()
        path.unlink()
        assert is_changed(exported) == "file_missing"
        path.write_bytes(sound)


def test_a_file_that_is_longer_or_shorter_is_changed(exported: Path) -> None:
    path = exported / "README.txt"
    sound = path.read_bytes()
    for other in (sound + b"\n", sound[:-1], b""):
        path.write_bytes(other)
        assert is_changed(exported) == "file_changed"


def test_in_a_zip_no_file_may_be_there_twice(exported: Path, tmp_path: Path) -> None:
    packed = Path(shutil.make_archive(str(tmp_path / "e"), "zip", exported))
    assert checked(packed).verified == 8
    with zipfile.ZipFile(packed, "a") as whole:
        whole.writestr("other/README.txt", (exported / "README.txt").read_bytes())
    assert fault(packed, as_it_is=True) == "file_twice"


def test_a_manifest_by_another_key_is_refused(exported: Path, log: Logged, new_signer: New) -> None:
    thief = new_signer()
    files = (exported / "manifest.txt").read_text("utf-8").split("\n\n")[0].split("\n")[7:]
    manifest(exported, thief, files)
    assert is_changed(exported) == "unknown_signer"
    manifest(exported, log.signer, files)
    assert checked(exported, None, fingerprint(log.signer)).verified == 8


def test_a_manifest_by_a_listed_key_that_nobody_vouched_for_is_refused(
    log: Logged, new_signer: New, tmp_path: Path
) -> None:
    thief = new_signer(generation="seal.7")
    log.others.append(thief)
    log.export(tmp_path / "e", sizes=(8,), maker=thief)
    assert fault(tmp_path / "e", None, fingerprint(log.signer)) == "foreign_key"


def test_a_key_that_has_ended_signs_no_manifest(log: Logged, new_signer: New, tmp_path: Path) -> None:
    one, two = generations(log, new_signer, 2)
    destroy(log, two, one, at=9)
    log.export(tmp_path / "e", notes=[log.note(5, one), log.note(8, two)], maker=one)
    assert fault(tmp_path / "e") == "ended_key"
    log.export(tmp_path / "e", notes=[log.note(5, one), log.note(8, two)], maker=two)
    assert check(tmp_path / "e", None, fingerprint(one)).checkpoints == 2


def test_a_signature_for_another_use_is_none_for_a_manifest(exported: Path, log: Logged) -> None:
    """A checkpoint, a statement and a manifest are signed by one key, each under a name of its own."""
    text = (exported / "manifest.txt").read_bytes().split(b"\n\n")[0] + b"\n"
    for name in ("", "jukura.jp/honnin/statement", "jukura.jp/fuhyo/manifest"):
        (exported / "manifest.txt").write_text(f"{signed(text, log.signer.line(text, name))}\n", "utf-8")
        assert is_changed(exported) == "unknown_signer"


HEAD = ["jukura.jp/honnin/manifest", "export", IDENT, "2026-04-02T00:00:00Z", "epoch 1",
        "from 2026-04-01T00:00:00Z", "until 2026-04-02T00:00:00Z", "first 0", "end 8"]  # fmt: skip
SUM = sha256().hexdigest()
FORMS: dict[str, Callable[[list[str]], list[str]]] = {
    "another kind": lambda text: [text[0], "backup", *text[2:]],
    "no register": lambda text: ["jukura.jp//manifest", *text[1:]],
    "a statement": lambda text: ["jukura.jp/honnin/statement", *text[1:]],
    "short number": lambda text: [*text[:2], IDENT[1:], *text[3:]],
    "no such time": lambda text: [*text[:3], "2026-02-30T00:00:00Z", *text[4:]],
    "epoch of nothing": lambda text: [*text[:4], "epoch 0", *text[5:]],
    "no from": lambda text: [*text[:5], *text[6:]],
    "from and until changed places": lambda text: [*text[:5], text[6], text[5], *text[7:]],
    "first after the end": lambda text: [*text[:7], "first 9", *text[8:]],
    "end with a sign": lambda text: [*text[:8], "end +8", *text[9:]],
    "a file out of the folder": lambda text: [*text, f"file {SUM} 0 ../x"],
    "a file twice": lambda text: [*text, text[9]],
    "a short digest": lambda text: [*text, f"file {SUM[1:]} 0 x"],
    "a size with a zero": lambda text: [*text, f"file {SUM} 00 x"],
    "another line": lambda text: [*text, "more x"],
}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_signed_text_that_is_no_manifest_is_refused(exported: Path, log: Logged, form: str) -> None:
    lines = (exported / "manifest.txt").read_text("utf-8").split("\n\n")[0].split("\n")
    assert lines[:9] == HEAD
    text = "".join(f"{line}\n" for line in FORMS[form](lines)).encode()
    name = text.split(b"\n")[0].decode()
    (exported / "manifest.txt").write_text(f"{signed(text, log.signer.line(text, name))}\n", "utf-8")
    assert is_changed(exported) in {"manifest_form", "unknown_signer"} - (
        {"unknown_signer"} if form != "no register" else set()
    )


def test_two_manifests_are_none(exported: Path) -> None:
    path = exported / "manifest.txt"
    path.write_bytes(path.read_bytes() * 2)
    assert is_changed(exported) == "manifest_form"
    path.write_bytes(b"")
    assert is_changed(exported) == "manifest_form"


def test_an_export_of_another_log_is_not_that_of_this_manifest(
    exported: Path, log: Logged, tmp_path: Path
) -> None:
    files = (exported / "manifest.txt").read_text("utf-8").split("\n\n")[0].split("\n")[7:]
    log.signer.name = log.origin = log.origin.replace("honnin", "fuhyo")
    manifest(exported, log.signer, files)
    assert is_changed(exported) == "unknown_signer"
    log.state(log.signer, Kind.PIN_CLEARED, [("label", "x")])
    log.export(tmp_path / "e", sizes=(8,))
    assert fault(tmp_path / "e") == "other_log"
