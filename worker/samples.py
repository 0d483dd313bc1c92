"""Sample replies: one claim of one member, and every e-mail that it can lead to.

For `claims doctor`, which renders each of them, and for the tests. The member, the
shop and every number are made up.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from worker.domain.amount_labels import LineKind
from worker.domain.amounts import AmountLine, Proposal
from worker.domain.authentication import Authentication
from worker.domain.claim import Claim, ClaimState, ClaimType
from worker.domain.clauses import ClauseId
from worker.domain.documents import DocumentKind, DocumentVerdict, Verdict, Why
from worker.domain.exclusions import History
from worker.domain.explanation import ClockExplanation
from worker.domain.explanation import Line as ClockLine
from worker.domain.findings import Assessment, Finding, FindingVerdict
from worker.domain.identity import Sender, SenderTier
from worker.domain.mail import Fate
from worker.domain.money import Money
from worker.domain.note import Note
from worker.domain.orders import Member, Order, Package, Precision, When
from worker.domain.photographs import Photograph, Sighting
from worker.domain.policy import Policy
from worker.domain.reply import Reply, ReplyKind
from worker.domain.settlement import PointsMoved
from worker.notify import (
    Decision,
    Identity,
    MailCause,
    NoteFacts,
    NoteFlag,
    NoteMail,
    answer_assessed,
    answer_held,
    answer_unmatched,
    decide,
    draft,
    note,
    remind,
    respond,
)

NOW = datetime(2026, 11, 18, 19, 12, tzinfo=UTC)
RECEIVED_AT = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
RESPOND_BY = RECEIVED_AT + timedelta(days=7)
DUE_AT = NOW + timedelta(days=7)
DELIVERED_AT = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
ON_FILE = "lena.hoffmann@mail.example"
STRANGER = "lena.private@other.example"
OWN = Identity("claims@logistics.example")

D1, D2, D3, D4 = DocumentKind


def at(instant: datetime, precision: Precision = Precision.SECOND) -> When:
    """Return a directory time known exactly."""
    return When(instant, instant, precision, instant.isoformat())


def a_member(**changes: object) -> Member:
    """Return a member with changes."""
    member = Member("M104233", "Lena Hoffmann", (ON_FILE, "lena@work.example"))
    return replace(member, **changes)  # type: ignore[arg-type]


def a_package(**changes: object) -> Package:
    """Return a package with changes."""
    package = Package(
        package_id="PKG-77",
        value_usd=Decimal("480.00"),
        sales_price_usd=Decimal("450.00"),
        shipping_fee_usd=Decimal("62.50"),
        arrived=at(datetime(2026, 11, 17, 9, 0, tzinfo=UTC)),
        delivered=at(DELIVERED_AT),
        collected=at(DELIVERED_AT),
        tracking_number="TRK0183",
        destination_tz="Europe/Berlin",
    )
    return replace(package, **changes)  # type: ignore[arg-type]


def an_order(**changes: object) -> Order:
    """Return an order with changes."""
    order = Order(
        order_number="ORD-20261104-0183",
        member=a_member(),
        placed=at(datetime(2026, 11, 4, 10, 20, tzinfo=UTC)),
        guarantee_fee_usd=Decimal("45.00"),
        packages=(a_package(),),
    )
    return replace(order, **changes)  # type: ignore[arg-type]


def a_claim(**changes: object) -> Claim:
    """Return a claim with changes."""
    claim = Claim(
        claim_id=12,
        member_id="M104233",
        order_number="ORD-20261104-0183",
        package_id="PKG-77",
        claim_type=ClaimType.DAMAGE,
        state=ClaimState.INTAKE,
        version=3,
        received_at=RECEIVED_AT,
        member_address=ON_FILE,
    )
    return replace(claim, **changes)  # type: ignore[arg-type]


def a_complete_claim(**changes: object) -> Claim:
    """Return a complete claim with changes."""
    complete = {
        "state": ClaimState.UNDER_REVIEW,
        "docs_complete_at": RECEIVED_AT,
        "respond_by": RESPOND_BY,
    }
    return a_claim(**(complete | changes))


def documents(
    *verdicts: Verdict | Why, file: str = "photo.jpg"
) -> tuple[DocumentVerdict, ...]:
    """Return D1 to D4 with these verdicts; a reason means rejected for it."""
    return tuple(
        DocumentVerdict(kind, Verdict.REJECTED, verdict, (file,))
        if isinstance(verdict, Why)
        else DocumentVerdict(kind, verdict, None, (file,))
        for kind, verdict in zip(DocumentKind, verdicts, strict=True)
    )


ALL_THERE = documents(*[Verdict.SATISFIED] * 4)
TWO_OPEN = documents(
    Why.ENCRYPTED, Verdict.SATISFIED, Verdict.PROVISIONAL, Verdict.MISSING
)


def an_assessment(**changes: object) -> Assessment:
    """Return an assessment with changes."""
    assessment = Assessment(
        claim_type=ClaimType.DAMAGE,
        state=ClaimState.UNDER_REVIEW,
        documents=ALL_THERE,
        findings=(
            a_finding("G1"),
            a_finding("C11"),
            a_finding("C12"),
            a_finding("C1", FindingVerdict.UNCLEAR),
        ),
        flags=(),
        docs_complete_at=RECEIVED_AT,
        respond_by=RESPOND_BY,
        proposal=a_proposal(),
        policy_version="2026-11",
    )
    return replace(assessment, **changes)  # type: ignore[arg-type]


def an_incomplete_assessment(**changes: object) -> Assessment:
    """Return an incomplete assessment with changes."""
    incomplete = {
        "documents": TWO_OPEN,
        "docs_complete_at": None,
        "respond_by": None,
        "proposal": None,
    }
    return an_assessment(**(incomplete | changes))


def a_finding(
    clause: str, verdict: FindingVerdict = FindingVerdict.PASS, **changes: object
) -> Finding:
    """Return a finding with changes."""
    finding = Finding(ClauseId(clause), verdict, "for staff only", "evidence for staff")
    return replace(finding, **changes)  # type: ignore[arg-type]


def a_failed_check(clause: str) -> Finding:
    """Return a failed check with changes."""
    return a_finding(
        clause, FindingVerdict.FAIL, proposes=ClaimState.INELIGIBLE_PROPOSED
    )


def a_proposal(**changes: object) -> Proposal:
    """Return a proposal with changes."""
    proposal = Proposal(
        lines=(
            AmountLine(
                LineKind.SHIPPING_DAMAGE,
                Money.of("18.75"),
                ClauseId("G8"),
                {"paid": Money.of("62.50")},
            ),
            AmountLine(
                LineKind.PRODUCT_GOODS,
                Money.of("100.00"),
                ClauseId("G8"),
                {"loss": Money.of("450.00"), "most": Money.of("100.00")},
            ),
        ),
        total=Money.of("118.75"),
        cap_applied=False,
        needs_person=True,
    )
    return replace(proposal, **changes)  # type: ignore[arg-type]


def a_total_loss_proposal() -> Proposal:
    """Return a total loss proposal with changes."""
    return Proposal(
        lines=(
            AmountLine(
                LineKind.GOODS_LOWER,
                Money.of("450"),
                ClauseId("G5"),
                {"value": Money.of("480.00"), "price": Money.of("450.00")},
            ),
            AmountLine(
                LineKind.SHIPPING_ALL,
                Money.of("62.50"),
                ClauseId("G3"),
                {"paid": Money.of("62.50")},
            ),
            AmountLine(
                LineKind.POINTS, Money.of("-50"), ClauseId("P13"), {"points": 5000}
            ),
        ),
        total=Money.of("462.50"),
        cap_applied=False,
        needs_person=False,
        points_restored=5000,
    )


def a_sender(
    tier: SenderTier = SenderTier.A,
    address: str | None = None,
    authentication: Authentication = Authentication.PASS,
) -> Sender:
    """Return a sender with changes."""
    is_on_file = tier is not SenderTier.C
    if address is None:
        address = ON_FILE if is_on_file else STRANGER
    return Sender(tier, address, authentication, is_on_file=is_on_file)


def a_cause(tier: SenderTier = SenderTier.A, **changes: object) -> MailCause:
    """Return a cause with changes."""
    cause = MailCause(
        mail_id=7,
        message_id="<one@mail.example>",
        references=("<zero@mail.example>",),
        sender=a_sender(tier),
        received_at=RECEIVED_AT,
    )
    return replace(cause, **changes)  # type: ignore[arg-type]


def answers(
    claim: Claim,
    assessment: Assessment,
    *,
    tier: SenderTier = SenderTier.A,
    order: Order | None = None,
    before: Claim | None = None,
    is_first: bool = True,
    brought_documents: bool = True,
) -> tuple[Reply, ...]:
    """Return the answer to a mail of a sender of this tier."""
    return answer_assessed(
        a_claim() if before is None else before,
        claim,
        assessment,
        an_order() if order is None else order,
        a_cause(tier),
        is_first=is_first,
        brought_documents=brought_documents,
        now=NOW,
    )


def unmatched(
    tier: SenderTier = SenderTier.C, *, member: bool = False, order: bool = False
) -> tuple[Reply, ...]:
    """Return the answer to a mail that nothing matches."""
    return answer_unmatched(
        Fate.CANNOT_MATCH,
        a_cause(tier),
        names_member=member,
        names_order=order,
        own=OWN,
    )


def a_draft(claim: Claim, assessment: Assessment) -> Reply:
    """Return a draft with changes."""
    reply = draft(claim, assessment, an_order())
    if reply is None:
        raise ValueError(claim.state)
    return reply


def a_note(
    claim: Claim,
    assessment: Assessment,
    *,
    words: str = "My tea set arrived broken.",
    is_known: bool = True,
) -> Note:
    """Return the note for staff beside a draft; `is_known` gives the member a past."""
    order = an_order()
    reply = draft(claim, assessment, order)
    line = ClockLine("INTERNALDATE", RECEIVED_AT, source="mail 7")
    facts = NoteFacts(
        now=NOW,
        policy=Policy(),
        receipt=ClockExplanation(
            "Receipt", None, (line,), "internaldate", "The mailbox had it first."
        ),
        mails=(
            NoteMail(
                7,
                "<one@mail.example>",
                RECEIVED_AT,
                is_proven=True,
                words=words,
            ),
        ),
        flags=(NoteFlag("X5", "the label shows another street", "jane"),)
        if is_known
        else (),
        photographs=(
            Photograph(7, "2", "box.jpg", "2026:11:18 16:02:11"),
            Photograph(
                7, "3", "cup.jpg", None, (Sighting(4, 3, is_same_member=False),)
            ),
        ),
        history=History(claims=("CLM-000004",) if is_known else ()),
        templates="0123456789ab",
    )
    return note(claim, order, assessment, facts, reply=reply, subject="Your claim")


APPROVAL = Decision(
    at=NOW,
    amount=Money.of("462.50"),
    lines=a_total_loss_proposal().lines,
    points=PointsMoved(back=5000),
)
REJECTION = Decision(at=NOW, clauses=(ClauseId("C11"),))


def every_reply(tier: SenderTier = SenderTier.A) -> dict[str, tuple[Reply, ...]]:
    """Return each e-mail in its main variants, as a sender of the tier causes it."""
    open_claim = a_claim(state=ClaimState.AWAITING_DOCUMENTS, documents_due_at=DUE_AT)
    complete = a_complete_claim()
    late = DELIVERED_AT + timedelta(hours=25)
    ineligible = a_complete_claim(
        state=ClaimState.INELIGIBLE_PROPOSED, received_at=late
    )
    fails = an_assessment(findings=(a_finding("G1"), a_failed_check("C11")))
    unknown = {"claim_type": ClaimType.UNKNOWN}
    wishes = documents(*[Verdict.SATISFIED] * 2, Verdict.MISSING, Why.TOO_SMALL)
    no_photos = documents(*[Verdict.SATISFIED] * 2, *[Verdict.MISSING] * 2)
    only_photos = an_incomplete_assessment(documents=no_photos)
    loss = an_assessment(
        claim_type=ClaimType.TOTAL_LOSS, proposal=a_total_loss_proposal()
    )
    next_at = RESPOND_BY + timedelta(days=7)
    order = an_order()
    return {
        "received-complete": answers(complete, an_assessment(), tier=tier),
        "received-open": answers(open_claim, an_incomplete_assessment(), tier=tier),
        "received-unknown": answers(
            a_complete_claim(package_id=None, **unknown),
            an_assessment(documents=wishes, **unknown),
            tier=tier,
        ),
        "received-overdue": answers(
            a_complete_claim(respond_by=NOW), an_assessment(), tier=tier
        ),
        "documents_missing": answers(
            open_claim, an_incomplete_assessment(), tier=tier, is_first=False
        ),
        "documents_missing-no_photos": answers(
            replace(open_claim, flags=("claims_photos_unavailable",)),
            an_incomplete_assessment(),
            tier=tier,
            is_first=False,
        ),
        "documents_missing-wrong_order": answers(
            open_claim,
            an_incomplete_assessment(documents=documents(*[Why.WRONG_ORDER] * 4)),
            tier=tier,
            is_first=False,
        ),
        "documents_missing-only_photos": answers(
            replace(open_claim, flags=("claims_photos_unavailable",)),
            only_photos,
            tier=tier,
            is_first=False,
        ),
        "received-only_photos": answers(
            replace(open_claim, flags=("claims_photos_unavailable",)),
            only_photos,
            tier=tier,
        ),
        "documents_complete": answers(
            complete, an_assessment(), tier=tier, is_first=False
        ),
        "documents_reminder": (
            remind(open_claim, an_incomplete_assessment(), order, now=NOW),
        ),
        "documents_reminder-only_photos": (
            remind(
                replace(open_claim, flags=("claims_photos_unavailable",)),
                only_photos,
                order,
                now=NOW,
            ),
        ),
        "documents_reminder-answer": (
            remind(
                a_complete_claim(
                    state=ClaimState.AWAITING_MEMBER, documents_due_at=DUE_AT
                ),
                an_assessment(),
                order,
                now=NOW,
            ),
        ),
        "response": (
            respond(complete, an_assessment(), order, NOW, next_at, tier=tier),
        ),
        "response-ineligible": (
            respond(ineligible, fails, order, NOW, next_at, tier=tier),
        ),
        "response-open": (
            respond(
                open_claim, an_incomplete_assessment(), order, NOW, next_at, tier=tier
            ),
        ),
        "cannot_match": unmatched(tier),
        "cannot_match-member": unmatched(tier, order=True),
        "cannot_match-order": unmatched(tier, member=True),
        "cannot_match-pair": unmatched(tier, member=True, order=True),
        "held": answer_held(
            a_claim(state=ClaimState.IDENTITY_HOLD), a_cause(tier), order.member
        ),
        "draft-approved": (a_draft(complete, an_assessment()),),
        "draft-approved-loss": (a_draft(complete, loss),),
        "draft-rejected": (a_draft(ineligible, fails),),
        "approved": (decide(ReplyKind.APPROVED, complete, order, APPROVAL),),
        "approved-partial": (
            decide(
                ReplyKind.APPROVED,
                complete,
                order,
                replace(
                    APPROVAL,
                    is_partial=True,
                    amount=Money.of("412.50"),
                    maximum=Money.of("462.50"),
                    clauses=(ClauseId("G9b"),),
                    reason="We did not accept the second cup.\n\nIt is unharmed.",
                ),
            ),
        ),
        "rejected": (
            decide(
                ReplyKind.REJECTED,
                replace(
                    complete, received_at=DELIVERED_AT + timedelta(days=1, seconds=1)
                ),
                order,
                REJECTION,
            ),
        ),
        "rejected-no_guarantee": (
            decide(
                ReplyKind.REJECTED,
                complete,
                replace(order, guarantee_fee_usd=None),
                replace(REJECTION, clauses=(ClauseId("G1"),)),
            ),
        ),
        "rejected-by_audit": (
            decide(
                ReplyKind.REJECTED,
                complete,
                order,
                replace(
                    REJECTION,
                    clauses=(ClauseId("G9b"),),
                    reason="The photos show that the tea set is whole.",
                ),
            ),
        ),
        "completed": (
            decide(
                ReplyKind.COMPLETED,
                replace(complete, state=ClaimState.PAYOUT_PENDING),
                order,
                replace(
                    APPROVAL, paid_at=NOW + timedelta(days=2), payment_reference="P-881"
                ),
            ),
        ),
    }
