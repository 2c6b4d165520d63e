"""The table of the assessment's lines names only what there is, says what each status needs, and the document counts rightly."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert
from msgspec.structs import replace
from typer.core import TyperGroup

from daemon.audit.action import Action
from daemon.contract.conformance import document
from daemon.contract.conformance.lines import (
    Chapter,
    File,
    Line,
    Status,
    chapters,
    check,
    lines,
    position,
    titles,
)
from daemon.contract.messages import Text
from tui.cli import app

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "CONFORMANCE.md"
LINES = lines()
MET = next(line for line in LINES if line.status is Status.MET)
SAID = Text("ある。", "There is.")
BARE = {"functions": (), "tests": (), "actions": (), "records": (), "remark": None}
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def is_command(words: Sequence[str]) -> bool:
    """Whether the project has a program, and it a command, of these words."""
    program, *rest = words
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    found: object = typer.main.get_group(app) if rest else None
    for word in rest:
        found = found.commands.get(word) if isinstance(found, TyperGroup) else None
    return program in scripts and (not rest or found is not None)


def is_function(name: str) -> bool:
    """Whether `name` is a file of the project, a command or a module."""
    if "/" in name:
        return (ROOT / name).is_file()
    if name.startswith("jukura"):
        return is_command(name.split())
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@cache
def functions_of(file: Path) -> frozenset[str]:
    """The test functions of one file."""
    tree = ast.parse(file.read_text("utf-8")) if file.is_file() else ast.Module([], [])
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def is_test(name: str) -> bool:
    file, _, function = name.partition("::")
    return function.startswith("test_") and function in functions_of(ROOT / file)


def unknown(lines: Iterable[Line]) -> list[str]:
    """Everything that a line names and that there is not."""
    return [
        name
        for line in lines
        for names, exists in (
            (line.functions, is_function),
            (line.tests, is_test),
            (line.actions, set(Action).__contains__),
            (line.records, lambda name: (ROOT / name).is_file()),
        )
        for name in names
        if not exists(name)
    ]


def texts(lines: Iterable[Line]) -> Iterator[Text]:
    for line in lines:
        yield line.asks
        yield from [line.remark] if line.remark else []


def is_told(text: Text) -> bool:
    """Whether each language says a sentence of its own."""
    english = len(re.findall(r"[A-Za-z]", text.en)) > len(JAPANESE.findall(text.en)) and text.en.endswith(".")
    return english and bool(JAPANESE.search(text.ja)) and text.ja.endswith("。")


def test_the_document_is_of_today() -> None:
    assert DOCUMENT.read_text("utf-8") == document.written()


def test_whatever_is_named_is_there() -> None:
    assert len(LINES) >= 60
    assert unknown(LINES) == []


@pytest.mark.parametrize(
    "named",
    [
        {"functions": ("daemon.nowhere",)}, {"functions": ("jukura nothing",)}, {"functions": ("jukura status more",)},
        {"functions": ("jukura-nothing",)}, {"functions": ("systemd/nothing.service",)},
        {"tests": ("tests/test_nowhere.py::test_it",)}, {"tests": ("tests/test_app.py::test_it_is_not_there",)},
        {"tests": ("tests/test_app.py",)}, {"tests": ("tests/contract/test_conformance.py::is_test",)},
        {"actions": ("notice.lost",)}, {"records": ("docs/NOTHING.md",)},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_name_is_found(named: dict[str, tuple[str, ...]]) -> None:
    assert unknown([replace(MET, **named)]) == list(*named.values())


def test_everything_is_said_in_both_languages() -> None:
    assert [text for text in texts(LINES) if not is_told(text)] == []
    assert all(JAPANESE.search(title.ja) and title.en.isascii() for title in titles().values())


@pytest.mark.parametrize(
    "text",
    [Text("", "There is."), Text("ある。", ""), Text("There is.", "There is."), Text("ある。", "ある。")],
    ids=str,
)
def test_what_is_said_in_one_language_is_found(text: Text) -> None:
    assert not is_told(text)


def test_every_section_in_question_has_its_lines() -> None:
    wanted = ["I-2", "II-3", "II-4", "II-5", "II-6", "III-2", "III-3", "III-4", "III-5", "III-6", "III-7"]
    assert list(titles()) == [*wanted, "IV-1", "IV-2", "V-1", "V-2"]
    assert {line.section for line in LINES} == set(titles())
    for chapter in chapters():
        assert {line.section for line in chapter.line} == set(chapter.sections)


@pytest.mark.parametrize(
    ("first", "second"),
    [(File.BOTH, File.BOTH), (File.BOTH, File.FUHYO), (File.HONNIN, File.BOTH), (File.FUHYO, File.FUHYO)],
)
def test_no_place_occurs_twice_for_one_file(first: File, second: File) -> None:
    with pytest.raises(ValueError, match=rf"twice: {MET.place}"):
        check([replace(MET, file=first), replace(MET, file=second)])


def test_each_file_may_have_a_line_at_one_place() -> None:
    check([replace(MET, file=File.HONNIN), replace(MET, file=File.FUHYO)])


@given(st.integers(0, len(LINES) - 1), st.integers(0, len(LINES) - 1))
def test_lines_stand_in_the_order_of_the_assessment(one: int, other: int) -> None:
    here, there = LINES[min(one, other)], LINES[max(one, other)]
    assert position(here.place) <= position(there.place)
    if position(here.place) != position(there.place):
        with pytest.raises(ValueError, match="out of order"):
            check([there, here])


def test_places_ascend_as_they_are_printed() -> None:
    printed = [
        "I-2 ②1 更新", "I-2 ③", "II-4 委託事項1 ①", "II-4 委託事項2 ①", "II-5 提供先1 ③", "II-5 提供先1 ⑥⑦", "II-5 提供先3 ②",
        "II-5 移転先1 ②③", "II-6 ①", "III-3 リスク1 宛名", "III-3 リスク4 ・1", "III-3 その他のリスク ・1", "III-4 提供", "IV-1 ②", "V-2 ①",
    ]  # fmt: skip
    places = [position(place) for place in printed]
    assert places == sorted(set(places))


@pytest.mark.parametrize(
    "place", ["", "VI-1", "III", "III-3リスク1", "III-x", " I-2", "I-0", "III-3 リスク1x", "II-3 ⑧x"]
)
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match="no place"):
        position(place)
    with pytest.raises(ValueError, match="regex"):
        convert(
            {"sections": {}, "line": [{"place": place, "asks": {"ja": "", "en": ""}, "status": "met"}]},
            Chapter,
        )


SAYS = {"functions": MET.functions, "tests": MET.tests, "actions": ("notice.applied",), "remark": SAID}
FITS = {
    Status.MET: [{"functions", "tests", "actions"}, {"functions", "tests", "actions", "remark"}],
    Status.BY_OFFICE: [set(), {"remark"}, {"actions"}, {"actions", "remark"}],
    Status.NOT_AS_WRITTEN: [
        {"remark"}, {"remark", "actions"}, {"remark", "functions", "tests"}, {"remark", "functions", "tests", "actions"},
    ],
    Status.NOT_YET: [
        {"remark"}, {"remark", "actions"}, {"remark", "functions", "tests"}, {"remark", "functions", "tests", "actions"},
    ],
}  # fmt: skip
"""What a line of each status may say; nothing else goes."""


@pytest.mark.parametrize("status", Status)
@given(said=st.sets(st.sampled_from(sorted(SAYS))))
def test_a_line_says_what_its_status_needs_and_no_more(status: Status, said: set[str]) -> None:
    line = replace(MET, status=status, **(BARE | {name: SAYS[name] for name in said}))
    if said in FITS[status]:
        check([line])
    else:
        with pytest.raises(ValueError, match=rf"{MET.place}: {status}"):
            check([line])


def test_a_document_is_evidence_too() -> None:
    check([replace(MET, actions=(), records=("docs/SECURITY.md",))])


@given(st.sets(st.integers(0, len(LINES) - 1)).map(lambda some: [LINES[place] for place in sorted(some)]))
def test_the_document_counts_and_tells_every_line(some: list[Line]) -> None:
    text = document.markdown(some, titles())
    rows = {
        title.split()[0].strip("*"): [int(number) for number in numbers]
        for title, *numbers in re.findall(
            r"^\| ([^|]+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", text, re.MULTILINE
        )
    }
    for section in (*titles(), "計"):
        of_it = Counter(line.status for line in some if section in (line.section, "計"))
        assert rows[section] == [*(of_it[status] for status in Status), sum(of_it.values())]
    told = re.findall(r"^### (.+)$", text, re.MULTILINE)
    assert [place.partition("（")[0] for place in told] == [line.place.partition("（")[0] for line in some]
    assert len(set(told)) == len(some)
    for line in some:
        said = [part for told in texts([line]) for part in (told.ja, told.en)]
        assert all(
            name in text for name in (*line.functions, *line.tests, *line.actions, *line.records, *said)
        )
    listed = text.partition("## 満たしていない")[2].partition("\n## ")[0]
    open_ = [line for line in some if line.status in (Status.NOT_YET, Status.NOT_AS_WRITTEN)]
    assert len(re.findall(r"^- ", listed, re.MULTILINE)) == len(open_)


def test_a_place_of_one_file_names_that_file() -> None:
    text = document.markdown([replace(MET, file=File.FUHYO)], titles())
    assert f"### {MET.place}（附票本人確認情報ファイル）" in text
