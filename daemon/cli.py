"""`jukurad`: one register as a service. Sockets `console` and `peers` are handed in (sd_listen_fds(3))."""

import asyncio
import logging
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from daemon import config, logs, memory, pace, service
from daemon.app import App
from daemon.clock import SystemClock
from daemon.contract.messages import text_of
from daemon.errors import JukuraError
from hsm.client import KeyClient

log = logging.getLogger(__name__)

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@cli.command()
def run(
    # Not `readable`: access(2) does not count capabilities, and opening says it better anyway.
    state: Annotated[Path, typer.Option(readable=False, help="Folder of register.db and index.db")],
    config_file: Annotated[Path, typer.Option("--config", readable=False, help="The register's TOML file")],
) -> None:
    """Serve one register until SIGTERM."""
    os.umask(0o077)
    logs.start()
    # The class keys will be in this process.
    steps = memory.seal_process()
    log.info("memory", extra={"reasons": [step for step, held in steps.items() if not held]})
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    pace.settle()
    try:
        read = config.read(config_file)
        sys.exit(asyncio.run(_serve(read, state)))
    except JukuraError as error:
        text = text_of(error.code)
        print(f"jukurad: {error}\n{text.ja}\n{text.en}", file=sys.stderr)
        sys.exit(1)


async def _serve(read: config.Config, state: Path) -> int:
    client = KeyClient(read.key_service)
    return await App(read, state, service.handed_in(), client, SystemClock(), version("jukura")).run()


def main() -> None:
    """The entry point."""
    cli()


if __name__ == "__main__":
    main()
