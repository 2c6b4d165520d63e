"""What a token must be able to do, and which signature it is to make. Pure; names are PKCS#11's without `CKM_`.

Every token derives by HMAC-SHA256, in a secret of its own making. It signs with ECDSA P-256 where it can, else with
RSASSA-PSS under 3072 bits; a token that has a pair keeps to that pair's kind.
"""

from collections.abc import Collection, Mapping

from daemon.errors import StateError
from hsm.protocol import SignatureKind

DERIVING = ("SHA256_HMAC", "GENERIC_SECRET_KEY_GEN")

SIGNING: Mapping[SignatureKind, tuple[str, ...]] = {
    SignatureKind.ECDSA_P256: ("ECDSA", "EC_KEY_PAIR_GEN"),
    SignatureKind.RSA_PSS_3072: ("RSA_PKCS_PSS", "RSA_PKCS_KEY_PAIR_GEN"),
}
"""Best first."""


def negotiate(offered: Collection[str], present: SignatureKind | None = None) -> SignatureKind:
    """How a token that offers these mechanisms signs; `present` is the kind of the pairs that it holds.

    `hsm.mechanism_missing`, with the first that is, where it cannot serve.
    """
    for name in DERIVING:
        if name not in offered:
            raise StateError("hsm.mechanism_missing", field=name)
    wanted = list(SIGNING) if present is None else [present]
    able = [kind for kind in wanted if all(name in offered for name in SIGNING[kind])]
    if not able:
        raise StateError("hsm.mechanism_missing", field=" or ".join(SIGNING[kind][0] for kind in wanted))
    return able[0]
