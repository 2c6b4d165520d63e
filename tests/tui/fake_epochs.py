"""The fake register's new epoch of the log, over the custodians and signatures of its keys."""

from collections.abc import Callable, Mapping
from typing import Any

from daemon.contract import log_epochs as contract
from daemon.contract.endpoint import Endpoint
from daemon.contract.epochs import OpenEpoch
from daemon.contract.keys import CarryOut, Proposal, Propose
from daemon.contract.log_epochs import AskEpoch, EpochOffer
from tests.tui.fake_keys import FakeKeys, KeyRefusal


class FakeEpochs:
    """Answers without a session, as long as `fault` stands."""

    def __init__(self, keys: FakeKeys) -> None:
        self.keys = keys
        self.fault = "log.cut"
        signed, cancelled = contract.SIGN_EPOCH, contract.CANCEL_EPOCH
        self.acts: Mapping[Endpoint, Callable[[Any], Any]] = {
            contract.EPOCH: lambda _: self._offer(),
            contract.ASK_EPOCH: self._ask,
            signed: keys._sign,
            cancelled: keys._cancel,
            contract.OPEN_EPOCH: self._open,
        }

    def _offer(self) -> EpochOffer:
        if not self.fault:
            raise KeyRefusal(409, "log.epoch_not_open")
        there = [each for each in self.keys.cases.values() if isinstance(each.deed, OpenEpoch)]
        return EpochOffer(fault=self.fault, epoch=1, size=1_200, kept=1_000, proven=990, proposals=there)

    def _ask(self, asked: AskEpoch) -> Proposal:
        deed = OpenEpoch(
            epoch=1, size=1_200, root=bytes(32), kept=1_000, kept_root=bytes(32), reason=asked.reason
        )
        return self.keys._propose(Propose(deed))

    def _open(self, asked: CarryOut) -> Proposal:
        self.keys.steps = 1
        done = self.keys._carry_out(asked)
        self.fault = ""
        return done
