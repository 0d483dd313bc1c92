"""Retention: how long each class of data is kept after nothing asks for it any more."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class DataClass(StrEnum):
    """What is kept, each with a length of its own."""

    OTHER_MAILS = "other_mails"
    """Mails that came to no claim: raw bytes, text, words, and e-mails about them."""
    RAW_MAILS = "raw_mails"
    """Raw bytes, text and names of files of the mails of closed claims."""
    CLAIMS = "claims"
    """All that is personal of closed claims; amounts, states and dates stay."""
    ACTIONS = "actions"
    """The log of what people did to the machinery and to accounts."""
    SESSIONS = "sessions"
    """Browsers that were signed in, and failures to sign in."""
    JOBS = "jobs"
    """Jobs that are done."""
    ALERTS = "alerts"
    """Alerts that a person has dismissed."""


KEEP = None
"""For ever."""
DEFAULTS: Mapping[DataClass, timedelta | None] = {
    **dict.fromkeys(DataClass, KEEP),
    DataClass.SESSIONS: timedelta(days=30),
}
"""Only what the office itself decided is deleted."""
SHORTEST = {
    DataClass.JOBS: timedelta(days=30),
    DataClass.OTHER_MAILS: timedelta(days=30),
    DataClass.RAW_MAILS: timedelta(days=30),
    DataClass.CLAIMS: timedelta(days=30),
}
"""Nothing is deleted before a member may still write about it (C8), or while a job may
still be asked for. Source: clause C8, 30 days."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each class is kept; None is for ever."""

    kept_for: Mapping[DataClass, timedelta | None] = field(
        default_factory=lambda: dict(DEFAULTS)
    )

    def ends_before(self, what: DataClass, now: datetime) -> datetime | None:
        """Return before which instant data of this class goes; None is never."""
        length = self.kept_for.get(what)
        return None if length is None else now - length
