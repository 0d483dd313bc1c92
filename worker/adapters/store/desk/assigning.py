"""Whose work a claim is: who gave it to whom is in the claim's history."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import EllipsisType

import sqlalchemy as sa

from worker.adapters.store.claim_changes import append_event
from worker.adapters.store.engine import Database
from worker.adapters.store.schema import ClaimRow
from worker.domain.claim import ClaimEvent, ClaimState, Event
from worker.ports import Clock


@dataclass(frozen=True, slots=True)
class Assigned:
    """One claim that changed hands; None is nobody."""

    claim_id: int
    before: str | None
    after: str | None


class Assignments:
    """Gives claims to people; the claim itself, and its version, stay as they are."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def of(self, claim_id: int) -> str | None:
        """Return who has the claim, by sign-in name; None is nobody."""
        with self._database.read() as session:
            return session.execute(
                sa.select(ClaimRow.assigned_to).where(ClaimRow.id == claim_id)
            ).scalar_one_or_none()

    def assign(
        self,
        claim_ids: Mapping[int, str | None],
        *,
        by: str,
        only_from: str | EllipsisType | None = ...,
    ) -> list[Assigned]:
        """Give open claims to people by sign-in name, None to nobody; one transaction.

        Args:
            claim_ids: who gets which claim.
            by: who says so.
            only_from: whose the claims have to be now; any by default.

        Returns what changed: closed claims, and those that were theirs, are left out.
        """
        done = []
        with self._database.write() as session:
            rows = session.execute(
                sa.select(ClaimRow)
                .where(ClaimRow.id.in_(sorted(claim_ids)), ClaimRow.is_open)
                .order_by(ClaimRow.id)
                .with_for_update(key_share=True)
            ).scalars()
            for row in rows.all():
                before, after = row.assigned_to, claim_ids[row.id]
                if before == after or only_from not in (..., before):
                    continue
                row.assigned_to = after
                state = ClaimState(row.state)
                names = {"from": before, "to": after}
                event = ClaimEvent(
                    event=Event.ASSIGNED,
                    actor=by,
                    at=self._clock.now(),
                    state_before=state,
                    state_after=state,
                    data={key: name for key, name in names.items() if name},
                )
                append_event(session, row.id, event)
                done.append(Assigned(row.id, before, after))
        return done
