"""Who a peer is, from its certificate alone."""

import pytest

from daemon.errors import AuthenticationError, AuthorityError
from daemon.peers.identity import municipality

LISTED = ["35203"]


def certificate(*uris: str) -> dict[str, object]:
    return {"subjectAltName": (("DNS", "cs.example"), *(("URI", uri) for uri in uris))}


def test_the_uri_names_the_municipality() -> None:
    assert municipality(certificate("urn:jukura:municipality:35203"), LISTED) == "35203"


@pytest.mark.parametrize(
    "shown",
    [
        None,
        {},
        certificate(),
        certificate("urn:jukura:register:honnin"),
        certificate("urn:jukura:municipality:35203", "urn:jukura:municipality:35201"),
        certificate("urn:jukura:municipality:35203", "urn:jukura:municipality:35203"),
    ],
)
def test_none_or_several_are_nobody(shown: dict[str, object] | None) -> None:
    with pytest.raises(AuthenticationError, match=r"peer\.not_named"):
        municipality(shown, LISTED)


@pytest.mark.parametrize("code", ["35201", "", "35203 ", "352030", "../35203"])
def test_only_listed_ones_may_send(code: str) -> None:
    with pytest.raises(AuthorityError, match=r"peer\.not_listed"):
        municipality(certificate(f"urn:jukura:municipality:{code}"), LISTED)
