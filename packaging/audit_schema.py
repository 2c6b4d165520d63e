"""Writes docs/audit/entry.schema.json from the table of actions and their fields: make schema."""

from pathlib import Path

from daemon.audit.schema import written

TARGET = Path(__file__).parents[1] / "docs" / "audit" / "entry.schema.json"

if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(written(), "utf-8")
