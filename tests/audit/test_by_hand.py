"""What docs/audit/EXPORT.md says can be done by hand is done as it stands there."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.audit.exports import Logged, fingerprint, remade

PAGE = Path(__file__).parents[2] / "docs" / "audit" / "EXPORT.md"


def steps() -> str:
    return "\n".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))


def by_hand(folder: Path, tmp_path: Path) -> tuple[int, list[str]]:
    """Exit status and lines of all steps, run one after the other."""
    script = "set -euo pipefail\n" + steps().replace("/tmp/", f"{tmp_path}/")  # noqa: S108 - not used
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout.splitlines()


@pytest.fixture(params=["whole", "span"])
def small(request: pytest.FixtureRequest, log: Logged, tmp_path: Path) -> Path:
    """The log from its beginning, and a part of it, with one entry opened."""
    span = request.param == "span"
    log.export(tmp_path / "e", sizes=(3, 8) if span else (8,), first=3 if span else 0, open_seqs=(5,))
    return tmp_path / "e"


def test_an_export_verifies_by_hand(small: Path, log: Logged, tmp_path: Path) -> None:
    status, told = by_hand(small, tmp_path)
    assert status == 0
    files, key, manifest, checkpoint, root, signed, field, committed = told
    assert files == "files: OK"
    assert key.split()[0] == fingerprint(log.signer)
    assert manifest == checkpoint == "Verified OK"
    assert root == signed
    assert committed.endswith(field)
    assert len(field) == 64


CHANGES = {"entries-0001.jsonl": "operator:s01", "checkpoints.txt": "2026-04", "keys.jsonl": "MFkw"}


@pytest.mark.parametrize("file", sorted(CHANGES))
def test_what_was_changed_does_not(small: Path, tmp_path: Path, file: str) -> None:
    text = (small / file).read_text("utf-8")
    at = text.rindex(CHANGES[file]) + (60 if file == "keys.jsonl" else 0)
    (small / file).write_text(text[:at] + ("3" if text[at] != "3" else "4") + text[at + 1 :], "utf-8")
    assert "files: OK" not in by_hand(small, tmp_path)[1]
    remade(small)
    status, told = by_hand(small, tmp_path)
    if file == "entries-0001.jsonl":
        assert (status, told[2:4]) == (0, ["Verified OK"] * 2)
        assert told[4] != told[5]
    else:
        assert status != 0
        assert told.count("Verified OK") == (file == "checkpoints.txt")


def test_a_manifest_that_was_changed_does_not(small: Path, tmp_path: Path) -> None:
    path = small / "manifest.txt"
    path.write_text(path.read_text("utf-8").replace("until 2026", "until 2027"), "utf-8")
    status, told = by_hand(small, tmp_path)
    assert status != 0
    assert "Verified OK" not in told


def test_the_tools_are_there() -> None:
    assert all(map(shutil.which, ("bash", "openssl", "sha256sum", "sed", "awk", "base64", "od")))
