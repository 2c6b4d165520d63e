"""The rehearsal's certificates: who is named, by whom, for how long, and in which files."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from daemon.register.codes import MUNICIPALITIES
from daemon.register.rows import Register
from daemon.rehearsal.certificates import Pair, load
from daemon.rehearsal.pki import (
    NATIONAL_NAMES,
    PEER_NAMES,
    TIMESTAMP_NAME,
    Pki,
    expired_municipality,
    make_pki,
    municipality_uri,
    register_uri,
    unknown_municipality,
)

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)


def names(pair: Pair) -> tuple[list[str], list[str]]:
    """DNS names and URIs of a certificate."""
    san = load(pair.cert).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return san.get_values_for_type(x509.DNSName), san.get_values_for_type(x509.UniformResourceIdentifier)


def use(pair: Pair) -> list[x509.ObjectIdentifier]:
    """What a certificate is good for."""
    return list(load(pair.cert).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_everybody_is_named_and_signed_by_their_own_authority(pki: Pki) -> None:
    """The table at the head of daemon.rehearsal.pki."""
    for code in MUNICIPALITIES:
        assert names(pki.municipality(code)) == ([], [municipality_uri(code)])
        load(pki.municipality(code).cert).verify_directly_issued_by(load(pki.municipality_ca))
        assert use(pki.municipality(code)) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    for register in Register:
        assert names(pki.register_server(register)) == ([PEER_NAMES[register]], [register_uri(register)])
        assert names(pki.register_client(register)) == ([], [register_uri(register)])
        assert names(pki.national_server(register)) == ([NATIONAL_NAMES[register]], [])
        assert use(pki.register_server(register)) == [ExtendedKeyUsageOID.SERVER_AUTH]
        assert use(pki.register_client(register)) == [ExtendedKeyUsageOID.CLIENT_AUTH]
        load(pki.register_server(register).cert).verify_directly_issued_by(load(pki.register_ca))
        load(pki.register_client(register).cert).verify_directly_issued_by(load(pki.register_ca))
        load(pki.national_server(register).cert).verify_directly_issued_by(load(pki.national_ca))
    with pytest.raises((InvalidSignature, ValueError)):
        load(pki.municipality("35203").cert).verify_directly_issued_by(load(pki.register_ca))


def test_keys_are_for_the_owner_alone(pki: Pki) -> None:
    """0600, and nothing half-written lies about."""
    keys = list(pki.folder.glob("*.key"))
    assert len(keys) >= 28
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert not list(pki.folder.glob("*.part"))


def test_a_second_call_changes_nothing(tmp_path: Path) -> None:
    """Byte for byte."""
    make_pki(tmp_path / "pki", now=NOW)
    before = contents(tmp_path / "pki")
    make_pki(tmp_path / "pki", now=NOW + timedelta(days=10))
    assert contents(tmp_path / "pki") == before
    make_pki(tmp_path / "pki", now=NOW + timedelta(days=200))
    after = contents(tmp_path / "pki")
    # But a revocation list, which is in force for a month.
    assert {name for name in after if after[name] != before[name]} == {"municipalities-ca.crl"}


def test_the_time_stamp_authority_is_for_nothing_else(pki: Pki) -> None:
    """RFC 3161 §2.3: the one purpose, critical; all others are not."""
    stamps = load(pki.timestamp_authority.cert)
    assert use(pki.timestamp_authority) == [ExtendedKeyUsageOID.TIME_STAMPING]
    assert stamps.extensions.get_extension_for_class(x509.ExtendedKeyUsage).critical
    assert names(pki.timestamp_authority) == ([TIMESTAMP_NAME], [])
    stamps.verify_directly_issued_by(load(pki.timestamp_ca))
    server = load(pki.register_server(Register.HONNIN).cert)
    assert not server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).critical


def test_what_is_missing_or_about_to_expire_is_made_anew(tmp_path: Path) -> None:
    """One lost key costs one certificate; after a year all leaves are new, under the same authorities."""
    pki = make_pki(tmp_path / "pki", now=NOW)
    before = contents(tmp_path / "pki")
    pki.municipality("35203").key.unlink()
    make_pki(tmp_path / "pki", now=NOW)
    after = contents(tmp_path / "pki")
    assert {name for name in before if before[name] != after[name]} == {
        "municipality-35203.pem",
        "municipality-35203.key",
    }
    make_pki(tmp_path / "pki", now=NOW + timedelta(days=380))
    later = contents(tmp_path / "pki")
    assert {name.partition(".")[0] for name in before if later[name] == before[name]} == {
        "municipalities-ca",
        "registers-ca",
        "national-ca",
        "timestamps-ca",
    }


def test_a_new_authority_issues_everything_again(tmp_path: Path) -> None:
    """Its old certificates would not verify."""
    pki = make_pki(tmp_path / "pki", now=NOW)
    pki.municipality_ca.unlink()
    make_pki(tmp_path / "pki", now=NOW)
    for code in MUNICIPALITIES:
        load(pki.municipality(code).cert).verify_directly_issued_by(load(pki.municipality_ca))


def test_bad_certificates_for_tests_are_bad(pki: Pki) -> None:
    """One ran out, of the right authority; one is from an authority that nobody knows."""
    now = datetime.now(UTC)  # noqa: TID251 - as the fixture
    expired = load(expired_municipality(pki, "35203", now=now).cert)
    expired.verify_directly_issued_by(load(pki.municipality_ca))
    assert expired.not_valid_after_utc < now
    unknown = unknown_municipality(pki, "35203", now=now)
    assert names(unknown) == ([], [municipality_uri("35203")])
    with pytest.raises((InvalidSignature, ValueError)):
        load(unknown.cert).verify_directly_issued_by(load(pki.municipality_ca))
