"""Which municipality may witness with which key: what cannot be meant is refused when the configuration is read."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.config import MOST_WITNESSES, Peers
from daemon.contract.note import MAX_NOTE
from tests.commands.witnessing import checkpoint
from tests.contract.witnessing import Key, ed25519, ml_dsa

HERE, THERE, ELSEWHERE = "35203", "35201", "35202"
A, B = ed25519("a.example/w"), ml_dsa("b.example/w")


def configuration(**peers: Any) -> Peers:
    tls = {"certificate": Path(), "key": Path(), "ca": Path()}
    given = {"tls": tls, "municipalities": [HERE, THERE], **peers}
    return msgspec.convert(given, Peers)


VKEY, OTHER = A.cosigner.vkey(), B.cosigner.vkey()
TWIN = Key(replace(A.cosigner, name="twin.example/w"), A.private)


@pytest.mark.parametrize(
    "peers",
    [
        {"witnesses": {HERE: "no key"}},
        {"witnesses": {HERE: VKEY[:-4]}},
        {"witnesses": {ELSEWHERE: VKEY}},
        {"witnesses": {HERE: VKEY, THERE: VKEY}},
        {"witnesses": {HERE: VKEY, THERE: TWIN.cosigner.vkey()}},
        {"witnesses": {HERE: VKEY, THERE: replace(B.cosigner, name=A.cosigner.name).vkey()}},
        {"witnesses": {HERE: VKEY, THERE: ed25519("x").cosigner.vkey(), ELSEWHERE: OTHER}},
        {"witness_hours": 0},
        {"witness_hours": 8785},
        {
            "witnesses": {f"{n}": ed25519(f"w{n}").cosigner.vkey() for n in range(MOST_WITNESSES + 1)},
            "municipalities": [f"{n}" for n in range(MOST_WITNESSES + 1)],
        },
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(peers: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        configuration(**peers)


def test_without_witnesses_there_are_none_and_with_keys_they_are_known() -> None:
    assert configuration().cosigners() == {}
    assert configuration(witnesses={HERE: VKEY, THERE: OTHER}).cosigners() == {
        HERE: A.cosigner,
        THERE: B.cosigner,
    }


def test_so_many_witnesses_fit_beneath_one_checkpoint() -> None:
    longest = max(len(B.line(checkpoint(NOTE), 1)), 3300) - len(B.cosigner.name) + 255
    assert MOST_WITNESSES * longest + 2000 < MAX_NOTE


NOTE = (
    "jukura.jp/honnin/1\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— jukura.jp/honnin/1 YWJjZGU=\n"
)
