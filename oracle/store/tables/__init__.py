"""Every table. Times are Unix seconds, hashes and addresses 0x-hex, `body` and `terms` JSON.

Whatever follows from blocks carries its block, by one of two mixins, so that one generic rollback
(`rollback.py`) undoes it; a test refuses a table that names a block in any other way. What was signed or
evaluated does not follow from blocks: it happened, whatever the chain says later.

Importing one part imports all: rollback, migrations and backups must see every table.
"""

from oracle.store.tables.base import Base, FromBlock, UntilBlock
from oracle.store.tables.chain import (
    Block,
    CommitteeRow,
    Deployment,
    EvaluatorVersion,
    EventRow,
    JobRow,
    JobVersion,
)
from oracle.store.tables.judging import (
    AttestationRow,
    CommitmentRow,
    EquivocationRow,
    EvaluationRow,
    JournalRow,
    PeerIncidentRow,
    PeerNonceRow,
)
from oracle.store.tables.places import HoldRow, HomeRow
from oracle.store.tables.scores import ScoreEvidenceRow, ScoreProgressRow, StandingProgressRow, StandingRow
from oracle.store.tables.sending import LaneRow, OutboxRow, ReceiptRow, TransactionRow
from oracle.store.tables.tabs import TabEventRow, TabRow, TabSourceRow
from oracle.store.tables.told import (
    AnnouncedRow,
    ChangeRow,
    DeliveryRow,
    FeedRow,
    PolicyEventRow,
    RegistryPostRow,
    ScreeningRow,
    WebhookRow,
)

__all__ = [
    "AnnouncedRow",
    "AttestationRow",
    "Base",
    "Block",
    "ChangeRow",
    "CommitmentRow",
    "CommitteeRow",
    "DeliveryRow",
    "Deployment",
    "EquivocationRow",
    "EvaluationRow",
    "EvaluatorVersion",
    "EventRow",
    "FeedRow",
    "FromBlock",
    "HoldRow",
    "HomeRow",
    "JobRow",
    "JobVersion",
    "JournalRow",
    "LaneRow",
    "OutboxRow",
    "PeerIncidentRow",
    "PeerNonceRow",
    "PolicyEventRow",
    "ReceiptRow",
    "RegistryPostRow",
    "ScoreEvidenceRow",
    "ScoreProgressRow",
    "ScreeningRow",
    "StandingProgressRow",
    "StandingRow",
    "TabEventRow",
    "TabRow",
    "TabSourceRow",
    "TransactionRow",
    "UntilBlock",
    "WebhookRow",
]
