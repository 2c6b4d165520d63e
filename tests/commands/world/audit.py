"""The log of a world's register, as an auditor gets it."""

from pathlib import Path

from tests.audit.exporting import taken
from tests.audit.exports import check
from tests.conftest import Bench


async def is_sound(bench: Bench, folder: Path) -> bool:
    """Whether the whole log, signed to its end and exported to a folder, is verified."""
    return check(await taken(bench, folder)).verified > 0
