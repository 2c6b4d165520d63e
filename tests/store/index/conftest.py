"""An index in a folder of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.store.index import Index

KEY = bytes(range(32))
TRUTH = b"t" * 16


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[Index]:
    """New, and following a truth of which nothing is in yet."""
    opened = await Index.open(tmp_path / "index.db", KEY)
    await opened.start(TRUTH, 0)
    yield opened
    await opened.close()
