"""What the console offers to whom, by their roles. The register decides by its own table (`daemon.commands.caller`); this spares a key that would be refused."""

from daemon.contract.console import Session

STOP_ROLES = frozenset({"officer", "chief", "administrator"})
KEY_ROLES = frozenset({"custodian", "administrator"})
HOLD_ROLES = frozenset({"clerk", "administrator"})
OUTBOX_ROLES = frozenset({"clerk", "administrator"})
RECONCILIATION_ROLES = frozenset({"clerk", "administrator", "auditor"})
EXPORT_ROLES = frozenset({"auditor", "chief"})
LOG_HOLD_ROLES = frozenset({"auditor", "officer", "chief", "administrator"})
DAY_ROLES = frozenset({"auditor", "officer", "chief", "administrator"})


class Offered:
    """Somebody who is signed in."""

    session: Session

    def _is_any(self, roles: frozenset[str]) -> bool:
        return not roles.isdisjoint(self.session.roles)

    @property
    def sees_keys(self) -> bool:
        """Whether keys, tokens and proposals are theirs to see; the register decides, the console offers."""
        return self._is_any(KEY_ROLES)

    @property
    def decides_keys(self) -> bool:
        """Whether they may make and rotate keys, hand in signatures and carry out."""
        return "custodian" in self.session.roles

    @property
    def sees_holds(self) -> bool:
        """Whether the list of held notices is theirs to see."""
        return self._is_any(HOLD_ROLES)

    @property
    def cancels_holds(self) -> bool:
        """Whether they may ask for one to be cancelled."""
        return "clerk" in self.session.roles

    @property
    def stops(self) -> bool:
        """Whether they may stop the service at once (緊急遮断), and propose to resume it."""
        return self._is_any(STOP_ROLES)

    @property
    def confirms(self) -> bool:
        """Whether they may confirm that the service is resumed."""
        return "chief" in self.session.roles

    @property
    def sees_outbox(self) -> bool:
        """Whether what waits for the national server is theirs to see, and to have tried again."""
        return self._is_any(OUTBOX_ROLES)

    @property
    def reads_reports(self) -> bool:
        """Whether they may read what the 機構 wrote in a report."""
        return "clerk" in self.session.roles

    @property
    def announces(self) -> bool:
        """Whether 廃置分合・境界変更 are theirs to see, and to ask for."""
        return "clerk" in self.session.roles

    @property
    def sees_reconciliations(self) -> bool:
        """Whether they may see whose 整合性確認 is due, and what the last ones came to."""
        return self._is_any(RECONCILIATION_ROLES)

    @property
    def reads_findings(self) -> bool:
        """Whether they may see what one found, one by one."""
        return "clerk" in self.session.roles

    @property
    def reads_log(self) -> bool:
        """Whether the log is theirs to read; it is all that they are here for."""
        return "auditor" in self.session.roles

    @property
    def searches(self) -> bool:
        """Whether they are here to search: they have an affair, or nothing else."""
        return not self.reads_log and (bool(self.session.affairs) or not self.sees_keys)

    @property
    def sees_exports(self) -> bool:
        """Whether they may see which exports of the log there are."""
        return self._is_any(EXPORT_ROLES)

    @property
    def orders_exports(self) -> bool:
        """Whether they may order one, fetch their own and give it up."""
        return "auditor" in self.session.roles

    @property
    def decides_exports(self) -> bool:
        """Whether they may approve or decline what opens sealed fields."""
        return "chief" in self.session.roles

    @property
    def sees_log_holds(self) -> bool:
        """Whether they may see which entries of the log are kept beyond their time (保全)."""
        return self._is_any(LOG_HOLD_ROLES)

    @property
    def holds_log(self) -> bool:
        """Whether they may ask for some to be kept, and for that to end."""
        return self._is_any(frozenset({"officer", "chief"}))

    @property
    def sees_days(self) -> bool:
        """Whether the daily report (日報) is theirs to print."""
        return self._is_any(DAY_ROLES)

    @property
    def has_log_duties(self) -> bool:
        """Whether anything about the log is theirs but reading it."""
        return self.sees_exports or self.sees_log_holds or self.sees_days
