"""RFC 3161, held against OpenSSL: which replies hold, and that no other does."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import Certificate, load_pem_x509_certificates
from hypothesis import given, settings
from hypothesis import strategies as st
from rfc3161_client import decode_timestamp_response

from daemon.audit.stamp import SLACK, Question, UnfitError, question, stated, verified
from tests.audit.tsa import Certified, about, certified, now, wrapped

TEXT = b"jukura.jp/honnin/1\n7\nroot\n"


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certified(tmp_path_factory.mktemp("tsa") / "good")


@pytest.fixture(scope="module")
def roots(tsa: Certified) -> list[Certificate]:
    return load_pem_x509_certificates(tsa.ca.read_bytes())


async def given_by(tsa: Certified, query: bytes) -> bytes:
    return await tsa.authority().stamped(query)


def code(reply: bytes, asked: Question, roots: list[Certificate], here: datetime | None = None) -> str:
    """Why it does not hold; empty where it does."""
    try:
        verified(reply, asked, roots, here or now())
    except UnfitError as error:
        return error.code
    return ""


async def test_what_we_ask_openssl_answers_and_what_we_keep_openssl_verifies(
    tsa: Certified, roots: list[Certificate]
) -> None:
    asked = question(TEXT)
    reply = await given_by(tsa, asked.query)
    at = verified(reply, asked, roots, now())
    assert abs(now() - at) < timedelta(seconds=30)
    assert stated(reply) == at
    assert tsa.verify(TEXT, reply).returncode == 0
    assert tsa.verify(TEXT + b" ", reply).returncode != 0
    assert decode_timestamp_response(reply).signed_data.certificates, "the certificate is asked for, too"


def test_no_two_questions_are_the_same() -> None:
    asked = [question(TEXT) for _ in range(20)]
    assert len({each.nonce for each in asked}) == len(asked)
    assert max(each.nonce for each in asked) >= 2**56


async def test_a_reply_to_another_question_or_about_another_text_does_not_hold(
    tsa: Certified, roots: list[Certificate]
) -> None:
    asked = question(TEXT)
    assert code(await given_by(tsa, question(TEXT).query), asked, roots) == "timestamp.wrong_nonce"
    assert code(await given_by(tsa, about(asked, b"x")), asked, roots) == "timestamp.wrong_imprint"


async def test_a_digest_of_another_kind_does_not_hold(tsa: Certified, roots: list[Certificate]) -> None:
    """SHA-512/256 has as many bytes."""
    asked = question(TEXT)
    info = decode_timestamp_response(await given_by(tsa, asked.query)).tst_info
    sha256, sha512_256 = bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040206")
    forged = wrapped(tsa, info.as_bytes().replace(sha256, sha512_256))  # type: ignore[attr-defined]
    assert code(forged, asked, roots) == "timestamp.wrong_imprint"


@pytest.mark.parametrize(
    ("off", "why"),
    [(SLACK - timedelta(minutes=1), ""), (SLACK + timedelta(minutes=1), "timestamp.wrong_time")],
)
@pytest.mark.parametrize("sign", [1, -1])
async def test_the_time_stated_is_near_ours(
    tsa: Certified, roots: list[Certificate], off: timedelta, why: str, sign: int
) -> None:
    asked = question(TEXT)
    reply = await given_by(tsa, asked.query)
    assert code(reply, asked, roots, now() + sign * off) == why


async def test_what_openssl_does_not_grant_does_not_hold(tsa: Certified, roots: list[Certificate]) -> None:
    asked = question(TEXT)
    unknown = asked.query.replace(bytes.fromhex("0304020105"), bytes.fromhex("0304027f05"))
    assert code(await given_by(tsa, unknown), asked, roots) == "timestamp.rejected"


async def test_what_is_granted_with_changes_does_not_hold(tsa: Certified, roots: list[Certificate]) -> None:
    asked = question(TEXT)
    reply = await given_by(tsa, asked.query)
    assert reply[4:9] == bytes.fromhex("3003020100")
    assert code(reply[:8] + b"\x01" + reply[9:], asked, roots) == "timestamp.rejected"


async def test_another_authority_does_not_hold_and_two_may_be_trusted(
    tsa: Certified, roots: list[Certificate], tmp_path: Path
) -> None:
    other = certified(tmp_path / "other")
    asked = question(TEXT)
    reply = await given_by(other, asked.query)
    assert code(reply, asked, roots) == "timestamp.untrusted"
    both = [*roots, *load_pem_x509_certificates(other.ca.read_bytes())]
    assert code(reply, asked, both) == ""


@pytest.mark.parametrize(
    "purpose",
    ["extendedKeyUsage=timeStamping", "extendedKeyUsage=critical,serverAuth", "basicConstraints=CA:FALSE"],
)
async def test_a_certificate_for_something_else_does_not_hold(
    tsa: Certified, tmp_path: Path, purpose: str
) -> None:
    """The same information, signed with it; with a right certificate the same bytes would hold."""
    wrong, right = certified(tmp_path / "wrong", purpose), certified(tmp_path / "right")
    asked = question(TEXT)
    info = decode_timestamp_response(await given_by(tsa, asked.query)).tst_info.as_bytes()  # type: ignore[attr-defined]
    for made, why in ((wrong, "timestamp.untrusted"), (right, "")):
        roots = load_pem_x509_certificates(made.ca.read_bytes())
        assert code(wrapped(made, info), asked, roots) == why


@pytest.mark.parametrize("reply", [b"", b"x" * 100, bytes.fromhex("30053003020100"), b"\x30\x80" * 5000])
def test_garbage_does_not_hold(roots: list[Certificate], reply: bytes) -> None:
    assert code(reply, question(TEXT), roots) == "timestamp.bad_reply"
    with pytest.raises(UnfitError, match=r"timestamp\.bad_reply"):
        stated(reply)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_whatever_is_changed_in_a_reply_it_says_the_same_or_does_not_hold(
    one: tuple[Question, bytes], roots: list[Certificate], data: st.DataObject
) -> None:
    """Bytes that nobody signs (CMS version, name of the signature's algorithm) may differ; what is stated may not."""
    asked, reply = one
    changed = bytearray(reply)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(reply) - 1))] = data.draw(st.integers(0, 255))
    cut = (
        bytes(changed[: data.draw(st.integers(0, len(reply)))])
        if data.draw(st.booleans())
        else bytes(changed)
    )
    try:
        at = verified(cut, asked, roots, now())
    except UnfitError:
        return
    assert at == stated(reply)
    before, after = (decode_timestamp_response(each).tst_info for each in (reply, cut))
    assert after.as_bytes() == before.as_bytes()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def one(tsa: Certified) -> tuple[Question, bytes]:
    asked = question(TEXT)
    return asked, asyncio.run(given_by(tsa, asked.query))
