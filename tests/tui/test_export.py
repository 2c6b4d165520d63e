"""The folder of an export: every file held against the manifest, nothing else written over, and taken up where it was left."""

import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.contract.manifest import FILE_NAME, NAME, File, ManifestKind, files_of, manifest_text
from daemon.errors import InputError, IntegrityError, StateError
from tui.export import ExportFolder, make_folder

CONTENT = {"entries-0001.jsonl": "一\n二\n".encode(), "keys.jsonl": b"k\n", "statements.txt": b""}


def manifest(content: dict[str, bytes], ident: str = "0a" * 16) -> bytes:
    files = [File(name=name, sha256=sha256(each).digest(), size=len(each)) for name, each in content.items()]
    at = datetime(2026, 4, 1, tzinfo=UTC)
    return (
        manifest_text("honnin", ManifestKind.EXPORT, ident, at, lines=[], files=files)
        + b"\n\xe2\x80\x94 x\n\n"
    )


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    for byte in content:
        yield bytes([byte])


async def filled(folder: ExportFolder, content: dict[str, bytes]) -> None:
    folder.begin(manifest(CONTENT))
    for file in folder.files:
        if not folder.holds(file):
            await folder.write(file, chunks(content[file.name]))


async def test_files_are_written_whole_for_their_owner_only(tmp_path: Path) -> None:
    target = tmp_path / "new"
    with ExportFolder(make_folder(target)) as folder:
        await filled(folder, CONTENT)
    assert {file.name: file.read_bytes() for file in target.iterdir()} == CONTENT | {NAME: manifest(CONTENT)}
    assert {file.stat().st_mode & 0o777 for file in target.iterdir()} == {0o600}
    assert target.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("wrong", ["一\n三\n".encode(), "一\n".encode(), "一\n二\n三\n".encode(), b""])
async def test_a_file_that_the_manifest_does_not_mean_is_not_kept(tmp_path: Path, wrong: bytes) -> None:
    with ExportFolder(make_folder(tmp_path)) as folder:
        with pytest.raises(IntegrityError) as error:
            await filled(folder, CONTENT | {"entries-0001.jsonl": wrong})
        assert (error.value.code, error.value.field) == ("console.export_damaged", "entries-0001.jsonl")
    assert [file.name for file in tmp_path.iterdir()] == [NAME]


async def test_it_is_taken_up_where_it_was_left(tmp_path: Path) -> None:
    with ExportFolder(make_folder(tmp_path)) as folder:
        folder.begin(manifest(CONTENT))
        await folder.write(folder.files[0], chunks(CONTENT[folder.files[0].name]))
    (tmp_path / "keys.jsonl.part").write_text("half")
    (tmp_path / "statements.txt").write_text("not what it should be")
    written = []
    with ExportFolder(make_folder(tmp_path)) as folder:
        folder.begin(manifest(CONTENT))
        for file in folder.files:
            if not folder.holds(file):
                written.append(file.name)
                await folder.write(file, chunks(CONTENT[file.name]))
    assert written == ["keys.jsonl", "statements.txt"]
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == CONTENT | {
        NAME: manifest(CONTENT)
    }


@pytest.mark.parametrize("there", [{".hidden": "mine"}, {"keys.jsonl": "mine"}, {"x.part": "mine"}])
def test_a_folder_with_something_else_in_it_is_refused_and_left_alone(
    tmp_path: Path, there: dict[str, str]
) -> None:
    for name, text in there.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as error:
        make_folder(tmp_path)
    assert error.value.code == "console.folder_not_empty"
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == there


@pytest.mark.parametrize(
    "other", [{NAME: manifest(CONTENT, "0b" * 16)}, {NAME: manifest(CONTENT), "mine.txt": b"mine"}]
)
def test_another_export_or_a_foreign_file_is_not_written_over(
    tmp_path: Path, other: dict[str, bytes]
) -> None:
    for name, content in other.items():
        (tmp_path / name).write_bytes(content)
    with ExportFolder(make_folder(tmp_path)) as folder, pytest.raises(InputError) as error:
        folder.begin(manifest(CONTENT))
    assert error.value.code == "console.folder_not_empty"
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == other


@pytest.mark.parametrize("where", ["missing/below", "file"])
def test_a_place_that_is_no_folder_is_said(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError) as error:
        make_folder(tmp_path / where)
    assert error.value.code == "console.folder_unwritable"


NAMES = [
    "../x.txt",
    "/etc/x.txt",
    "",
    ".",
    "..",
    ".x.txt",
    "a/b.txt",
    "x\0.txt",
    "é.txt",
    "README.TXT",
    NAME + "/",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_that_names_what_could_lead_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with ExportFolder(make_folder(tmp_path)) as folder, pytest.raises(InputError) as error:
        folder.begin(manifest({name: b""}))
    assert error.value.code == "manifest.malformed"
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=40))
def test_no_name_with_a_separator_or_a_leading_dot_is_a_file_of_an_export(name: str) -> None:
    if "/" in name or "\0" in name or name.startswith("."):
        assert not FILE_NAME.fullmatch(name)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\xff",
        b"x\n\n",
        manifest(CONTENT)[9:],
        manifest(CONTENT | {"x": b""}).replace(b" x\n", b" keys.jsonl\n"),
    ],
)
def test_what_is_no_manifest_is_refused(note: bytes) -> None:
    with pytest.raises(InputError, match=r"manifest\.malformed"):
        files_of(note)


async def test_a_file_that_came_meanwhile_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    target = tmp_path / "target"
    with ExportFolder(make_folder(target)) as folder:
        folder.begin(manifest(CONTENT))
        (target / "keys.jsonl.part").symlink_to(outside)
        (target / "keys.jsonl").symlink_to(outside)
        (target / "statements.txt").symlink_to(outside)
        with pytest.raises(OSError, match="symbolic link"):
            folder.holds(folder.files[2])
        await folder.write(folder.files[1], chunks(CONTENT["keys.jsonl"]))
    assert outside.read_text() == "precious"
    assert not (target / "keys.jsonl").is_symlink()


async def test_a_zip_has_the_same_files_and_takes_their_place(tmp_path: Path) -> None:
    packed = []
    for name in ("one", "two"):
        with ExportFolder(make_folder(tmp_path / name)) as folder:
            await filled(folder, CONTENT)
            folder.pack("all.zip")
        (file,) = (tmp_path / name).iterdir()
        packed.append(file.read_bytes())
        with zipfile.ZipFile(file) as there:
            assert {each: there.read(each) for each in there.namelist()} == CONTENT | {
                NAME: manifest(CONTENT)
            }
    assert packed[0] == packed[1]
