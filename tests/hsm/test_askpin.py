"""The question for a PIN: one caller, one answer, straight from whoever answers into the caller's socket."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hsm.askpin import serve


def answered(folder: Path, command: list[str]) -> tuple[int, bytes]:
    """The exit status, and what a caller reads to the end, as the service manager does."""
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as caller:
        listening.bind(str(folder / "ask"))
        listening.listen()
        listening.setblocking(False)  # noqa: FBT003 - the socket module's own form
        status: list[int] = []
        serving = threading.Thread(target=lambda: status.append(serve(listening, command)), daemon=True)
        serving.start()
        caller.settimeout(10)
        caller.connect(str(folder / "ask"))
        raw = b"".join(iter(lambda: caller.recv(100), b""))
        serving.join(10)
        return status[0], raw


def test_the_caller_is_told_what_the_person_typed(tmp_path: Path) -> None:
    assert answered(tmp_path, ["printf", "kusunoki\\n"]) == (0, b"kusunoki\n")


def test_a_person_who_declines_is_no_pin(tmp_path: Path) -> None:
    status, raw = answered(tmp_path, ["false"])
    assert (status, raw) == (1, b"")


@pytest.mark.parametrize("arguments", [[], ["honnin", "more"], ["--id=x"], ["a b"]])
def test_anything_but_a_register_is_refused(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hsm.askpin", *arguments], capture_output=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert b"usage" in done.stderr
