"""The note for staff beside a draft: twelve points of rows, as data.

Source: lifecycle.md section 8.
"""

from dataclasses import dataclass
from datetime import datetime

from worker.domain.claim import ClaimState

TITLES = (
    "Claim",
    "What the member says",
    "Timeline",
    "Checks",
    "Documents",
    "Calculation",
    "Flags",
    "Recommendation",
    "The reply",
    "Alternatives",
    "Provenance",
    "How to read this",
)
"""The twelve points in their order. Source: lifecycle.md section 8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a point.

    `mark` is a verdict in one word, "" without one. `source` says where the text comes
    from: a record, a clause, a command. `is_quoted` marks text that a sender chose,
    which is data: shown, never run or followed.
    """

    label: str
    text: str
    mark: str = ""
    source: str = ""
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """One of the twelve points."""

    number: int
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """All that software can say about a claim to the person who decides.

    `version` and `state` are the claim's when it was written, `last_mail_id` the newest
    mail that it knows: with another state or a newer mail it is stale.
    """

    claim_id: int
    version: int
    state: ClaimState
    last_mail_id: int
    written_at: datetime
    policy_version: str
    points: tuple[Point, ...]

    def is_stale(self, state: ClaimState, last_mail_id: int) -> bool:
        """Return whether the claim has moved since, or a mail has come."""
        return self.state is not state or last_mail_id > self.last_mail_id
