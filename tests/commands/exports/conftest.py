"""Few entries in a file."""

import pytest

from daemon.audit import export as files


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few entries in a file, so that there are several files."""
    monkeypatch.setattr(files, "PER_FILE", 7)
