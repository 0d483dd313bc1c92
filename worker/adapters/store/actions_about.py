"""Which lines of the log of actions are about a mail, an e-mail or a claim.

A line names one of them, or a job, or several jobs at once; a subject is written as
there: `mail:12`, `email:12`, `claim:12`.
"""

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from worker.adapters.store.belongings import batches
from worker.adapters.store.desk_schema import (
    OperatorActionRow,
    PendingPlacementRow,
    PendingReplyRow,
)
from worker.adapters.store.schema import JobRow

_OF_MAILS = frozenset({"read", "understand", "ocr", "mark"})
_OF_CLAIMS = frozenset({"validate", "prepare", "remind"})
_OF_EMAILS = frozenset({"send", "draft"})
_BATCH = 500


def subject_of(kind: str, ref: str) -> tuple[str, int] | None:
    """Return what a job is about, as far as its reference says: `("mail", 12)`.

    E-mails are named `12`, `12:released:1` or `put:12`.
    """
    first, _, rest = ref.partition(":")
    if kind in _OF_MAILS:
        return "mail", int(ref)
    if kind in _OF_CLAIMS:
        return "claim", int(first)
    if kind in _OF_EMAILS:
        return "email", int(first if first.isdecimal() else rest)
    return None


def actions_about(session: Session, subjects: set[str]) -> set[int]:
    """Return the numbers of the lines about any of these, or about a job of theirs.

    A line says itself what its jobs were about. An older one does not: then a job that
    was deleted since tells nothing, nor does one of a reply or a placement that is
    settled.
    """
    found: set[int] = set()
    if not subjects:
        return found
    every = sorted(subjects)
    for start in range(0, len(every), _BATCH):
        named = OperatorActionRow.target.in_(every[start : start + _BATCH])
        found |= set(
            session.execute(sa.select(OperatorActionRow.id).where(named)).scalars()
        )
    of_jobs = sa.select(
        OperatorActionRow.id, OperatorActionRow.target, OperatorActionRow.data
    ).where(
        sa.or_(
            OperatorActionRow.target.like("job:%"),
            OperatorActionRow.target.like("% jobs"),
        )
    )
    lines_of_job: dict[int, set[int]] = defaultdict(set)
    for line in session.execute(of_jobs):
        if "about" in line.data:
            if not subjects.isdisjoint(line.data["about"]):
                found.add(line.id)
            continue
        kind, _, number = line.target.partition(":")
        jobs = [int(number)] if kind == "job" else line.data.get("jobs", [])
        for job in jobs:
            lines_of_job[job].add(line.id)
    for ids in batches(lines_of_job):
        for job_id, about in subjects_of_jobs(session, ids).items():
            if not about.isdisjoint(subjects):
                found |= lines_of_job[job_id]
    return found


def subjects_of_jobs(session: Session, ids: Sequence[int]) -> dict[int, set[str]]:
    """Return what each of these jobs is about: a placement has a mail and a claim."""
    query = sa.select(JobRow.id, JobRow.kind, JobRow.ref).where(JobRow.id.in_(ids))
    rows = session.execute(query).all()
    found: dict[int, set[str]] = {}
    for row in rows:
        subject = subject_of(row.kind, row.ref)
        found[row.id] = set() if subject is None else {f"{subject[0]}:{subject[1]}"}
    by_key = {row.ref: row.id for row in rows if row.kind == "desk_send"}
    replies = sa.select(PendingReplyRow.key, PendingReplyRow.claim_id)
    for reply in session.execute(replies.where(PendingReplyRow.key.in_(by_key))):
        found[by_key[reply.key]].add(f"claim:{reply.claim_id}")
    by_number = {int(row.ref): row.id for row in rows if row.kind == "triage"}
    placed = sa.select(
        PendingPlacementRow.id,
        PendingPlacementRow.mail_id,
        PendingPlacementRow.claim_id,
    )
    for one in session.execute(placed.where(PendingPlacementRow.id.in_(by_number))):
        found[by_number[one.id]] |= {f"mail:{one.mail_id}", f"claim:{one.claim_id}"}
    return found
