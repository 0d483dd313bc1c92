"""Alerts: a person has seen to what one tells of."""

from worker.bootstrap import Parts
from worker.decide.common import By, name_of
from worker.domain.errors import UsageError


def dismiss_alert(parts: Parts, alert_id: int, *, by: By) -> None:
    """Take an alert off the list; who did it stands among the operators' actions.

    Raises:
        UsageError: it is not listed, or stands until its fault is gone.
    """
    name = name_of(by)
    with parts.store.transaction() as work:
        if not work.dismiss_alert(alert_id, by=name):
            raise UsageError(
                f"alert {alert_id} is not listed, or ends with its fault:"
                " see `claims alerts`"
            )
