"""What a person writes to a member at the desk, before it is decided and sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from worker.domain.amounts import Condition
from worker.domain.claim import ClaimEvent, Event
from worker.domain.clauses import ClauseId

OUR_FAULT = "a fault of ours stopped it; an operator sees it among the dead letters"
"""Why something that waited did not happen, where its job died."""
UNDO_FOR = timedelta(seconds=10)
"""How long a reply can be taken back. Source: desk-features.md, undo-send."""
_NO_NEWS = frozenset[str]({Event.SLA_WARNED, Event.ASSIGNED})
"""Events that change nothing for whoever writes."""


class WrittenKind(StrEnum):
    """What a reply does to its claim."""

    APPROVE = "approve"
    REJECT = "reject"
    ASK = "ask"
    RESPOND = "respond"
    CONFIRM = "confirm"
    """Approves the decision that somebody else proposed, as it was proposed."""


DECIDING = frozenset({WrittenKind.APPROVE, WrittenKind.REJECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A reply as its form says it; `amount` is what was typed, "" is the proposal's.

    `body` is the free part of the e-mail, an empty line between paragraphs.
    """

    kind: WrittenKind
    body: str = ""
    amount: str = ""
    clauses: tuple[ClauseId, ...] = ()
    packaging: Condition = Condition.UNKNOWN
    contents: Condition = Condition.UNKNOWN

    @property
    def choices(self) -> dict[str, str]:
        """Return what a row keeps besides kind and body."""
        return {
            "amount": self.amount,
            "clauses": " ".join(self.clauses),
            "packaging": self.packaging.value,
            "contents": self.contents.value,
        }


def written(kind: str, body: str, choices: Mapping[str, Any]) -> Written:
    """Return the reply of a row."""
    return Written(
        kind=WrittenKind(kind),
        body=body,
        amount=str(choices.get("amount", "")),
        clauses=tuple(ClauseId(one) for one in str(choices.get("clauses", "")).split()),
        packaging=Condition(choices.get("packaging", Condition.UNKNOWN)),
        contents=Condition(choices.get("contents", Condition.UNKNOWN)),
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a claim had come when its page was made."""

    version: int
    events: int


def news(events: Sequence[ClaimEvent], seen: Seen) -> list[ClaimEvent]:
    """Return what has happened to a claim since its page was made, oldest first."""
    return [one for one in events[seen.events :] if one.event not in _NO_NEWS]
