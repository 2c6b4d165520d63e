"""通報・連絡調整 and the line to the 機構, as use cases: what municipalities are told, what the national server asks, what a person sees of it."""

from daemon.commands.correspondence.forgetting import Forgetting
from daemon.commands.correspondence.inbound import Inbound
from daemon.commands.correspondence.outgoing import Outgoing
from daemon.commands.correspondence.reported import Reported
from daemon.commands.correspondence.reports import Reports

__all__ = ["Forgetting", "Inbound", "Outgoing", "Reported", "Reports"]
