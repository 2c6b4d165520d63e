"""`jukura conformance`, with no register anywhere."""

import json
from pathlib import Path

from daemon.contract.conformance import document
from daemon.contract.conformance.lines import Status, lines
from tests.tui.calling import Jukura, Ran


def test_it_prints_the_document(jukura: Jukura) -> None:
    assert jukura("conformance") == Ran(0, document.written(), "")


def test_it_writes_the_document_over_an_older_one(jukura: Jukura, states: Path) -> None:
    file = states / "CONFORMANCE.md"
    file.write_text("x" * 1_000_000, "utf-8")
    assert jukura("conformance", "--output", str(file)) == Ran(0, "", "")
    assert file.read_text("utf-8") == document.written()


def test_for_programs_it_is_json(jukura: Jukura, states: Path) -> None:
    told = json.loads(jukura("conformance", "--json").out)
    assert told["counts"] == {status: sum(line.status is status for line in lines()) for status in Status}
    assert [(line["place"], line["status"]) for line in told["lines"]] == [
        (line.place, line.status) for line in lines()
    ]
    jukura("conformance", "--json", "--output", str(states / "c.json"))
    assert json.loads((states / "c.json").read_text("utf-8")) == told


def test_a_file_that_cannot_be_written_is_said(jukura: Jukura, states: Path) -> None:
    ran = jukura("conformance", "--output", str(states / "nowhere" / "c.md"))
    assert (ran.code, ran.out) == (2, "")
    assert "conformance.unwritable [output]" in ran.err
