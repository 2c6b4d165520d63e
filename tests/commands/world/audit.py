"""The log of a world's register, as an auditor gets it."""

from pathlib import Path

from daemon.audit.exporter import exported
from tests.audit.exports import check
from tests.conftest import Bench


async def is_sound(bench: Bench, folder: Path) -> bool:
    """Whether the whole log, signed to its end and exported to a folder, is verified."""
    parts = bench.open
    await parts.signer.sign()
    folder.mkdir()
    async for line in exported(
        bench.config.register, parts.journal, parts.engine, parts.signer, bench.service
    ):
        with (folder / line.file).open("a", encoding="utf-8") as file:
            file.write(line.line + "\n")
    return check(folder).verified > 0
