"""Deletion in small steps, without rests."""

import pytest


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.retention.purging.BREATH", 0)
    monkeypatch.setattr("daemon.retention.deleting.STEP", 4)
