"""The error tree, sorted by what happens to the job next.

    WorkerError
    ├── RetryLater        transient: the row gets a new run_at, up to three days
    ├── GiveUp            at once a dead letter; a person must look
    ├── LeaseLost         another process has the row; our work is rolled back
    └── SettingsInvalid   the process does not start

Anything else that is raised is a bug of ours and is counted apart. Texts carry keys
and codes, never names, addresses or mail text.
"""

from datetime import timedelta


class WorkerError(Exception):
    """Base of every error that we raise on purpose."""


class RetryLater(WorkerError):
    """The outside world is not ready; the same job may succeed later.

    Args:
        reason: a stable code such as `smtp_unreachable`.
        retry_after: wait at least this long; None leaves it to the job's patience.
        alert: what a person is told once a job has waited a while for it.
        is_own: it is about this one job's matter, so that others need not wait.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after: timedelta | None = None,
        alert: str | None = None,
        is_own: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.alert = alert
        self.is_own = is_own


class GiveUp(WorkerError):
    """Trying again cannot help; the job becomes a dead letter with this reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LeaseLost(WorkerError):
    """The row's token changed under us, so nothing of this run may be written."""


class StaleClaim(WorkerError):
    """The claim's version moved since it was read; read again and decide again."""


class IllegalTransition(WorkerError):
    """The transition table has no such way out of the claim's state."""


class UsageError(WorkerError):
    """A person asked for something that cannot be done; the text says what to do."""


class ClaimMoved(UsageError):
    """The claim's version moved since a person looked at it; nothing was done."""


class WrongUse(UsageError):
    """What was asked cannot be understood: a file that is not there, no instant."""


class SettingsInvalid(WorkerError):
    """One or more settings are wrong; all faults are named together."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults
