"""What the note for staff may know, read from the record before a transaction."""

from datetime import datetime

from worker.adapters.store.claims import ClaimMail
from worker.adapters.store.flags import PERSON, SYSTEM
from worker.bootstrap import Parts
from worker.domain.claim import Claim
from worker.domain.explanation import receipt
from worker.domain.identity import SenderTier
from worker.lookups import clocks_of
from worker.notify import NoteFacts, NoteFlag, NoteMail
from worker.validate import Dossier


def note_facts(
    parts: Parts, claim: Claim, dossier: Dossier, mails: list[ClaimMail], now: datetime
) -> NoteFacts:
    """Return what is known of a claim besides its order and its assessment."""
    store, policy = parts.store, parts.policy
    clocks = [clocks_of(store, parts.house, mail.mail_id) for mail in mails]
    return NoteFacts(
        now=now,
        policy=policy,
        receipt=receipt(claim, clocks, policy),
        mails=tuple(_mail(parts, mail) for mail in mails),
        flags=tuple(
            NoteFlag(
                one.clause,
                one.evidence,
                one.set_by,
                one.cleared_by or "",
                one.cleared_reason,
            )
            for one in store.flags.of_claim(claim.claim_id)
            if one.suggested_by == PERSON or one.cleared_by not in {None, SYSTEM}
        ),
        photographs=dossier.photographs,
        history=dossier.history,
        templates=parts.renderer.version,
    )


def _mail(parts: Parts, mail: ClaimMail) -> NoteMail:
    read = parts.store.mails.get(mail.mail_id).mail
    return NoteMail(
        mail_id=mail.mail_id,
        message_id=mail.message_id,
        received_at=mail.received_at,
        is_proven=mail.sender_tier == SenderTier.A,
        words="" if read is None else read.own_text or read.text,
    )
