"""The verifier as a program, and where it must agree with the register."""

import json
import shutil
import subprocess
import sys
import tracemalloc
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audit.action import Action
from daemon.audit.entry import Header, Outcome, Sealed, commitment, seal_parts
from daemon.audit.verify import entries, forms, leaves, program, texts
from daemon.errors import IntegrityError
from tests.audit.exports import ENTRIES, NOW, Logged, checked, kept

BUILD = Path(__file__).parents[2] / "packaging" / "verifier.py"


def test_the_program_alone_verifies_and_needs_nothing_of_ours(
    exported: Path, log: Logged, tmp_path: Path
) -> None:
    alone = tmp_path / "jukura-verify.pyz"
    subprocess.run([sys.executable, BUILD, alone], check=True, timeout=30)

    def run(*arguments: str | Path) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-I", alone, *arguments], capture_output=True, timeout=30, check=False
        )
        return done.returncode, (done.stdout + done.stderr).decode()

    status, text = run(
        exported, "--known", kept(exported, log.note(5)), "--key", sha256(log.signer.public).hexdigest()
    )
    assert (status, "result: VERIFIED" in text, "結果: 検証できた" in text, "[NG]" in text) == (
        0,
        True,
        True,
        False,
    )
    assert not any(word in text for word in ("ヤマグチ", "1902"))
    zipped = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, exported.name)
    assert run(zipped)[0] == 0
    (exported / ENTRIES).write_bytes((exported / ENTRIES).read_bytes()[:-10])
    assert run(exported)[0] == 1
    (exported / ENTRIES).unlink()
    assert run(exported)[0] == 1
    Path(zipped).write_bytes(Path(zipped).read_bytes()[:-30])
    for arguments in (
        (zipped,),
        (tmp_path / "nowhere",),
        (exported, "--known", tmp_path / "nothing"),
        (),
        (exported, "--key", "xyz"),
        (exported, "--witness", "w+00000000+BAAA"),
        (exported, "--receipt", tmp_path / "nothing"),
    ):
        assert run(*arguments)[0] == 2


def test_the_program_says_what_it_did_not_check(
    exported: Path, log: Logged, capsys: pytest.CaptureFixture[str]
) -> None:
    (exported / "notes.docx").touch()
    assert program.main([str(exported)]) == 0
    told = capsys.readouterr().out
    for text in (
        "withheld",
        "no known checkpoint",
        sha256(log.signer.public).hexdigest(),
        "no evidence",
        "1 files",
    ):
        assert text in told
    assert "unsigned tail" not in told
    assert "clock" not in told
    assert program.main([str(exported), "--key", sha256(log.signer.public).hexdigest()]) == 0
    assert "compare its fingerprint" not in capsys.readouterr().out


PLAIN_LEAF = seal_parts(
    Header(epoch=1, seq=0, time=NOW, actor="", terminal="", action=Action.KEY_MADE, outcome=Outcome.OK),
    {},
    bytes,
)[0].decode()
TEXTS = st.text(st.sampled_from("az09A._:/@-é 山\n"), max_size=70) | st.from_regex(
    r"[a-z_]{1,5}[0-9]{2,12}", fullmatch=True
)


@given(st.sampled_from(["actor", "terminal", "affair", "code", "counts"]), TEXTS, st.integers(-1, 10**11))
def test_register_and_verifier_agree_on_the_form_of_a_header(name: str, text: str, count: int) -> None:
    value: Any = {text: count} if name == "counts" else text
    plain: dict[str, Any] = {"actor": "", "terminal": ""}
    try:
        leaf, _ = seal_parts(
            Header(
                epoch=1, seq=0, time=NOW, action=Action.KEY_MADE, outcome=Outcome.OK, **plain | {name: value}
            ),
            {},
            bytes,
        )
    except IntegrityError:
        assert leaves.leaf_of(forms.canonical(json.loads(PLAIN_LEAF) | {name: value})) is None
    else:
        assert leaves.leaf_of(leaf.decode()) is not None


@given(
    st.binary(min_size=32, max_size=32),
    st.text(st.characters(exclude_categories=["Cs"])) | st.lists(st.integers(-9, 9)),
)
def test_register_and_verifier_agree_on_commitments(salt: bytes, value: Any) -> None:
    assert entries.commitment("n", [b64encode(salt).decode(), value]) == commitment("n", Sealed(salt, value))


def test_every_message_is_in_both_languages() -> None:
    assert all(len(texts) == 2 for texts in texts.TEXTS.values())
    assert all(texts[1].isascii() and not texts[0].isascii() for texts in texts.TEXTS.values())


def test_memory_does_not_grow_with_the_log(tmp_path: Path, log: Logged) -> None:
    peaks = []
    for count in (500, 3000):
        log.add(count)
        log.export(tmp_path / str(count), sizes=(len(log.entries),))
        tracemalloc.start()
        checked(tmp_path / str(count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 64 * 1024
