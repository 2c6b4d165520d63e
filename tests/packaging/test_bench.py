"""What the benches of search lean on: sizes that add up, a plot that is one, and questions that are about somebody."""

import importlib
import secrets
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

from daemon.contract.console import Hit, Lookup
from daemon.register.effect import in_force
from daemon.register.reasons import standing_of
from daemon.register.rows import HonninRow
from daemon.register.transitions import Standing
from daemon.rehearsal.history import Histories
from daemon.rehearsal.residents import Source
from daemon.store.connection import connector

BENCH = Path(__file__).parents[2] / "packaging" / "bench"
TODAY = date(2026, 11, 24)
SVG = "{http://www.w3.org/2000/svg}"


def bench(name: str) -> ModuleType:
    """A module of the benches, which find each other beside them."""
    if str(BENCH) not in sys.path:
        sys.path.append(str(BENCH))
    return importlib.import_module(name)


@pytest.fixture(scope="module")
def histories() -> Histories:
    return Histories(9, 1000, TODAY, source=Source.load())


def test_every_byte_of_a_file_belongs_to_something(tmp_path: Path) -> None:
    file, key = tmp_path / "some.db", secrets.token_bytes(32)
    connection = connector(file, key, ())
    connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)")
    connection.execute("CREATE INDEX by_name ON people (name)")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO people (name) VALUES (?)", [(secrets.token_hex(20),) for _ in range(3000)]
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    found = bench("sizes").by_name(file, key, tmp_path / "scratch")
    assert set(found) == {"people", "by_name", "sqlite_schema"}
    assert sum(found.values()) == file.stat().st_size
    assert [part.name for part in tmp_path.iterdir()] == ["some.db"]


def test_a_plot_has_every_point_within_it() -> None:
    plot = bench("plot")
    lines = [plot.Line("a < b", [(1e4, 1.5), (1e6, 3.0)]), plot.Line("c", [(1e4, 40.0)])]
    picture = ET.fromstring(plot.drawn(lines, across="residents", up="ms"))  # noqa: S314 - our own
    places = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in picture.iter(f"{SVG}circle")]
    assert len(places) == 3
    assert all(plot.LEFT < x < plot.WIDTH - plot.RIGHT for x, _ in places)
    assert all(plot.TOP < y < plot.HEIGHT - plot.BOTTOM for _, y in places)
    assert places[2][1] < places[1][1] < places[0][1]
    assert {"a < b", "c", "residents", "ms"} <= {text.text for text in picture.iter(f"{SVG}text")}


def test_a_table_takes_its_place_in_a_document(tmp_path: Path) -> None:
    growth, document = bench("growth"), tmp_path / "some.md"
    document.write_text(f"before\n{growth.BEGIN}old\n{growth.END}after\n", "utf-8")
    growth.put_into(document, "new\n")
    assert document.read_text("utf-8") == f"before\n{growth.BEGIN}new\n{growth.END}after\n"


@pytest.mark.parametrize("kind", list(bench("questions").KINDS))
def test_a_question_is_about_one_of_the_people(kind: str, histories: Histories) -> None:
    questions = bench("questions")
    rows = {row for history in histories for row in history}
    asked = questions.questions(kind, histories, TODAY, 50)
    assert 20 < len(asked) <= 50
    for question in asked:
        assert (question.expected is None) == kind.startswith("too broad")
        assert question.expected is None or question.expected in rows


def test_questions_need_what_they_are_called_after(histories: Histories) -> None:
    questions = bench("questions")
    by_code = {history[0].juminhyo_code: history for history in histories}

    def of(kind: str) -> list[tuple[HonninRow, HonninRow, HonninRow]]:
        """Whom each question means, the same person as of today, and their oldest version."""
        found = []
        for question in questions.questions(kind, histories, TODAY, 50):
            history = by_code[question.expected.juminhyo_code]
            today = in_force(history, TODAY)
            assert isinstance(today, HonninRow)
            found.append((question.expected, today, history[0]))
        return found

    assert all(meant != today for meant, today, _ in of("as of a day"))
    assert all(meant == today for meant, today, _ in of("former name"))
    assert all(standing_of(meant) is not Standing.PRESENT for meant, _, _ in of("struck off"))
    assert all(isinstance(one.asked, Lookup) for one in questions.questions("code", histories, TODAY, 50))


def test_an_answer_is_right_only_with_the_one_who_is_meant(histories: Histories) -> None:
    question, other, *_ = bench("questions").questions("kana + birth", histories, TODAY, 50)
    meant = question.expected

    def hit(row: HonninRow) -> Hit:
        return Hit(
            person="", name=row.name, kana=row.kana, birth=row.birth, sex=row.sex, address=row.address,
            municipality=row.municipality, standing="present",
        )  # fmt: skip

    assert question.answered([hit(other.expected), hit(meant)])
    assert not question.answered([hit(other.expected)])
    assert not question.answered([])
