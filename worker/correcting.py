"""`claims dead edit`: a mail that cannot be read, corrected by a person.

The original stays as it came, with its row, its bytes and its dead letter's history;
beside it stands a new mail that points to it and has its receipt.
"""

from worker.actors import jobs_of_new_mail
from worker.adapters.store import mail_changes
from worker.adapters.store.desk import actions, dead_letters
from worker.bootstrap import Parts
from worker.domain.errors import UsageError

OF_MAILS = frozenset({"read", "understand"})


def correct(parts: Parts, job_id: int, raw: bytes, *, by: str, reason: str) -> int:
    """Let a corrected copy of a dead letter's mail be read; return its number.

    Clocks run from the receipt of the original. Its dead letter is given up.

    Raises:
        UsageError: the job is no dead letter, or not about a mail that was parked; the
            bytes are those of the original.
        RetryLater: the raw store or the record is away.
    """
    if not raw.strip():
        raise UsageError("the corrected mail is empty")
    stored = parts.raw.put([raw])
    with parts.store.transaction() as work:
        found = dead_letters.lock(work.session, job_id)
        if found is None:
            raise UsageError(f"job {job_id} is no dead letter: see `claims dead list`")
        kind, ref = found
        if kind not in OF_MAILS:
            raise UsageError(f"dead letter {job_id} is about no mail: requeue it")
        made = mail_changes.correct(
            work.session,
            int(ref),
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
            by=by,
            at=work.at,
        )
        if made is None:
            raise UsageError(
                f"mail {ref} is not parked any more, or these are its own bytes"
            )
        mail_id, mailbox_id = made
        work.add_jobs(*jobs_of_new_mail(mail_id, mailbox_id))
        dead_letters.give_up(work.session, job_id, at=work.at)
        data: dict[str, object] = {
            "mail": int(ref),
            "corrected": mail_id,
            "about": [f"mail:{ref}"],
        }
        target = f"job:{job_id}"
        actions.append(
            work.session,
            work.at,
            by,
            "mail corrected",
            target,
            reason=reason,
            data=data,
        )
    return mail_id
