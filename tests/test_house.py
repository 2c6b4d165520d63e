"""The house rules that no linter knows: texts for errors, clean files, and documents that say what is there."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from daemon.audit.action import Action
from daemon.contract.messages import texts

ROOT = Path(__file__).parents[1]
CODE = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9_]+")
TOO_LONG = 400  # lines


@cache
def files() -> tuple[Path, ...]:
    """Every text file of the project: what git tracks, and what it would."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )
    return tuple(
        sorted(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())
    )


def sources() -> Iterator[Path]:
    """The Python files of the three packages."""
    for package in ("daemon", "hsm", "tui"):
        yield from sorted((ROOT / package).rglob("*.py"))


def called(node: ast.Call) -> str:
    """The bare name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def given_codes(node: ast.Call) -> Iterator[ast.expr]:
    """The expressions that a call gives as an error code."""
    if called(node).endswith("Error") and node.args:
        yield node.args[0]
    yield from (keyword.value for keyword in node.keywords if keyword.arg == "code")


def literals(tree: ast.AST) -> set[str]:
    """Every string in the source; where it has parts filled in, `*` stands for them."""
    return {pattern(node) for node in ast.walk(tree) if isinstance(node, ast.Constant | ast.JoinedStr)}


def pattern(node: ast.expr) -> str:
    """A string expression with `*` for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(pattern(part) for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "*"


def raised_codes() -> dict[str, str]:
    """Every code that the source gives to an error, with one file that does.

    Where a file raises what a variable says, every string of it counts that is formed as a code of a known area.
    """
    found: dict[str, str] = {}
    areas = {code.partition(".")[0] for code in texts()}
    for file in sources():
        tree = ast.parse(file.read_text("utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        codes = {pattern(expression) for call in calls for expression in given_codes(call)}
        if (
            "*" in codes and file.relative_to(ROOT).parts[0] != "tui"
        ):  # the console's words have keys of that form too
            codes |= {text for text in literals(tree) - task_names(calls) if text.partition(".")[0] in areas}
        codes -= {str(action) for action in Action}
        found |= {code: str(file.relative_to(ROOT)) for code in codes if CODE.fullmatch(code)}
    return found


def task_names(calls: list[ast.Call]) -> set[str]:
    """What the source names its tasks."""
    return {pattern(keyword.value) for call in calls for keyword in call.keywords if keyword.arg == "name"}


def test_every_error_code_has_a_text() -> None:
    raised = raised_codes()
    assert len(raised) > len(texts()) / 2
    assert not {code: file for code, file in raised.items() if code not in texts()}


def test_every_text_is_used() -> None:
    spoken = set().union(*(literals(ast.parse(file.read_text("utf-8"))) for file in sources()))
    stems = tuple(text.split("*")[0] for text in spoken if re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]*\*", text))
    unused = {code for code in texts() if code not in spoken and not code.startswith(stems)}
    assert not unused


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_text_is_a_whole_sentence(language: str) -> None:
    broken = {code for code, text in texts().items() if not getattr(text, language).endswith(("。", "."))}
    assert not broken


FORBIDDEN = {
    "address of a package registry": re.compile(
        r"py[p]i\.org|python[h]osted|deb\.[d]ebian|[i]ndex-url|npm[j]s\.(org|com)"
    ),
    "path of one machine": re.compile(r"(^|[^a-zA-Z.$}])/(root|home)/|/[w]ork/(main|shared|brief)"),
    "unfinished work": re.compile(r"\bT[O]DO\b|\bFIX[M]E\b|\bX[X]X\b"),
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE [K]EY-----"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = []
    for file in files():
        try:
            lines = file.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        hits = [number for number, line in enumerate(lines, 1) if FORBIDDEN[what].search(line)]
        found += [f"{file.relative_to(ROOT)}:{number}" for number in hits]
    assert not found


def test_no_module_is_too_long() -> None:
    modules = [file for file in files() if file.suffix == ".py"]
    long = {
        str(file.relative_to(ROOT)): n
        for file in modules
        if (n := len(file.read_text("utf-8").splitlines())) > TOO_LONG
    }
    assert len(modules) > 50
    assert not long


def documents() -> list[Path]:
    return [file for file in files() if file.suffix == ".md"]


def test_every_make_command_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    command = re.compile(r"(?:^|`)(?:[A-Z]+=\S+ )*make ([a-z]+)", re.MULTILINE)
    named = {target for file in documents() for target in command.findall(file.read_text("utf-8"))}
    assert {"run", "test", "check"} <= named
    assert named <= targets


def test_the_readme_gives_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert re.search(r"^make run\b", readme, re.MULTILINE)
    assert re.search(r"^make test\b", readme, re.MULTILINE)


def test_every_link_in_the_documents_leads_somewhere() -> None:
    broken = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in documents()
        for target in re.findall(r"\]\(([^)#:]+)\)", file.read_text("utf-8"))
        if not (file.parent / target).exists()
    ]
    assert not broken


def names_in(requirements: str) -> set[str]:
    """The libraries that a requirements file names itself."""
    lines = (ROOT / "packaging" / requirements).read_text("utf-8").splitlines()
    return {re.split(r"[=<>~! ;]", line)[0] for line in lines if re.match(r"[a-z]", line)}


def test_libraries_are_the_same_wherever_they_are_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(project["dependencies"]) == names_in("requirements.in")
    assert set(project["optional-dependencies"]["rehearsal"]) <= names_in("requirements-dev.in")


def test_every_library_has_its_reason() -> None:
    tables = re.findall(
        r"^\| ([^|]+) \| [^|]+ \| [^|]+ \|$",
        (ROOT / "docs" / "LIBRARIES.md").read_text("utf-8"),
        re.MULTILINE,
    )
    documented = {name.strip() for row in tables for name in row.split(",")}
    named = {name for part in ("", "-dev", "-build", "-lock") for name in names_in(f"requirements{part}.in")}
    assert named <= documented


def test_every_locked_library_has_a_version_and_hashes() -> None:
    for lock in (ROOT / "packaging").glob("requirements*.txt"):
        entries = re.split(r"\n(?=[a-z])", lock.read_text("utf-8"))[1:]
        assert entries
        for entry in entries:
            assert re.match(r"[a-z0-9_.-]+==[^\s]+ ", entry), entry.splitlines()[0]
            assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_ci_runs_what_the_readme_gives() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "make check" in script
    assert "make test" in script
