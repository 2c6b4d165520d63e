"""The set-up script on a checkout of its own: what it makes, when it does nothing, what it asks for."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

BOOTSTRAP = Path(__file__).parents[2] / "packaging" / "bootstrap"
NOBODY = 65534

BACKEND = """
import zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "probe-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{wheel_directory}/{name}", "w") as wheel:
        wheel.writestr("probe.pth", "")
        wheel.writestr("probe-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: probe\\nVersion: 1\\n")
        wheel.writestr("probe-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("probe-1.dist-info/RECORD", "")
    return name
"""


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A checkout that needs no library, in a folder that every user may read."""
    folder = Path(tempfile.mkdtemp(prefix="bootstrap-"))
    folder.chmod(0o755)
    (folder / "packaging").mkdir()
    shutil.copy(BOOTSTRAP, folder / "packaging" / "bootstrap")
    for name in ("requirements-build.txt", "requirements-dev.txt"):
        (folder / "packaging" / name).write_text("# nothing\n", "utf-8")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n', "utf-8"
    )
    (folder / "backend.py").write_text(BACKEND, "utf-8")
    yield folder
    shutil.rmtree(folder)


def stubbed(folder: Path, **programs: str) -> dict[str, str]:
    """An environment in which these programs do as the given shell lines say."""
    stubs = folder / "stubs"
    stubs.mkdir(exist_ok=True)
    for name, line in programs.items():
        stub = stubs / name.replace("_", "-")
        stub.write_text(f"#!/bin/sh\n{line}\n", "utf-8")
        stub.chmod(0o755)
    return {**os.environ, "PATH": f"{stubs}:/usr/sbin:/usr/bin:/sbin:/bin"}


def run(folder: Path, env: dict[str, str], user: int | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", folder / "packaging" / "bootstrap"],
        env=env,
        user=user,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=55,
    )


def test_it_sets_up_once_then_only_what_changed_and_nothing_without_a_hash(checkout: Path) -> None:
    env = stubbed(checkout, dpkg_query="echo installed", apt_get="echo called >> $(dirname $0)/apt")
    first = run(checkout, env)
    assert first.returncode == 0, first.stderr
    assert "making .venv" in first.stderr
    assert not (checkout / "stubs" / "apt").exists()  # all packages were there

    begin = time.monotonic()
    second = run(checkout, env)
    assert time.monotonic() - begin < 2
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")

    with (checkout / "pyproject.toml").open("a", encoding="utf-8") as project:
        project.write("# changed\n")
    third = run(checkout, env)
    assert "installing the project" in third.stderr
    assert "making .venv" not in third.stderr

    # The lock has changed: all anew. What has no hash does not get in, and half an environment does not count.
    (checkout / "packaging" / "requirements-dev.txt").write_text("msgspec==0.0.0\n", "utf-8")
    fourth = run(checkout, env)
    assert "making .venv" in fourth.stderr
    assert "hash" in fourth.stderr.lower()
    assert fourth.returncode != 0
    assert not (checkout / ".venv" / ".libraries").exists()


def test_it_installs_the_packages_that_are_missing_and_no_others(checkout: Path) -> None:
    """The packages come by apt as root; here apt only notes what it was asked for, and fails."""
    present = 'case "$4" in softhsm2|gcc) ;; *) echo installed ;; esac'
    notes = 'echo "$@" >> $(dirname $0)/apt; case "$*" in *install*) exit 1 ;; esac'
    env = stubbed(checkout, dpkg_query=present, apt_get=notes, sudo='[ "$1" = -n ] && exit 0; exec "$@"')
    assert run(checkout, env).returncode != 0
    asked = (checkout / "stubs" / "apt").read_text("utf-8").splitlines()
    assert asked[0].endswith("update")
    assert asked[1].split("--no-install-recommends ")[1] == "gcc softhsm2"


def test_without_root_and_sudo_it_names_the_one_command(checkout: Path) -> None:
    present = 'case "$4" in softhsm2) ;; *) echo installed ;; esac'
    env = stubbed(checkout, dpkg_query=present, apt_get="exit 99", sudo="exit 1")
    result = run(checkout, env, user=NOBODY if os.geteuid() == 0 else None)
    assert result.returncode == 1
    assert result.stdout == "apt-get update && apt-get install -y --no-install-recommends softhsm2\n"
