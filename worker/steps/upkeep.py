"""Upkeep: the nightly audit."""

import structlog

from worker import auditing
from worker.adapters.store import Job, NewJob
from worker.bootstrap import Parts
from worker.steps.shared import UPKEEP

log = structlog.get_logger()

AUDIT = "audit"
DEEP = "deep"


def audit_job(night: str, *, is_deep: bool) -> NewJob:
    """Return the job of one night's audit; `night` is its date."""
    return NewJob(AUDIT, f"{night}:{DEEP}" if is_deep else night, UPKEEP)


def audit(parts: Parts, job: Job) -> None:
    """Compare all records, keep what was found, and raise an alert for what is new."""
    is_deep = job.ref.endswith(f":{DEEP}")
    has_mailbox = parts.settings.mailbox_url is not None
    found = auditing.audit(parts, is_deep=is_deep, has_mailbox=has_mailbox)
    with parts.store.transaction() as work:
        auditing.keep(work, parts.store, found)
        work.finish(job)
    log.info("audited", count=len(found.gaps))
