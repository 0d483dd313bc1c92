"""The note for staff beside a draft: twelve points, built from what is known.

Pure. Nothing that a member wrote decides anything here: their words are quoted in rows
of their own, on one line, without control or direction characters.

Source: lifecycle.md section 8.
"""

from typing import Any

from worker.domain.claim import Claim
from worker.domain.findings import Assessment
from worker.domain.note import TITLES, Note, Point
from worker.domain.orders import Order
from worker.domain.reply import Reply, ReplyKind
from worker.replies import note_points as points
from worker.replies.advice import alternatives, recommend
from worker.replies.note_points import NoteFacts


def note(
    claim: Claim,
    order: Order,
    assessment: Assessment,
    facts: NoteFacts,
    *,
    reply: Reply | None,
    subject: str = "",
) -> Note:
    """Return the twelve points.

    Args:
        claim: as it was saved after this assessment.
        order: the order with its member.
        assessment: what the terms say.
        facts: what else is known.
        reply: the draft beside which the note lies; None where there is none.
        subject: of that draft.
    """
    clear_hints = any(one.flags for one in assessment.findings)
    rows = (
        points.header(claim, order, assessment, facts),
        points.summary(facts),
        points.timeline(claim, order, facts),
        points.checks(claim, assessment),
        points.documents(order, claim, assessment, facts),
        points.calculation(assessment.proposal, facts.points),
        points.flags(assessment, facts),
        recommend(
            claim,
            assessment,
            is_proven=any(mail.is_proven for mail in facts.mails),
            flags=tuple(one.clause for one in facts.flags if not one.cleared_by),
            earlier_claims=facts.history.claims,
        ),
        points.reply_rows(claim, reply, subject),
        alternatives(claim, assessment, has_flags=clear_hints or bool(facts.flags)),
        points.provenance(claim, assessment, facts),
        points.reading(),
    )
    return Note(
        claim_id=claim.claim_id,
        version=claim.version,
        state=claim.state,
        last_mail_id=max((mail.mail_id for mail in facts.mails), default=0),
        written_at=facts.now,
        policy_version=assessment.policy_version,
        points=tuple(
            Point(number, title, tuple(found))
            for number, (title, found) in enumerate(
                zip(TITLES, rows, strict=True), start=1
            )
        ),
    )


def note_reply(note: Note, claim: Claim, to: str) -> Reply:
    """Return the note as an e-mail to staff, laid beside the draft and never sent.

    It answers no mail and so cannot end up in the member's thread.
    """
    return Reply(
        kind=ReplyKind.STAFF_DRAFT_NOTE,
        to=to,
        dedup_key=f"claim:{claim.claim_id}:{ReplyKind.STAFF_DRAFT_NOTE}:{note.version}",
        facts=note_facts(note, claim.ref),
        claim_id=claim.claim_id,
        is_draft=True,
        is_automatic_reply=False,
    )


def note_facts(note: Note, claim_ref: str) -> dict[str, Any]:
    """Return the note as the template reads it: strings, numbers and lists."""
    return {
        "claim_ref": claim_ref,
        "points": [
            {
                "title": f"{point.number}. {point.title}",
                "rows": [
                    {
                        "label": row.label,
                        "text": row.text,
                        "verdict": row.mark,
                        "source": row.source,
                        "is_quoted": row.is_quoted,
                    }
                    for row in point.rows
                ],
            }
            for point in note.points
        ],
    }
