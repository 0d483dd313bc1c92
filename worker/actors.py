"""THE MAP: which step runs on which queue, how patient it is, and what follows.

    mailbox ─poll─▶ mail row + read + understand (waiting)
    read        ─▶ understand          what the mail says, in a child process
    understand  ─▶ ocr, validate, send which claim it belongs to, in mailbox order
    ocr         ─▶ validate            what its pictures say; validation waits a while
    validate    ─▶ send, draft         what the terms say, in order within a claim
    remind      ─▶ send, draft         what a deadline makes due
    send        ─▶ (claim's clock)     outbox row to the relay
    draft                              draft into the staff's mailbox
    triage      ─▶ validate, send      what a person did in triage, ten seconds after
    desk_send   ─▶ validate, send      a reply from the desk, ten seconds after
    sent                               what staff sent from their own mail program
    mark                               CLAIMS_AFTER: flag, label or move the mail
    audit                              each night: is anything lost?
    retain                             each night: what is kept no longer goes
    digest      ─▶ send                each night: which claims lack one thing

The steps are in `steps/intake.py`, `steps/review.py` and `steps/delivery.py`; what
they decide is in the three arrows, `ingest.py`, `validate.py` and `notify.py`. Every
step reads outside, decides in pure code, and writes its effects, its follow-ups and
its own end in one transaction. It runs twice safely. The thread then goes on with
what follows (`goes_on`), so that one ring brings a mail to its answer. Why rows and
not messages: ADR-0002; why the thread goes on: ADR-0015.
"""

from worker import desk_send, sent, triaging
from worker.bootstrap import Parts
from worker.composing import SEND
from worker.kinds import JobKind, most_by_kind
from worker.steps import delivery, drafting, intake, review, upkeep
from worker.steps.shared import (
    OCR,
    QUEUES,
    READ,
    UNDERSTAND,
    UPKEEP,
    VALIDATE,
    jobs_of_new_mail,
    reminder,
)

__all__ = [
    "KINDS",
    "MOST_BY_KIND",
    "OCR",
    "QUEUES",
    "READ",
    "SEND",
    "UPKEEP",
    "audit_job",
    "digest_job",
    "jobs_of_new_mail",
    "reminder",
    "retain_job",
]

audit_job = upkeep.audit_job
digest_job = upkeep.digest_job
retain_job = upkeep.retain_job

KINDS: dict[str, JobKind[Parts]] = {
    kind.name: kind
    for kind in (
        JobKind(
            "read",
            READ,
            intake.read,
            "understand",
            on_failure=intake.let_others_pass,
            on_quarantine=intake.park,
            on_requeue=intake.unpark,
            goes_on=frozenset({"understand"}),
            together=intake.read_together,
            most_together=intake.MOST_READ,
        ),
        JobKind(
            "understand",
            UNDERSTAND,
            intake.understand,
            "ocr, validate, send",
            on_quarantine=intake.park,
            on_requeue=intake.unpark,
            goes_on=frozenset({"validate", "understand"}),
            at_once=True,
        ),
        JobKind(
            "ocr",
            OCR,
            intake.recognise,
            "validate",
            on_failure=intake.assess_unread,
            on_quarantine=intake.assess_unread,
        ),
        JobKind(
            "validate",
            VALIDATE,
            review.validate_claim,
            "send, prepare",
            goes_on=frozenset({"prepare", "validate"}),
            at_once=True,
        ),
        JobKind(
            "prepare",
            VALIDATE,
            drafting.prepare,
            "draft",
            goes_on=frozenset({"validate"}),
            at_once=True,
        ),
        JobKind(
            "remind",
            VALIDATE,
            review.remind,
            "send",
            on_quarantine=review.look_again_later,
        ),
        JobKind(
            "send",
            SEND,
            delivery.send,
            "the claim's clock",
            on_quarantine=delivery.hold,
            on_requeue=delivery.queue_again,
            together=delivery.send_together,
            most_together=delivery.MOST_TOGETHER,
        ),
        JobKind("draft", SEND, delivery.draft, "nothing"),
        JobKind("sent", SEND, sent.take, "the claim, as a person decided"),
        JobKind(
            triaging.KIND,
            VALIDATE,
            triaging.take,
            "validate, send: a mail is placed",
            on_quarantine=triaging.give_up,
        ),
        JobKind(
            desk_send.KIND,
            VALIDATE,
            desk_send.take,
            "validate, send: a person's reply",
            on_quarantine=desk_send.give_up,
        ),
        JobKind("mark", SEND, delivery.mark, "nothing"),
        JobKind(upkeep.RETAIN, UPKEEP, upkeep.retain, "nothing"),
        JobKind(upkeep.DIGEST, UPKEEP, upkeep.digest, "send, where staff have mail"),
        JobKind(upkeep.AUDIT, UPKEEP, upkeep.audit, "nothing: an alert, if need be"),
    )
}

MOST_BY_KIND = most_by_kind(KINDS)
