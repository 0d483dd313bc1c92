"""Upkeep: the nightly audit, what is kept no longer, and what staff hear daily."""

from collections.abc import Iterator

import structlog

from worker import auditing, retaining
from worker.adapters.store import Job, NewJob
from worker.adapters.store.lacking import lacking
from worker.bootstrap import Parts
from worker.composing import compose_decided, queue_emails
from worker.domain.claim import SYSTEM
from worker.replies.staff import Waiting, facts_missing
from worker.replies.staff import digest as tell_digest
from worker.steps.shared import UPKEEP

log = structlog.get_logger()

AUDIT = "audit"
RETAIN = "retain"
DIGEST = "digest"
DEEP = "deep"


def audit_job(night: str, *, is_deep: bool) -> NewJob:
    """Return the job of one night's audit; `night` is its date."""
    return NewJob(AUDIT, f"{night}:{DEEP}" if is_deep else night, UPKEEP)


def retain_job(night: str) -> NewJob:
    """Return the job that deletes, in one night, what is kept no longer."""
    return NewJob(RETAIN, night, UPKEEP)


def digest_job(night: str) -> NewJob:
    """Return the job that tells staff, once a night, which claims lack one thing."""
    return NewJob(DIGEST, night, UPKEEP)


def digest(parts: Parts, job: Job) -> None:
    """Write the e-mail about claims that lack one thing (lifecycle.md I5)."""
    to = parts.settings.alert_address
    told = []
    if to is not None:
        rows = _lacking_one(parts)
        reply = tell_digest(rows, to, night=job.ref, now=parts.clock.now())
        told.append(compose_decided(parts, reply))
    with parts.store.transaction() as work:
        queue_emails(work, told)
        work.finish(job)


def _lacking_one(parts: Parts) -> Iterator[Waiting]:
    for one in lacking(parts.store.database):
        missing = facts_missing(one.claim, documents=one.documents)
        if len(missing) == 1:
            yield Waiting(one.claim, missing[0], one.since)


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
