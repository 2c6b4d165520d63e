"""Checkpoints in the machine's journal: the very datagram that journald is sent, at the very path (systemd's native protocol)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.upkeep import HOURLY_CHECKPOINT
from tests.hsm.opencryptoki import propagation

NOTE = "jukura.jp/honnin/1\n7\nAAAA\ntime 2026-11-27T03:00:00Z\n\n— jukura.jp/honnin/1 AAAAAAAA\n"

_PRIVATE = 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && exec "$@"'
"""In a mount namespace of the test's own; the machine's journal is not touched."""

_TELL = """
import socket, sys
from daemon.audit.checkpoints import Signed
from daemon.register.rows import Register
from daemon.upkeep import to_journal
signed = Signed(7, sys.argv[2])
ears = None
if sys.argv[1] == "there":
    ears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ears.bind("/run/systemd/journal/socket")
if sys.argv[1] == "dead":
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as gone:
        gone.bind("/run/systemd/journal/socket")
print(to_journal(Register.HONNIN, signed), flush=True)
if ears:
    sys.stdout.buffer.write(ears.recv(65536))
"""


_REAL = """
mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /var/log; mount -t tmpfs tmpfs /etc/systemd
printf '[Journal]\\nStorage=volatile\\nAudit=no\\nReadKMsg=no\\n' >/etc/systemd/journald.conf
/lib/systemd/systemd-journald &
until test -S /run/systemd/journal/socket; do sleep 0.05; done
"$@" >&2
until found=$(cat /run/log/journal/*/system.journal | wc -c) && test "$found" -gt 0; do sleep 0.05; done
journalctl --sync || sleep 1
journalctl --file=$(echo /run/log/journal/*/system.journal) MESSAGE_ID="$ID" JUKURA_REGISTER=honnin -o cat
"""
"""journald itself in namespaces of the test's own; nothing of it stays behind."""

_TELL_TWICE = """
import sys
from daemon.audit.checkpoints import Signed
from daemon.register.rows import Register
from daemon.upkeep import to_journal
for register, size in ((Register.HONNIN, 7), (Register.FUHYO, 8), (Register.HONNIN, 9)):
    assert to_journal(register, Signed(size, sys.argv[1].replace("\\n7\\n", f"\\n{size}\\n")))
"""


def told(journal: str) -> tuple[bool, bytes]:
    """Whether there was a journal, and what it was sent."""
    namespaces = ["unshare", "--mount", f"--propagation={propagation()}"]
    if os.geteuid():
        namespaces += ["--user", "--map-root-user"]
    run = subprocess.run(
        [*namespaces, "sh", "-euc", _PRIVATE, "sh", sys.executable, "-c", _TELL, journal, NOTE],
        capture_output=True,
        check=True,
        timeout=30,
        cwd=Path(__file__).parents[1],
    )
    answer, _, datagram = run.stdout.partition(b"\n")
    return answer == b"True", datagram


def fields(datagram: bytes) -> dict[str, str]:
    """NAME=value lines; a value of several lines follows its name, with its length in 8 bytes before it."""
    found: dict[str, str] = {}
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(rest[:8], "little")
            value, rest = rest[8 : 8 + size], rest[9 + size :]
        found[name.decode()] = value.decode()
        datagram = rest
    return found


def test_the_journal_is_sent_the_note_as_it_stands_with_what_finds_it() -> None:
    there, datagram = told("there")
    sent = fields(datagram)
    assert there
    assert sent["MESSAGE"] == NOTE, "so that -o cat gives a file that jukura-verify takes as --known"
    assert sent["MESSAGE_ID"] == HOURLY_CHECKPOINT.hex
    assert (sent["JUKURA_REGISTER"], sent["JUKURA_SIZE"], sent["PRIORITY"]) == ("honnin", "7", "5")
    assert sent.keys() <= {
        "MESSAGE",
        "MESSAGE_ID",
        "JUKURA_REGISTER",
        "JUKURA_SIZE",
        "PRIORITY",
        "SYSLOG_IDENTIFIER",
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start another journald")
def test_the_journal_itself_gives_back_the_notes_as_the_verifier_reads_them() -> None:
    namespaces = ["unshare", "--mount", f"--propagation={propagation()}", "--pid", "--fork", "--kill-child"]
    tell = [sys.executable, "-c", _TELL_TWICE, NOTE]
    run = subprocess.run(
        [*namespaces, "--mount-proc", "sh", "-euc", _REAL, "sh", *tell],
        capture_output=True,
        check=False,
        timeout=50,
        cwd=Path(__file__).parents[1],
        env={**os.environ, "ID": HOURLY_CHECKPOINT.hex},
    )
    assert run.returncode == 0, run.stderr.decode()
    told_of = [NOTE, NOTE.replace("\n7\n", "\n9\n")]
    assert run.stdout.decode() == "".join(f"{note}\n" for note in told_of), "an empty line after each"


def test_where_nobody_listens_that_is_told_and_nothing_breaks() -> None:
    assert told("absent") == (False, b"")
    assert told("dead") == (False, b"")


def test_the_documents_name_the_id() -> None:
    root = Path(__file__).parents[1]
    assert f"journalctl MESSAGE_ID={HOURLY_CHECKPOINT.hex}" in (root / "docs/OPERATIONS.md").read_text(
        "utf-8"
    )
    for catalog in ("jukura.catalog", "jukura.ja.catalog"):
        head = f"-- {HOURLY_CHECKPOINT.hex}\n"
        assert head in (root / "systemd/catalog" / catalog).read_text("utf-8")
