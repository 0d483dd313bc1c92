"""Which lines of the log of actions are about a mail, an e-mail or a claim.

A line names one of them, or a job, or several jobs at once; a subject is written as
there: `mail:12`, `email:12`, `claim:12`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

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

    A line says itself what its jobs were about, as far as that was known: of a reply or
    a placement that a person had settled by then it was not, and of a mail in the sent
    folder it never is. An older line does not say: then a job that was deleted since
    tells nothing.
    """
    found: set[int] = set()
    if not subjects:
        return found
    for targets in batches(subjects):
        named = sa.select(OperatorActionRow.id).where(
            OperatorActionRow.target.in_(targets)
        )
        found |= set(session.execute(named).scalars())
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
        for job in _jobs_of(line.target, line.data):
            lines_of_job[job].add(line.id)
    for ids in batches(lines_of_job):
        for job_id, about in subjects_of_jobs(session, ids).items():
            if not about.isdisjoint(subjects):
                found |= lines_of_job[job_id]
    return found


def with_subjects(
    session: Session, target: str, data: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the data of a line with what its jobs are about, before they change."""
    jobs = [] if "about" in data else _jobs_of(target, data)
    if not jobs:
        return data
    about = set[str]().union(*subjects_of_jobs(session, jobs).values())
    return {**data, "about": sorted(about)}


def _jobs_of(target: str, data: Mapping[str, Any]) -> list[int]:
    kind, _, number = target.partition(":")
    if kind == "job":
        return [int(number)]
    return list(data.get("jobs", [])) if target.endswith(" jobs") else []


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
        of = found[by_number[one.id]]
        of |= {f"mail:{one.mail_id}"} if one.mail_id is not None else set()
        of |= {f"claim:{one.claim_id}"} if one.claim_id is not None else set()
    return found
