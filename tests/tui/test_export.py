from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.contract.console import ExportLine
from daemon.errors import InputError, IntegrityError, StateError
from tui.export import NAME, ExportFolder, make_folder


def test_lines_go_to_their_files_in_order(tmp_path: Path) -> None:
    target = tmp_path / "new"
    with ExportFolder(make_folder(target)) as folder:
        for file, line in (("entries.jsonl", "一"), ("keys.jsonl", "k"), ("entries.jsonl", "二")):
            folder.add(ExportLine(file=file, line=line))
        folder.finish()
    assert (target / "entries.jsonl").read_text("utf-8") == "一\n二\n"
    assert (target / "keys.jsonl").read_text("utf-8") == "k\n"
    assert folder.lines == {"entries.jsonl": 2, "keys.jsonl": 1}
    assert {file.stat().st_mode & 0o777 for file in target.iterdir()} == {0o600}
    assert target.stat().st_mode & 0o777 == 0o700


def test_what_is_not_finished_is_taken_back(tmp_path: Path) -> None:
    with ExportFolder(make_folder(tmp_path)) as folder:
        folder.add(ExportLine(file="entries.jsonl", line="x"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("mine")
    with pytest.raises(InputError) as error:
        make_folder(tmp_path)
    assert error.value.code == "console.folder_not_empty"
    assert [file.name for file in tmp_path.iterdir()] == [".hidden"]


@pytest.mark.parametrize("where", ["missing/below", "file"])
def test_a_place_that_is_no_folder_is_said(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError) as error:
        make_folder(tmp_path / where)
    assert error.value.code == "console.folder_unwritable"


@pytest.mark.parametrize(
    "name",
    [
        "../x.txt",
        "/etc/x.txt",
        "",
        ".",
        "..",
        ".x.txt",
        "a/b.txt",
        "x",
        "x.sh",
        "x.txt\n",
        "x\0.txt",
        "é.txt",
    ],
)
def test_a_file_name_that_could_lead_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with ExportFolder(make_folder(tmp_path)) as folder:
        folder.add(ExportLine(file="entries.jsonl", line="x"))
        with pytest.raises(IntegrityError) as error:
            folder.add(ExportLine(file=name, line="x"))
    assert error.value.code == "console.bad_file_name"
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=40))
def test_no_name_with_a_separator_or_a_leading_dot_is_a_file_of_an_export(name: str) -> None:
    if "/" in name or "\0" in name or name.startswith("."):
        assert not NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["entries.jsonl", "checkpoints.txt", "checkpoint", "keys.jsonl", "README.txt"]
)
def test_the_files_of_an_export_are_allowed(name: str) -> None:
    assert NAME.fullmatch(name)


def test_a_file_that_came_meanwhile_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    target = tmp_path / "target"
    with ExportFolder(make_folder(target)) as folder:
        (target / "entries.jsonl").symlink_to(outside)
        with pytest.raises(StateError):
            folder.add(ExportLine(file="entries.jsonl", line="x"))
    assert outside.read_text() == "precious"
