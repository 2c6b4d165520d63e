"""New epochs of the log, on every key service: opened by two custodians alone, from exactly what it signed last."""

from typing import Any

import msgspec
import pytest

from daemon.contract import note
from daemon.contract.epochs import Loss, OpenEpoch, Opening
from daemon.contract.merkle import EMPTY_ROOT
from daemon.errors import AuthorityError, ConflictError, InputError
from hsm.client import KeyService
from hsm.protocol import SignCheckpoint, Witnessed
from tests.contracts.asking import ORIGIN, code_of, public, signed_text
from tests.hsm.kit import CUSTODIANS, HOLDERS, agree, carried_out, consent, grown


async def signed(keys: KeyService, *sizes: int) -> list[str]:
    """Checkpoints of these sizes, one after the other."""
    await keys.make(["seal.1"])
    return [
        await keys.sign_checkpoint(grown(size, since=before))
        for before, size in zip((0, *sizes), sizes, strict=False)
    ]


def deed(size: int = 7, kept: int = 5, since: int = 3, checkpoint: str = "", **changes: Any) -> OpenEpoch:
    """From `size` signed leaves back to `kept`, proven from `since`."""
    made = OpenEpoch(
        epoch=1,
        size=size,
        root=grown(size).root,
        kept=kept,
        kept_root=grown(kept).root if kept else EMPTY_ROOT,
        reason=Loss.RESTORED,
        checkpoint=checkpoint,
        proof=grown(kept, since=since).proof if checkpoint else [],
    )
    return msgspec.structs.replace(made, **changes)


def grown_in(epoch: int, size: int, since: int) -> SignCheckpoint:
    return msgspec.structs.replace(grown(size, since=since), epoch=epoch)


async def test_two_custodians_open_an_epoch_and_it_goes_on_from_exactly_what_is_kept(
    keys: KeyService,
) -> None:
    (three, seven) = await signed(keys, 3, 7)
    proposal = await keys.propose(deed(checkpoint=three))
    assert "open_epoch" in proposal.text
    assert "\nsize 7\n" in proposal.text
    assert "\nkept 5\n" in proposal.text
    assert "\nproven 3\n" in proposal.text
    proposal = await consent(keys, proposal, HOLDERS[0])
    assert await code_of(keys.carry_out(proposal.id), AuthorityError) == "hsm.proposal_unsigned"
    assert await keys.witness() == Witnessed(epoch=1, size=7, root=grown(7).root)
    await carried_out(keys, await consent(keys, proposal, HOLDERS[1]))
    assert await keys.witness() == Witnessed(epoch=2, size=5, root=grown(5).root)
    (statement,) = await keys.statements(0)
    text = signed_text(statement.note, await public(keys, "seal.1"))
    opening = Opening.parse(statement.note)
    assert (statement.kind, opening.epoch, opening.size, opening.root) == (
        "epoch_opened",
        2,
        7,
        grown(7).root,
    )
    assert (opening.kept, opening.kept_root, opening.proven, opening.reason) == (
        5,
        grown(5).root,
        3,
        "restored",
    )
    assert opening.last == seven
    assert [each.split()[0] for each in opening.custodians] == [each.id for each in CUSTODIANS[:2]]
    assert text.count("\nlast ") == len(seven.splitlines())
    # The old epoch is over, and the new one goes on from what is kept and from nothing else.
    old = keys.sign_checkpoint(grown(8, since=7))
    assert await code_of(old, ConflictError) == "hsm.epoch_unknown"
    other = keys.sign_checkpoint(grown_in(2, 8, 7))
    assert await code_of(other, ConflictError) == "hsm.checkpoint_inconsistent"
    note.verify(
        await keys.sign_checkpoint(grown_in(2, 6, 5)), "jukura.jp/honnin/2", await public(keys, "seal.1")
    )


async def test_an_epoch_is_opened_once_and_its_signatures_open_no_other(keys: KeyService) -> None:
    (three, _) = await signed(keys, 3, 7)
    first, second = await agree(keys, deed(checkpoint=three)), await agree(keys, deed(checkpoint=three))
    await carried_out(keys, first)
    assert await code_of(keys.carry_out(second.id), ConflictError) == "hsm.epoch_unknown"
    assert await code_of(keys.propose(deed(checkpoint=three)), ConflictError) == "hsm.epoch_unknown"
    assert (await keys.carry_out(first.id)).done is not None
    assert [each.kind for each in await keys.statements(0)] == ["epoch_opened"]


async def test_what_was_signed_meanwhile_is_not_passed_over(keys: KeyService) -> None:
    (three, _) = await signed(keys, 3, 7)
    ready = await agree(keys, deed(checkpoint=three))
    await keys.sign_checkpoint(grown(9, since=7))
    assert await code_of(keys.carry_out(ready.id), ConflictError) == "hsm.epoch_last_differs"
    assert await keys.witness() == Witnessed(epoch=1, size=9, root=grown(9).root)
    assert await keys.statements(0) == []


async def test_nothing_is_opened_where_nothing_is_lost_or_nothing_proven(keys: KeyService) -> None:
    (three, seven) = await signed(keys, 3, 7)
    refused = {
        "another epoch": (deed(checkpoint=three, epoch=2), ConflictError, "hsm.epoch_unknown"),
        "another size": (deed(checkpoint=three, size=6), ConflictError, "hsm.epoch_last_differs"),
        "another root": (deed(checkpoint=three, root=bytes(32)), ConflictError, "hsm.epoch_last_differs"),
        "the same": (deed(kept=7), ConflictError, "hsm.epoch_not_needed"),
        "more": (deed(kept=9, since=7, checkpoint=seven), ConflictError, "hsm.epoch_not_needed"),
        "another tree": (deed(checkpoint=three, kept_root=bytes(32)), ConflictError, "hsm.epoch_unproven"),
        "no proof": (deed(checkpoint=three, proof=[]), ConflictError, "hsm.epoch_unproven"),
        "a proof of nothing": (deed(proof=[bytes(32)]), ConflictError, "hsm.epoch_unproven"),
        "no checkpoint": (deed(checkpoint="nothing"), ConflictError, "hsm.epoch_unproven"),
        "a changed one": (
            deed(checkpoint=three.replace("\n3\n", "\n5\n"), since=0),
            ConflictError,
            "hsm.epoch_unproven",
        ),
        "another signature": (
            deed(checkpoint=three.rpartition("\n\n")[0] + "\n\n" + seven.rpartition("\n\n")[2]),
            ConflictError,
            "hsm.epoch_unproven",
        ),
        "another log's": (
            deed(checkpoint=three.replace(ORIGIN, "jukura.jp/fuhyo/1")),
            ConflictError,
            "hsm.epoch_unproven",
        ),
        "no leaf with a root": (deed(kept=0, kept_root=bytes(32)), InputError, "hsm.request_malformed"),
        "leaves without": (deed(kept_root=EMPTY_ROOT), InputError, "hsm.request_malformed"),
        "less than none": (deed(kept=-1), InputError, "hsm.request_malformed"),
    }
    found = {name: await code_of(keys.propose(asked), kind) for name, (asked, kind, _) in refused.items()}
    assert found == {name: code for name, (_, _, code) in refused.items()}
    assert (await keys.proposals()).proposals == []


async def test_before_the_first_signature_there_is_no_epoch_to_end(keys: KeyService) -> None:
    await keys.make(["seal.1"])
    assert (
        await code_of(keys.propose(deed(size=0, root=EMPTY_ROOT, kept=0)), ConflictError)
        == "hsm.epoch_unknown"
    )


async def test_everything_lost_begins_anew_with_nothing(keys: KeyService) -> None:
    await signed(keys, 7)
    await carried_out(keys, await agree(keys, deed(kept=0, reason=Loss.DAMAGED)))
    assert await keys.witness() == Witnessed(epoch=2, size=0, root=EMPTY_ROOT)
    assert Opening.parse((await keys.statements(0))[0].note).proven == 0
    await keys.sign_checkpoint(grown_in(2, 4, 0))
    assert (await keys.witness()).epoch == 2


async def test_a_replaced_log_is_told_apart_by_what_is_proven(keys: KeyService) -> None:
    (three, _) = await signed(keys, 3, 7)
    # As long as what was signed, and other entries after the third.
    longer = deed(kept=3, since=3, checkpoint=three, reason=Loss.REPLACED)
    await carried_out(keys, await agree(keys, longer))
    opening = Opening.parse((await keys.statements(0))[0].note)
    assert (opening.kept, opening.proven, opening.reason) == (3, 3, "replaced")


async def test_an_epoch_without_a_signature_of_its_own_can_end_too(keys: KeyService) -> None:
    (three, _) = await signed(keys, 3, 7)
    await carried_out(keys, await agree(keys, deed(checkpoint=three)))
    second = deed(epoch=2, size=5, kept=3, since=3, checkpoint=three)
    await carried_out(keys, await agree(keys, second))
    assert await keys.witness() == Witnessed(epoch=3, size=3, root=grown(3).root)
    first, again = (Opening.parse(each.note) for each in await keys.statements(0))
    assert (first.epoch, again.epoch, again.last) == (2, 3, "")


@pytest.mark.parametrize("size", [5, 6])
async def test_the_same_head_of_a_new_epoch_can_be_asked_for_again(keys: KeyService, size: int) -> None:
    (three, _) = await signed(keys, 3, 7)
    await carried_out(keys, await agree(keys, deed(checkpoint=three)))
    asked = grown_in(2, size, 5)
    assert await keys.sign_checkpoint(asked) == await keys.sign_checkpoint(asked)
