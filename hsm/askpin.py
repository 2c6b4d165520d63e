"""Asks a person for a PIN and hands it to whoever connects to the socket "ask-pin": the service manager alone.

    python -m hsm.askpin REGISTER

`LoadCredential=pin.asked:SOCKET` makes the service manager connect and read to the end (systemd.exec(5)); this asks by
systemd-ask-password(1), whose agents sit at the console, at Plymouth, or behind `systemd-tty-ask-password-agent`. One
question, one answer; the PIN goes from one descriptor to another and into no argument, file or log.
"""

import os
import socket
import subprocess
import sys

from daemon import memory, service

ASK = "/bin/systemd-ask-password"
_NEEDED = 2  # arguments, the program's name included


def serve(listening: socket.socket, command: list[str]) -> int:
    """Answer one caller with what `command` prints; its exit status."""
    listening.settimeout(None)
    connection, _ = listening.accept()
    with connection:
        # The person's answer goes straight into the socket: this process never holds it.
        done = subprocess.run(command, stdout=connection.fileno(), stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - ours
        return done.returncode


def main() -> None:
    """Entry point."""
    if len(sys.argv) != _NEEDED or not sys.argv[1].isalnum():
        sys.exit("usage: python -m hsm.askpin REGISTER")
    os.umask(0o077)
    memory.seal_process()
    register = sys.argv[1]
    question = f"PIN of the token of {register} ({register}のトークンのPIN):"
    command = [ASK, "--no-tty", "--timeout=0", f"--id=jukura:{register}", "--icon=dialog-password", question]
    sys.exit(serve(service.take(service.handed_in(), "ask-pin"), command))


if __name__ == "__main__":
    main()
