"""The one place that asks what time it is."""

from datetime import UTC, datetime, timedelta


class SystemClock:
    """Business time from the system; see ports.Clock."""

    def now(self) -> datetime:
        """See ports.Clock."""
        return datetime.now(tz=UTC)


class ShiftedClock:
    """Business time that began at a given instant and runs on from there.

    Serves replays and tests (`CLAIMS_CLOCK`); leases and retries are not shifted,
    because they run by the database's clock.
    """

    def __init__(self, starts_at: datetime, *, anchor: datetime | None = None) -> None:
        """Begin at `starts_at` now, or at the real instant `anchor`.

        Processes that are given one anchor agree on the time.
        """
        self._shift: timedelta = starts_at - (anchor or datetime.now(tz=UTC))

    def now(self) -> datetime:
        """See ports.Clock."""
        return datetime.now(tz=UTC) + self._shift


class StillClock:
    """Business time that moves only when told; for dry runs."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """See ports.Clock."""
        return self.at
