"""Which checkpoint counts as proof for a new epoch: one of this register's log alone, by a key that was its seal."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daemon.contract.epochs import Loss, OpenEpoch
from daemon.contract.note import Checkpoint, signature_line, signed
from daemon.errors import ConflictError
from hsm import epochs
from hsm.checkpoints import Last
from tests.hsm.kit import grown

KEY, STRANGER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
LAST = Last(2, 9, grown(9).root, "note", 1)


def public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def checkpoint(origin: str, size: int = 3, key: ec.EllipticCurvePrivateKey = KEY) -> str:
    text = Checkpoint(origin, size, grown(size).root).text()
    return signed(text, signature_line(origin, public(key), key.sign(text, ec.ECDSA(SHA256()))))


def check(note: str, since: int = 3) -> None:
    deed = OpenEpoch(
        epoch=2, size=9, root=LAST.root, kept=5, kept_root=grown(5).root, reason=Loss.RESTORED, checkpoint=note,
        proof=grown(5, since=since).proof,
    )  # fmt: skip
    epochs.check(deed, "honnin", LAST, [public(KEY)])


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_checkpoint_of_any_epoch_up_to_this_one_proves(epoch: int) -> None:
    check(checkpoint(f"jukura.jp/honnin/{epoch}"))


@pytest.mark.parametrize(
    "note",
    [
        checkpoint("jukura.jp/fuhyo/1"),
        checkpoint("jukura.jp/honnin/3"),
        checkpoint("jukura.jp/honnin/0"),
        checkpoint("jukura.jp/honnin/statement"),
        checkpoint("jukura.jp/honnin/1", key=STRANGER),
        checkpoint("jukura.jp/honnin/1", 4),
    ],
)
def test_nothing_else_does(note: str) -> None:
    with pytest.raises(ConflictError, match=r"hsm\.epoch_unproven"):
        check(note)
