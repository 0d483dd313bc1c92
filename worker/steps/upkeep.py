"""Upkeep: the nightly audit, and what is kept no longer."""

import structlog

from worker import auditing, retaining
from worker.adapters.store import Job, NewJob
from worker.bootstrap import Parts
from worker.domain.claim import SYSTEM
from worker.steps.shared import UPKEEP

log = structlog.get_logger()

AUDIT = "audit"
RETAIN = "retain"
DEEP = "deep"


def audit_job(night: str, *, is_deep: bool) -> NewJob:
    """Return the job of one night's audit; `night` is its date."""
    return NewJob(AUDIT, f"{night}:{DEEP}" if is_deep else night, UPKEEP)


def retain_job(night: str) -> NewJob:
    """Return the job that deletes, in one night, what is kept no longer."""
    return NewJob(RETAIN, night, UPKEEP)


def retain(parts: Parts, job: Job) -> None:
    """Delete what the policy keeps no longer; what was deleted stays deleted."""
    gone = retaining.apply(parts, by=SYSTEM)
    with parts.store.transaction() as work:
        work.finish(job)
    log.info("retained", count=sum(gone.values()))


def audit(parts: Parts, job: Job) -> None:
    """Compare all records, keep what was found, and raise an alert for what is new."""
    is_deep = job.ref.endswith(f":{DEEP}")
    has_mailbox = parts.settings.mailbox_url is not None
    found = auditing.audit(parts, is_deep=is_deep, has_mailbox=has_mailbox)
    with parts.store.transaction() as work:
        auditing.keep(work, parts.store, found)
        work.finish(job)
    log.info("audited", count=len(found.gaps))
