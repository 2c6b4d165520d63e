"""The units as systemd itself reads them, and what they promise about who may reach what."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.ceremony import socket_of as ceremony_socket_of
from tui.client import socket_of

UNITS = Path(__file__).parents[2] / "systemd"
REGISTERS = ("honnin", "fuhyo")
HARDENED = ("jukurad@", "jukura-hsm@")
MOUNT = "run-jukura-tls.mount"
PIN_WAYS = sorted((UNITS / "pin").glob("*.conf"))
"""Drop-ins for the other ways to a PIN than a sealed credential."""
PROGRAMS = "/usr/lib/jukura/venv/bin/"

Unit = dict[str, list[str]]


def settings(file: Path) -> Unit:
    """Every setting of a unit file with its values in order, as systemd.syntax(7) lists them."""
    unit: Unit = {}
    for line in file.read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            unit.setdefault(name, []).append(value)
    return unit


def instances() -> Iterator[str]:
    """Every unit under the names it runs by."""
    for file in sorted(UNITS.glob("jukura*.*")):
        if file.is_file():
            yield from {file.name.replace("@", f"@{register}") for register in REGISTERS}
    yield MOUNT


def lines_of(folder: str) -> list[list[str]]:
    """The lines of a sysusers.d or tmpfiles.d file, split at blanks."""
    text = (UNITS / folder / "jukura.conf").read_text("utf-8")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as installed, with programs that exist."""
    programs = tmp_path / "bin"
    programs.mkdir()
    units = tmp_path / "units"
    for source in sorted(UNITS.rglob("jukura*")):
        if source.is_dir() or source.parent.name in {"sysusers.d", "tmpfiles.d"}:
            continue
        copy = units / source.relative_to(UNITS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(source.read_text("utf-8").replace(PROGRAMS, f"{programs}/"), "utf-8")
    (units / MOUNT).write_bytes((UNITS / MOUNT).read_bytes())
    for drop_in in sorted(UNITS.glob("*.d/listen.conf")):
        copy = units / drop_in.relative_to(UNITS)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(drop_in.read_bytes())
    for name in ("jukurad", "jukura-hsm", "python"):
        program = programs / name
        program.write_text("#!/bin/sh\n", "utf-8")
        program.chmod(0o755)
    return units


def verify(units: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=yes", *instances()],
        env={"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_systemd_reads_every_unit_without_a_word(installed: Path) -> None:
    result = verify(installed)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_systemd_would_have_complained(installed: Path) -> None:
    """The check above is a check: a setting that does not exist is reported."""
    unit = installed / "jukurad@.service"
    unit.write_text(unit.read_text("utf-8").replace("[Service]", "[Service]\nProtectEverything=yes"), "utf-8")
    assert "ProtectEverything" in verify(installed).stderr


@pytest.mark.parametrize("way", PIN_WAYS, ids=lambda way: way.stem)
def test_systemd_reads_every_way_to_the_pin_without_a_word(installed: Path, way: Path) -> None:
    drop_in = installed / "jukura-hsm@.service.d" / "pin.conf"
    drop_in.parent.mkdir()
    drop_in.write_bytes(way.read_bytes())
    result = verify(installed)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_no_way_to_the_pin_leaves_a_sealed_one_in_place() -> None:
    assert {way.stem for way in PIN_WAYS} == {"holders", "ask", "at-token"}
    for way in PIN_WAYS:
        unit = settings(way)
        assert unit["LoadCredentialEncrypted"] == [""]
        assert unit["LoadCredential"][0] == ""
        assert not [value for value in unit.get("Environment", []) if "file" in value or "fd" in value]


@pytest.mark.parametrize("name", [*HARDENED, "jukura-ask-pin@"])
def test_exposure_is_at_most_one(name: str) -> None:
    result = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=true",
            "--no-pager",
            "--threshold=10",
            UNITS / f"{name}.service",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", result.stdout)
    assert level, result.stderr
    assert float(level[1]) <= 1.0
    assert result.returncode == 0


@pytest.mark.parametrize("name", HARDENED)
def test_callers_can_be_told_apart(name: str) -> None:
    """With PrivateUsers=yes every caller's uid reads 65534, and the second check could not be made."""
    assert "PrivateUsers" not in settings(UNITS / f"{name}.service")


@pytest.mark.parametrize("name", HARDENED)
def test_memory_with_keys_never_leaves_memory(name: str) -> None:
    unit = settings(UNITS / f"{name}.service")
    assert unit["LimitCORE"] == ["0"]
    assert unit["MemorySwapMax"] == ["0"]
    assert unit["LimitMEMLOCK"] == ["infinity"]


@pytest.mark.parametrize("name", HARDENED)
def test_what_the_programs_write_is_theirs_alone(name: str) -> None:
    unit = settings(UNITS / f"{name}.service")
    assert unit["UMask"] == ["0077"]
    assert unit["StateDirectoryMode"][0] in {"0700", "0711"}


SEALED = {"jukurad@": set[str](), "jukura-hsm@": {"pin"}, "jukurad-tls@": {"peers.key", "national.key"}}


@pytest.mark.parametrize("name", SEALED)
def test_secrets_come_as_sealed_credentials_only(name: str) -> None:
    unit = settings(UNITS / f"{name}.service")
    sealed = {value.split(":")[0] for value in unit.get("LoadCredentialEncrypted", [])}
    clear = {value.split(":")[0] for value in unit.get("LoadCredential", [])}
    assert sealed >= SEALED[name]
    assert not {credential for credential in clear if credential.endswith("key") or credential == "pin"}
    assert "Environment" not in unit
    assert not re.search(r"--pin|--password", unit["ExecStart"][0])


def test_a_renewed_tls_key_gets_in_without_a_restart_of_the_register() -> None:
    """Credentials of the register would be copies of its start; and what requires a unit is restarted with it."""
    register, keys, memory = (
        settings(UNITS / name) for name in ("jukurad@.service", "jukurad-tls@.service", MOUNT)
    )
    assert not {"LoadCredential", "LoadCredentialEncrypted"} & register.keys()
    assert "jukurad-tls@%i.service" in register["Wants"]
    assert "jukurad-tls@%i.service" in register["After"]
    tied = [*register["Requires"], *register.get("BindsTo", []), *register.get("PartOf", [])]
    assert not [each for each in tied if "jukurad-tls@" in each]
    assert (keys["Type"], keys["RemainAfterExit"]) == (["oneshot"], ["yes"])
    assert (memory["Type"], memory["Where"]) == (["ramfs"], keys["RequiresMountsFor"])
    assert "ExecStop" not in keys, "the pair before stays until the new one is there"


def test_a_tls_key_is_for_its_register_alone(tmp_path: Path) -> None:
    """The unit's own commands, on a folder of the test's."""
    given, place = tmp_path / "given", tmp_path / "tls"
    given.mkdir()
    place.mkdir()
    for key in ("peers.key", "national.key"):
        (given / key).write_text("old", "ascii")
    commands = settings(UNITS / "jukurad-tls@.service")["ExecStart"]
    owner, group = str(os.getuid()), str(os.getgid())
    for content in ("old", "new"):
        (given / "peers.key").write_text(content, "ascii")
        for command in commands:
            words = command.replace("/run/jukura/tls", str(place)).replace("%d", str(given))
            words = words.replace("-o jukura-%i -g jukura-%i", f"-o {owner} -g {group}").replace(
                "%i", "honnin"
            )
            subprocess.run(words.split(), check=True, timeout=10)
        made = place / "honnin" / "peers.key"
        assert (made.read_text("ascii"), made.stat().st_mode & 0o777) == (content, 0o400)
    assert all("-o jukura-%i" in command for command in commands if "%d" in command)


def test_the_proof_of_the_pins_seal_is_the_sealed_file_itself() -> None:
    unit = settings(UNITS / "jukura-hsm@.service")
    (sealed,) = (value.partition(":")[2] for value in unit["LoadCredentialEncrypted"])
    assert f"pin.sealed:{sealed}" in unit["LoadCredential"]


def unix_sockets() -> dict[str, Unit]:
    found = {file.name: settings(file) for file in sorted(UNITS.glob("*.socket"))}
    paths = {name: unit for name, unit in found.items() if unit.get("ListenStream", [""])[0].startswith("/")}
    return {name: unit for name, unit in paths.items() if name != "jukura-ask-pin@.socket"}


def test_the_socket_that_asks_for_the_pin_is_for_root_alone() -> None:
    """The service manager itself connects to it; whoever else could would be told the PIN."""
    unit = settings(UNITS / "jukura-ask-pin@.socket")
    assert [unit[name] for name in ("SocketUser", "SocketGroup", "SocketMode")] == [
        ["root"],
        ["root"],
        ["0600"],
    ]
    assert f"pin.asked:{unit['ListenStream'][0]}" in settings(UNITS / "pin" / "ask.conf")["LoadCredential"]


def test_no_way_to_give_the_pin_takes_the_custodians_away() -> None:
    """An empty LoadCredential= in a drop-in forgets every credential of the unit."""
    file = "custodians:/etc/jukura/%i/custodians.json"
    for unit in (UNITS / "jukura-hsm@.service", *sorted((UNITS / "pin").glob("*.conf"))):
        assert file in settings(unit)["LoadCredential"], unit.name
    (command,) = settings(UNITS / "jukura-hsm@.service")["ExecStart"]
    assert "--custodians %d/custodians " in command


def test_each_unix_socket_has_a_group_of_its_own() -> None:
    sockets = unix_sockets()
    assert set(sockets) == {
        "jukura-ceremony@.socket", "jukura-hsm@.socket", "jukurad-console@.socket", "jukura-national@.socket",
        "jukura-timestamps@.socket",
    }  # fmt: skip
    assert all(unit["SocketMode"] == ["0660"] and unit["SocketUser"] == ["root"] for unit in sockets.values())
    assert len({unit["SocketGroup"][0] for unit in sockets.values()}) == len(sockets)


@pytest.mark.parametrize("register", REGISTERS)
def test_each_unix_socket_lies_in_a_folder_that_only_its_group_may_enter(register: str) -> None:
    folders = {line[1]: line[2:5] for line in lines_of("tmpfiles.d") if line[0] == "d"}
    for unit in unix_sockets().values():
        path = Path(unit["ListenStream"][0].replace("%i", register))
        group = unit["SocketGroup"][0].replace("%i", register)
        mode, owner, only = folders[str(path.parent)]
        assert (mode, only) == ("0750", group)
        assert owner in {"root", f"jukura-{register}"}


@pytest.mark.parametrize("register", REGISTERS)
def test_every_user_and_group_is_made(register: str) -> None:
    made = {line[1] for line in lines_of("sysusers.d") if line[0] in {"u", "g"}}
    for file in UNITS.glob("jukura*@.*"):
        unit = settings(file) if file.is_file() else {}
        for name in unit.get("User", []) + unit.get("SocketGroup", []):
            assert name == "root" or name.replace("%i", register) in made


@pytest.mark.parametrize("register", REGISTERS)
def test_nobody_is_in_the_group_of_a_socket_but_who_needs_it(register: str) -> None:
    """The register above all is not in the group of the ceremony: shares are none of its business."""
    members = {(line[1], line[2]) for line in lines_of("sysusers.d") if line[0] == "m"}
    assert {(user, group) for user, group in members if group.endswith(register)} == {
        (f"jukura-{register}", f"jukura-keys-{register}"),
        (f"jukura-{register}", f"jukura-national-{register}"),
        (f"jukura-{register}", f"jukura-timestamps-{register}"),
        (f"jukura-console-{register}", f"jukura-ceremony-{register}"),
    }


@pytest.mark.parametrize("register", REGISTERS)
def test_every_folder_above_the_ceremony_is_roots(register: str) -> None:
    """So that the register cannot put a socket of its own in its place and be given shares."""
    owners = {line[1]: line[3] for line in lines_of("tmpfiles.d") if line[0] == "d"}
    path = ceremony_socket_of(Path(f"/var/lib/jukura/{register}"))
    assert path == Path(
        settings(UNITS / "jukura-ceremony@.socket")["ListenStream"][0].replace("%i", register)
    )
    assert {owners.get(str(folder), "root") for folder in path.parents} == {"root"}


def test_the_key_service_knows_who_may_come_to_the_ceremony() -> None:
    unit = settings(UNITS / "jukura-hsm@.service")
    assert "--allow-ceremony-uid jukura-console-%i" in unit["ExecStart"][0]
    assert unit["Sockets"] == ["jukura-hsm@%i.socket jukura-ceremony@%i.socket"]


@pytest.mark.parametrize("register", REGISTERS)
def test_the_console_finds_its_socket(register: str) -> None:
    path = settings(UNITS / "jukurad-console@.socket")["ListenStream"][0].replace("%i", register)
    assert Path(path) == socket_of(Path(f"/var/lib/jukura/{register}"))


def test_sockets_are_named_as_the_programs_look_for_them() -> None:
    names = {file.name: settings(file).get("FileDescriptorName") for file in UNITS.glob("*.socket")}
    assert names["jukura-hsm@.socket"] == ["keys"]
    assert names["jukura-ceremony@.socket"] == ["ceremony"]
    assert names["jukurad-console@.socket"] == ["console"]
    assert names["jukurad-peers@.socket"] == ["peers"]
    assert names["jukurad-national-in@.socket"] == ["national-in"]


def test_the_two_registers_listen_on_different_ports() -> None:
    """And the national server calls on ports of its own."""
    ports = [
        settings(file)["ListenStream"][0] for file in sorted(UNITS.glob("jukurad-*@*.socket.d/listen.conf"))
    ]
    assert len(ports) == len(set(ports)) == 2 * len(REGISTERS)


def test_whoever_calls_over_a_network_is_let_through_by_the_site_alone() -> None:
    for name in ("jukurad-peers@", "jukurad-national-in@"):
        assert settings(UNITS / f"{name}.socket")["IPAddressDeny"] == ["any"]


def test_the_register_is_given_every_socket_that_it_serves() -> None:
    given = settings(UNITS / "jukurad@.service")["Sockets"][0].split()
    serving = [name for file in UNITS.glob("jukurad-*@.socket") if (name := file.name.replace("@", "@%i"))]
    assert sorted(given) == sorted(serving)


@pytest.mark.parametrize("forwarder", ["jukura-national@", "jukura-timestamps@"])
def test_a_forwarder_reaches_nothing_that_the_site_does_not_name(forwarder: str) -> None:
    unit = settings(UNITS / f"{forwarder}.service")
    assert unit["IPAddressDeny"] == ["any"]
    assert "IPAddressAllow" not in unit
    assert unit["DynamicUser"] == ["yes"]
    assert unit["ExecStart"][0].split()[-1].startswith("${JUKURA_")


def test_no_time_stamp_authority_is_called_unless_the_site_enables_it() -> None:
    others = [
        file for file in UNITS.iterdir() if file.is_file() and not file.name.startswith("jukura-timestamps@")
    ]
    wanting = ("Wants", "Requires", "BindsTo", "Also", "Sockets")
    tied = [value for file in others for name in wanting for value in settings(file).get(name, [])]
    assert tied
    assert not [value for value in tied if "jukura-timestamps@" in value]


def test_the_journals_catalog_is_read_by_the_journal_itself(tmp_path: Path) -> None:
    place = tmp_path / "usr/lib/systemd/catalog"
    place.mkdir(parents=True)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    for file in (UNITS / "catalog").iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    made = subprocess.run(
        ["journalctl", f"--root={tmp_path}", "--update-catalog"],
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )
    assert made.stderr == ""
    (database,) = (tmp_path / "var/lib/systemd/catalog").iterdir()
    content = database.read_bytes().decode("utf-8", "replace")
    assert "Checkpoint of the audit log of register" in content
    assert "監査ログのチェックポイント" in content
