"""What people wrote at the desk: checked against the record, and sent after a moment.

A reply that is sent from a page is a pending row for ten seconds; its job then lets
the decision happen, in one transaction with the row's end. Undoing deletes the row, so
nothing is ever half undone. What came to the claim meanwhile stops it, and the writer
is told. What counts as which decision is read as in a mail that staff sent themselves.

Source: desk-features.md (undo-send); lifecycle.md section 8, points 9 and 11.
"""

from dataclasses import replace

from worker import decide, notify
from worker.adapters import sent_mails
from worker.adapters.store import Job, NewJob, Work
from worker.adapters.store.desk.writing import (
    Pending,
    drop_edit,
    put_pending,
    stop_pending,
    take_pending,
)
from worker.bootstrap import Parts
from worker.decide import Done, Staff
from worker.domain.claim import Claim
from worker.domain.decisions import NO_MONEY, ProposedDecision, paid_before
from worker.domain.errors import UsageError, WorkerError
from worker.domain.money import Money
from worker.domain.reply import Reply, ReplyKind, gaps
from worker.domain.staff import claim_roles
from worker.domain.written import (
    DECIDING,
    OUR_FAULT,
    UNDO_FOR,
    Seen,
    Written,
    WrittenKind,
    news,
)
from worker.lookups import order_of
from worker.replies.decisions import accuses
from worker.replies.facts import paragraphs
from worker.replies.sent_texts import (
    AMOUNT_GAP,
    amounts_in,
    read_amount,
    read_clauses,
)
from worker.steps.shared import VALIDATE

KIND = "desk_send"
_ANY = "0.01"
"""Stands for an amount that is not typed yet, where only the words are wanted."""


class Undone(WorkerError):
    """The reply was taken back, or carried out already."""


def schedule(parts: Parts, claim: Claim, text: Written, seen: Seen, by: str) -> bool:
    """Let a reply go out in ten seconds; False where one is about to go out already."""
    with parts.store.transaction() as work:
        key = put_pending(work.session, claim.claim_id, text, seen, by=by, at=work.at)
        if key is None:
            return False
        work.add_jobs(NewJob(KIND, key, VALIDATE, delay=UNDO_FOR))
    return True


def take(parts: Parts, job: Job) -> None:
    """Carry out a reply whose ten seconds are over. Safe to run twice."""
    reply = parts.desk.writing.pending(job.ref)
    if reply is None or reply.why_not:
        _finish(parts, job)
        return
    try:
        _send(parts, job, reply)
    except Undone:
        _finish(parts, job)
    except UsageError as error:
        with parts.store.transaction() as work:
            stop_pending(work.session, reply.key, why_not=str(error))
            work.raise_alert(
                "reply_not_sent", f"reply:{reply.key}", claim_id=reply.claim_id
            )
            work.finish(job)


def give_up(work: Work, job: Job, _reason: str) -> None:
    """Say on the claim that its reply is not sent, where its job died."""
    stop_pending(work.session, job.ref, why_not=OUR_FAULT)


def _send(parts: Parts, job: Job, reply: Pending) -> None:
    def along(work: Work) -> None:
        if not take_pending(work.session, reply.key):
            raise Undone
        drop_edit(work.session, reply.claim_id, sent=reply.written)
        work.finish(job)

    person = parts.desk.people.named(reply.by)
    if person is None or person.disabled_at is not None:
        raise UsageError(f"the account {reply.by} was disabled meanwhile")
    claim = decide.find_claim(parts, str(reply.claim_id))
    check_seen(parts, claim, reply.seen)
    staff = Staff(person.name, claim_roles(person.role), along)
    carry_out(parts, claim, reply.written, by=staff)


def _finish(parts: Parts, job: Job) -> None:
    with parts.store.transaction() as work:
        work.finish(job)


def check_seen(parts: Parts, claim: Claim, seen: Seen) -> None:
    """Make sure that nothing came to a claim since its page was made.

    Raises:
        UsageError: something did.
    """
    events = parts.store.claims.events(claim.claim_id)
    if claim.version != seen.version or news(events, seen):
        raise UsageError(
            f"something came to {claim.ref} since its page was loaded: look at what is"
            " new, and send again"
        )


# -- what a reply does ----------------------------------------------------------------


def carry_out(parts: Parts, claim: Claim, text: Written, *, by: Staff) -> Done:
    """Let the decision of a reply happen, and release its e-mail.

    Raises:
        UsageError: the record, the terms, the state or the role do not allow it.
    """
    check(parts, claim, text, by=by)
    match text.kind:
        case WrittenKind.ASK:
            return decide.ask(parts, claim, text=text.body, by=by)
        case WrittenKind.RESPOND:
            return decide.respond(parts, claim, text=text.body, by=by)
        case WrittenKind.CONFIRM:
            return decide.settle(parts, claim, _waiting(parts, claim), (), by=by)
        case WrittenKind.APPROVE | WrittenKind.REJECT:
            return _decide(parts, claim, text, by=by)


def _decide(parts: Parts, claim: Claim, text: Written, *, by: Staff) -> Done:
    check_alone(parts, claim, text, by=by)
    decision = decision_of(parts, claim, text, by=by)
    before = decide.ways_to_propose(parts, claim, decision)
    return decide.settle(parts, claim, decision, before, by=by)


def check_alone(parts: Parts, claim: Claim, text: Written, *, by: Staff) -> None:
    """Make sure that a decision needs nobody else, where a reply makes one.

    Raises:
        UsageError: a second person is needed, or the role may only propose.
    """
    if text.kind not in DECIDING:
        return
    decision = decision_of(parts, claim, text, by=by)
    if why := decide.why_two(parts, claim, decision):
        raise UsageError(f"{claim.ref} needs two persons, since {why}: propose it")
    decide.check_settling(parts, claim, decision, by=by)


def propose(parts: Parts, claim: Claim, text: Written, *, by: Staff) -> Done:
    """Put the decision of a reply before a second person; no e-mail goes out.

    Raises:
        UsageError: the record, the terms, the state or the role do not allow it.
    """
    check(parts, claim, text, by=by)
    decision = decision_of(parts, claim, text, by=by)
    along = replace(by, along=lambda work: drop_edit(work.session, claim.claim_id))
    return decide.propose(parts, claim, decision, by=along)


def decision_of(
    parts: Parts, claim: Claim, text: Written, *, by: Staff
) -> ProposedDecision:
    """Return the decision that a reply stands for.

    Raises:
        UsageError: the terms or the state do not allow it.
    """
    if text.kind is WrittenKind.REJECT:
        if not text.clauses:
            raise UsageError("tick the clause that the rejection relies on")
        return decide.rejection(
            parts, claim, clauses=text.clauses, by=by, reason=text.body
        )
    return decide.approval(
        parts,
        claim,
        amount=text.amount.strip() or None,
        by=by,
        reason=text.body,
        packaging=text.packaging,
        contents=text.contents,
    )


def reply_of(parts: Parts, claim: Claim, text: Written, *, by: Staff) -> Reply:
    """Return the e-mail of a reply; what is not filled in yet stands in it as a gap.

    Raises:
        UsageError: the state or the terms do not allow such a reply.
    """
    match text.kind:
        case WrittenKind.ASK:
            return decide.request(parts, claim, text.body)
        case WrittenKind.RESPOND:
            return decide.status(parts, claim, text.body)
        case WrittenKind.CONFIRM:
            return decide.reply_of(parts, claim, _waiting(parts, claim))
        case WrittenKind.APPROVE | WrittenKind.REJECT:
            return _decided(parts, claim, text, by=by)


def _decided(parts: Parts, claim: Claim, text: Written, *, by: Staff) -> Reply:
    # Gaps refuse a decision that is sent, not one that is looked at.
    silent = replace(text, body="")
    filled: dict[str, object] = {"reason": paragraphs(text.body)}
    if text.kind is WrittenKind.APPROVE and is_amount_open(parts, claim, text, by=by):
        silent = replace(silent, amount=_ANY)
        filled |= {"amount": AMOUNT_GAP, "is_partial": False}
    reply = decide.reply_of(parts, claim, decision_of(parts, claim, silent, by=by))
    return replace(reply, facts=reply.facts | filled)


def is_amount_open(parts: Parts, claim: Claim, text: Written, *, by: Staff) -> bool:
    """Return whether an approval lacks an amount that a person has to enter."""
    if text.amount.strip():
        return False
    try:
        decision_of(parts, claim, replace(text, body=""), by=by)
    except UsageError:
        return True
    return False


def _waiting(parts: Parts, claim: Claim) -> ProposedDecision:
    found = decide.waiting(parts, claim)
    if found is None:
        raise UsageError(f"no decision waits on {claim.ref} any more")
    return found


# -- the text against the record ------------------------------------------------------


def check(parts: Parts, claim: Claim, text: Written, *, by: Staff) -> None:
    """Make sure that a reply is whole, and says what the record will say.

    Raises:
        UsageError: a placeholder stands, or the text names another amount or clause
            than the decision; the sentence says which.
    """
    if found := gaps(text.body):
        raise UsageError(f"fill in {', '.join(found)}, or take it out")
    if accuses(text.body):
        raise UsageError("say what was found; the word fraud is never used")
    match text.kind:
        case WrittenKind.CONFIRM:
            decide.check_settling(parts, claim, _waiting(parts, claim), by=by)
        case WrittenKind.APPROVE:
            _check_approval(parts, claim, text, by=by)
        case WrittenKind.REJECT:
            _check_rejection(parts, claim, text, by=by)
        case WrittenKind.ASK | WrittenKind.RESPOND:
            if text.kind is WrittenKind.ASK and not text.body.strip():
                raise UsageError("write what the member is asked for")
            _check_undecided(parts, claim, text)


def _check_approval(parts: Parts, claim: Claim, text: Written, *, by: Staff) -> None:
    decision = decision_of(parts, claim, text, by=by)
    granted = decision.amount
    if granted is None:
        raise UsageError("enter the amount")
    decide.need_reason(parts, claim, decision)
    reply = decide.reply_of(parts, claim, decision)
    places = _rendered(parts, _with_gap(reply))
    read = read_amount(places, _rendered(parts, reply))
    others = amounts_in(text.body) - _figures(parts, claim) - {granted}
    if None in others:
        raise UsageError("an amount in the text is not clear: write it as 1,234.50 USD")
    named = [one for one in others if one is not None]
    if read != granted and not named:
        raise UsageError(
            f"the text does not say for certain that {granted} are paid: take out what"
            " reads as another amount"
        )
    if named:
        raise UsageError(
            f"the text names {named[0]}, but the decision is {granted}: change one of"
            " them"
        )


def _check_rejection(parts: Parts, claim: Claim, text: Written, *, by: Staff) -> None:
    decision = decision_of(parts, claim, text, by=by)
    decide.need_reason(parts, claim, decision)
    reply = decide.reply_of(parts, claim, decision)
    silent = replace(reply, facts=reply.facts | {"reason": []})
    besides = read_clauses(_rendered(parts, silent)[0])
    if more := sorted(read_clauses(text.body) - besides):
        raise UsageError(
            f"the text quotes clause {more[0]}, which the rejection does not rely on:"
            " tick it, or take it out"
        )
    others = amounts_in(text.body) - _figures(parts, claim)
    named = [one for one in others if one is not None]
    if named:
        raise UsageError(
            f"the text names {named[0]}, but a rejection grants nothing: take it out"
        )


def _check_undecided(parts: Parts, claim: Claim, text: Written) -> None:
    """Refuse a text that reads as a decision, where none is made."""
    order, assessment = decide.known(parts, claim)
    draft = notify.draft(claim, assessment, order, policy=parts.policy)
    if draft is None or draft.kind is not ReplyKind.APPROVED:
        return
    if read_amount(_rendered(parts, _with_gap(draft)), (text.body,)) is not None:
        raise UsageError(
            "the text reads as an approval, and this reply decides nothing: approve"
            " the amount instead"
        )


def _figures(parts: Parts, claim: Claim) -> frozenset[Money | None]:
    """Return the amounts that the record knows, which a text may explain."""
    order, assessment = order_of(parts.orders, claim), decide.known(parts, claim)[1]
    proposal = assessment.proposal
    found: set[Money | None] = {
        Money.of(one)
        for package in order.packages
        for one in (
            package.value_usd,
            package.sales_price_usd,
            package.shipping_fee_usd,
        )
    }
    if order.guarantee_fee_usd is not None:
        found.add(Money.of(order.guarantee_fee_usd))
    if proposal is not None:
        found |= {line.amount for line in proposal.lines} | {proposal.total}
    paid = paid_before(parts.store.claims.events(claim.claim_id))
    return frozenset(found if paid == NO_MONEY else found | {paid})


def _with_gap(reply: Reply) -> Reply:
    return replace(reply, facts=reply.facts | {"amount": AMOUNT_GAP})


def _rendered(parts: Parts, reply: Reply) -> tuple[str, str]:
    made = parts.renderer.render(reply.kind, reply.facts, locale=reply.locale)
    return made.text, sent_mails.text_of_html(made.html)
