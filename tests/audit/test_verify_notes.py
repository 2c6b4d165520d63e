"""Notes that somebody has kept may come from paper, in lines that a sheet holds; those of an export may not."""

from pathlib import Path

import pytest

from daemon.audit.verify.faults import VerificationError
from daemon.audit.verify.notes import read_notes
from daemon.audit.verify.source import Folder

NOTE = "origin\n1\nAAAA\n\n— key AAAA\n  AAAA\n  AAAA\n"


def read(folder: Path, text: str, *, kept: bool) -> list[tuple[list[str], int]]:
    (folder / "kept.txt").write_text(text, "utf-8")
    found = read_notes(Folder(folder), "kept.txt", "checkpoint_form", kept=kept)
    return [(note.text, len(note.signatures[0][2])) for note in found]


def test_a_folded_line_is_put_together_again(tmp_path: Path) -> None:
    assert read(tmp_path, NOTE, kept=True) == [(["origin", "1", "AAAA"], 5)]
    assert read(tmp_path, NOTE.replace("AAAA\n\n", "AA\n  AA\n\n"), kept=True) == [
        (["origin", "1", "AAAA"], 5)
    ]
    assert len(read(tmp_path, f"{NOTE}\n{NOTE}", kept=True)) == 2


@pytest.mark.parametrize("text", [f"{NOTE}\n", f"  origin\n1\n\n{NOTE}\n"])
def test_in_an_export_it_is_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(VerificationError):
        read(tmp_path, text, kept=False)


def test_what_comes_before_any_line_continues_none(tmp_path: Path) -> None:
    assert read(tmp_path, f"  {NOTE}", kept=True)[0][0][0] == "  origin"
