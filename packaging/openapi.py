"""Writes docs/openapi/peer.json from the typed contract: make openapi."""

from importlib.metadata import version
from pathlib import Path

from daemon.contract.openapi import written
from daemon.contract.peer import ENDPOINTS

TARGET = Path(__file__).parents[1] / "docs" / "openapi" / "peer.json"

if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(written(ENDPOINTS, version("jukura")), "utf-8")
