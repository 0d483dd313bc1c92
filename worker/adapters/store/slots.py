"""Slots: one firing of one deadline; the key makes it fire once."""

from datetime import datetime

from sqlalchemy.orm import Session

from worker.adapters.store.engine import insert
from worker.adapters.store.schema import SlotRow


def fire(session: Session, name: str, slot: str, *, at: datetime) -> bool:
    """Claim one firing of a deadline; False when it has fired before."""
    fired = session.execute(
        insert(session, SlotRow)
        .values(name=name, slot=slot, fired_at=at)
        .on_conflict_do_nothing(index_elements=["name", "slot"])
        .returning(SlotRow.name)
    ).scalar()
    return fired is not None
