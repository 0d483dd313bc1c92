"""What each tier may be told: every e-mail for every tier, searched for canaries.

Each fact of a claim holds a text that is found nowhere else. The e-mails are made by
the same functions that the worker uses, rendered, and built to their bytes.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape

import pytest

from worker.adapters.mime import parse
from worker.adapters.outgoing import MailIdentity, build
from worker.adapters.render import JinjaRenderer
from worker.adapters.resources import folder
from worker.domain.amount_labels import LineKind
from worker.domain.amounts import AmountLine, Proposal
from worker.domain.authentication import Authentication
from worker.domain.claim import Claim, ClaimState, ClaimType
from worker.domain.clauses import ClauseId
from worker.domain.decisions import ApprovalReason
from worker.domain.documents import DocumentKind, DocumentVerdict, Verdict, Why
from worker.domain.findings import Assessment, Finding, FindingVerdict
from worker.domain.identity import Sender, SenderTier
from worker.domain.mail import Fate
from worker.domain.money import Money
from worker.domain.orders import Member, Order, Package, Precision, When
from worker.domain.reply import Reply, ReplyKind
from worker.domain.settlement import PointsMoved
from worker.notify import (
    WHAT_WE_MAY_SAY,
    Decision,
    Identity,
    MailCause,
    Topic,
    answer_assessed,
    answer_held,
    answer_unmatched,
    decide,
    draft,
    remind,
    respond,
)
from worker.replies import answers, due, facts, recipients
from worker.replies.closings import (
    PaymentProblem,
    Reopening,
    close_incomplete,
    merge,
    payment_failed,
    reopen,
    withdraw,
)
from worker.replies.staff import (
    Missing,
    Waiting,
    ask_approval,
    ask_payment,
    digest,
    tell_alert,
    tell_dead_letter,
    tell_silence,
    warn_due,
)

A, B, C = SenderTier
Kind = ReplyKind
RENDERER = JinjaRenderer(folder("templates") / "emails")
OURS = MailIdentity("claims@ours.example", "Claims", "claims-worker", b"key")
PRIMARY, OTHER = "primary@file.example", "second@file.example"
STRANGER = "stranger@else.example"
STAFF = "staff@ours.example"
BY_A_PERSON = {Kind.APPROVED, Kind.REJECTED, Kind.COMPLETED}
CLOSINGS = {
    Kind.CLOSED_INCOMPLETE,
    Kind.WITHDRAWN,
    Kind.REOPENED,
    Kind.PAYMENT_PROBLEM,
    Kind.MERGED,
}
TABLE = dict(WHAT_WE_MAY_SAY)
"""As it is while the tests are collected, for tests that break it on purpose."""

CANARIES = {
    Topic.OWN_MAIL: ("06:07:08",),
    Topic.IDS: ("M5551290", "ORD-7733-0155", "CLM-000491"),
    Topic.RECEIPT: ("07:53:09", "21:17", "22:43", "23:39"),
    Topic.DOCUMENTS: ("locked with a password", "too small to see", "✓", "✗"),
    Topic.NAME: ("Quillon", "Vantresk"),
    Topic.ORDER: ("PKGX8813", "TRKX7741", "Kathmandu", "03:47", "04:53", "partial_loss",
                  "not_bought"),
    Topic.AMOUNTS: ("7311.13", "6229.41", "83.59", "1,234.56", "7,919",
                    "45.17", "8,642.97"),
}  # fmt: skip
NEVER = ("zebra-file", "zebra-evidence", "zebra-text", "zebra_flag", PRIMARY, OTHER)
"""What a sender chose, what staff read, and addresses in the text of any e-mail."""

SHIPPED = datetime(2031, 5, 2, 3, 47, tzinfo=UTC)
COLLECTED = datetime(2031, 5, 3, 4, 53, tzinfo=UTC)
RECEIVED = datetime(2031, 5, 7, 7, 53, 9, tzinfo=UTC)
MAIL_AT = datetime(2031, 5, 8, 6, 7, 8, tzinfo=UTC)
NOW = datetime(2031, 5, 8, 21, 0, tzinfo=UTC)
DUE = datetime(2031, 5, 20, 21, 17, tzinfo=UTC)
RESPOND_BY = datetime(2031, 5, 21, 22, 43, tzinfo=UTC)
NEXT = datetime(2031, 5, 28, 23, 39, tzinfo=UTC)

PACKAGE = Package(
    package_id="PKGX8813",
    value_usd=Decimal("7311.13"),
    sales_price_usd=Decimal("6229.41"),
    shipping_fee_usd=Decimal("83.59"),
    arrived=When(SHIPPED, SHIPPED, Precision.SECOND, ""),
    delivered=When(COLLECTED, COLLECTED, Precision.SECOND, ""),
    tracking_number="TRKX7741",
    destination_tz="Asia/Kathmandu",
)
MEMBER = Member("M5551290", "Quillon Vantresk", (PRIMARY, OTHER))
ORDER = Order("ORD-7733-0155", MEMBER, None, Decimal("45.17"), (PACKAGE,))
CLAIM = Claim(
    claim_id=491,
    member_id="M5551290",
    order_number="ORD-7733-0155",
    package_id="PKGX8813",
    claim_type=ClaimType.PARTIAL_LOSS,
    state=ClaimState.UNDER_REVIEW,
    version=3,
    received_at=RECEIVED,
    respond_by=RESPOND_BY,
    documents_due_at=DUE,
    member_address=OTHER,
    flags=("zebra_flag",),
)
OPEN = replace(CLAIM, state=ClaimState.AWAITING_DOCUMENTS, respond_by=None)
DOCUMENTS = tuple(
    DocumentVerdict(kind, verdict, why, ("zebra-file.pdf",), "zebra-evidence")
    for kind, verdict, why in zip(
        DocumentKind,
        (Verdict.REJECTED, Verdict.SATISFIED, Verdict.MISSING, Verdict.REJECTED),
        (Why.ENCRYPTED, None, None, Why.TOO_SMALL),
        strict=True,
    )
)
LINES = (
    AmountLine(
        LineKind.GOODS_AUDITED,
        Money.of("1234.56"),
        ClauseId("G5"),
        {"most": Money.of("8642.97")},
    ),
)
ASSESSMENT = Assessment(
    claim_type=ClaimType.PARTIAL_LOSS,
    state=ClaimState.UNDER_REVIEW,
    documents=DOCUMENTS,
    findings=tuple(
        Finding(
            ClauseId(clause), verdict, "zebra-text", "zebra-evidence", proposes=proposes
        )
        for clause, verdict, proposes in (
            ("G1", FindingVerdict.PASS, None),
            ("C11", FindingVerdict.FAIL, ClaimState.INELIGIBLE_PROPOSED),
            ("C12", FindingVerdict.UNCLEAR, None),
        )
    ),
    flags=("zebra_flag",),
    docs_complete_at=RECEIVED,
    respond_by=RESPOND_BY,
    proposal=Proposal(
        lines=LINES,
        total=Money.of("1234.56"),
        cap_applied=True,
        needs_person=False,
        points_restored=7919,
    ),
    policy_version="zebra-text",
)
COMPLETE = replace(
    ASSESSMENT,
    documents=tuple(
        DocumentVerdict(kind, Verdict.SATISFIED, None, ("zebra-file.pdf",))
        for kind in DocumentKind
    ),
)


def caused(tier: SenderTier, authentication: Authentication) -> MailCause:
    """A mail of a sender of the tier, who chose its Message-ID too."""
    is_on_file = tier is not C
    address = OTHER if is_on_file else STRANGER
    return MailCause(
        mail_id=881,
        message_id="<any@else.example>",
        references=(),
        sender=Sender(tier, address, authentication, is_on_file=is_on_file),
        received_at=MAIL_AT,
    )


def every_email(tier: SenderTier) -> list[tuple[SenderTier, Reply]]:
    """Each e-mail that a mail of the tier can lead to, with who hears it.

    The address on file hears what tier B hears of the mail of a stranger, and whatever
    a person decided hears the member as tier A.
    """
    passed = Authentication.NONE if tier is B else Authentication.PASS
    cause = caused(tier, passed)
    found: list[Reply] = []
    for claim, assessment in ((OPEN, ASSESSMENT), (CLAIM, COMPLETE)):
        for is_first in (True, False):
            found += answer_assessed(
                replace(claim, state=ClaimState.INTAKE, docs_complete_at=None),
                claim,
                assessment,
                ORDER,
                cause,
                is_first=is_first,
                brought_documents=True,
                now=NOW,
            )
        for state in ClaimState:
            now_at = replace(claim, state=state)
            found.append(
                respond(now_at, assessment, ORDER, NOW, NEXT, tier=tier)
                if tier is not C
                else remind(now_at, assessment, ORDER, now=NOW)
            )
            found.append(remind(now_at, assessment, ORDER, now=NOW))
            drafted = draft(now_at, assessment, ORDER)
            found += [] if drafted is None else [drafted]
    for member, order in ((False, False), (True, False), (False, True), (True, True)):
        found += answer_unmatched(
            Fate.CANNOT_MATCH,
            cause,
            names_member=member,
            names_order=order,
            own=Identity("claims@ours.example"),
        )
    held = replace(CLAIM, state=ClaimState.IDENTITY_HOLD)
    found += answer_held(held, cause, MEMBER) if tier is C else ()
    decision = Decision(
        at=NOW,
        amount=Money.of("1234.56"),
        lines=LINES,
        clauses=(ClauseId("C11"),),
        points=PointsMoved(back=7919),
        paid_at=NOW,
        payment_reference="P-1",
    )
    found += [decide(kind, CLAIM, ORDER, decision) for kind in sorted(BY_A_PERSON)]
    found += closing(None if tier is C else cause)
    return [(_heard_by(tier, reply), reply) for reply in found]


def closing(cause: MailCause | None) -> list[Reply]:
    """How a claim ends without a decision, comes back, or cannot be paid."""
    return [
        close_incomplete(OPEN, ASSESSMENT, ORDER, closed_at=NOW, reopen_until=NEXT),
        withdraw(CLAIM, ORDER, cause, asked_at=NOW),
        *(
            reopen(CLAIM, ASSESSMENT, ORDER, cause, why=why, reopened_at=NOW)
            for why in Reopening
        ),
        *(
            payment_failed(CLAIM, ORDER, problem=problem, failed_at=NOW)
            for problem in PaymentProblem
        ),
        merge(CLAIM, "CLM-000015", ORDER, cause),
    ]


TO_STAFF = [
    warn_due(CLAIM, STAFF, respond_by=RESPOND_BY, now=NOW),
    warn_due(CLAIM, STAFF, respond_by=NOW, now=RESPOND_BY),
    ask_approval(
        CLAIM,
        STAFF,
        amount=Money.of("1234.56"),
        reasons=ApprovalReason,
        respond_by=RESPOND_BY,
    ),
    ask_payment(CLAIM, STAFF, amount=Money.of("1234.56"), points=7919, approved_at=NOW),
    tell_dead_letter(1, STAFF, job_kind="read", reason="crash", attempts=3, at=NOW),
    tell_silence(STAFF, last_pass_at=NOW, now=NEXT),
    tell_alert(
        {"alert": "7", "code": "dead_letter", "about": "read:1", "says": "it failed"},
        STAFF,
        at=NOW,
    ),
    digest(
        [Waiting(OPEN, missing, NOW) for missing in Missing], STAFF, night="x", now=NEXT
    ),
]


def _heard_by(tier: SenderTier, reply: Reply) -> SenderTier:
    if reply.kind in BY_A_PERSON:
        return A
    is_stranger = reply.to == STRANGER
    if reply.kind in {Kind.DOCUMENTS_REMINDER, Kind.IDENTITY_NOTICE, *CLOSINGS}:
        return C if is_stranger else B
    return tier


def everything_in(reply: Reply) -> str:
    """All that the e-mail says anywhere: its facts, headers, text and HTML."""
    rendered = RENDERER.render(reply.kind, reply.facts, locale=reply.locale)
    raw = build(reply, rendered, identity=OURS, now=NOW).raw
    top = raw.partition(b"\r\n\r\n")[0].decode()
    headers = "\n".join(
        line for line in top.splitlines() if not line.startswith(("To: ", "Date: "))
    )
    known = json.dumps(reply.facts, ensure_ascii=False)
    html = unescape(rendered.html)
    return f"{rendered.subject}\n{parse(raw).text}\n{html}\n{headers}\n{known}"


def leaks(heard_by: SenderTier, reply: Reply) -> list[str]:
    """Every canary in the e-mail that its recipient may not hear."""
    said = everything_in(reply)
    hidden = [
        canary
        for topic, canaries in CANARIES.items()
        if topic not in TABLE[heard_by]
        for canary in canaries
    ]
    return [canary for canary in (*hidden, *NEVER) if canary in said]


EVERY = {tier: every_email(tier) for tier in SenderTier}


@pytest.mark.parametrize("tier", SenderTier)
def test_no_email_of_any_tier_tells_what_the_table_keeps_from_it(
    tier: SenderTier,
) -> None:
    found = {reply.dedup_key: leaks(heard, reply) for heard, reply in EVERY[tier]}

    assert [key for key, leaked in found.items() if leaked] == [], found


def test_every_kind_of_email_is_looked_at_for_every_tier_that_causes_it() -> None:
    kinds = {tier: {reply.kind for _, reply in EVERY[tier]} for tier in SenderTier}
    to_strangers = {Kind.CONFIRM_IDENTITY, Kind.IDENTITY_NOTICE}

    staff = {reply.kind for reply in TO_STAFF} | {Kind.STAFF_DRAFT_NOTE}

    assert kinds[A] == kinds[B] == set(Kind) - to_strangers - staff
    assert kinds[C] >= {*to_strangers, Kind.CANNOT_MATCH, Kind.DOCUMENTS_REMINDER}
    assert not kinds[C] & {Kind.RECEIVED, Kind.DOCUMENTS_MISSING, Kind.RESPONSE}


@pytest.mark.parametrize("reply", TO_STAFF, ids=lambda reply: reply.kind)
def test_emails_to_staff_hold_ids_and_sums_and_no_personal_data(reply: Reply) -> None:
    hidden = [*CANARIES[Topic.NAME], *CANARIES[Topic.ORDER], "M5551290", *NEVER]

    assert [canary for canary in hidden if canary in everything_in(reply)] == []
    assert not reply.is_automatic_reply


def test_every_canary_is_told_to_somebody() -> None:
    """Otherwise its absence would prove nothing."""
    said = "\n".join(everything_in(reply) for _, reply in EVERY[A])
    by_nobody = {"TRKX7741", "not_bought", "7311.13", "6229.41", "83.59", "45.17"}
    told = {one for canaries in CANARIES.values() for one in canaries} - by_nobody

    assert [canary for canary in told if canary not in said] == []


def test_a_stranger_is_told_the_same_bytes_whatever_the_claim_is() -> None:
    others = replace(CLAIM, claim_id=12, member_id="M1", order_number="ORD-1")
    cause = caused(C, Authentication.PASS)
    one = answer_held(CLAIM, cause, MEMBER)[0]
    other = answer_held(others, cause, MEMBER)[0]

    assert everything_in(one).replace("\n", "") != ""
    assert one.facts == other.facts == {}
    assert RENDERER.render(one.kind, one.facts, locale="en") == RENDERER.render(
        other.kind, other.facts, locale="en"
    )


# -- the test itself: each of these breaks the worker on purpose ---------------------


def _table_tells_all(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(WHAT_WE_MAY_SAY, B, frozenset(Topic))


def _receipt_forgets_the_table(patch: pytest.MonkeyPatch) -> None:
    told = facts.claim_facts
    patch.setattr(answers, "claim_facts", lambda claim, order, _: told(claim, order, A))


def _reminder_forgets_the_table(patch: pytest.MonkeyPatch) -> None:
    told = facts.clock_facts
    patch.setattr(due, "clock_facts", lambda c, a, o, _, now: told(c, a, o, A, now))


def _response_forgets_the_table(patch: pytest.MonkeyPatch) -> None:
    told = facts.checks
    patch.setattr(due, "checks", lambda c, a, o, _: told(c, a, o, A))


def _files_are_named(patch: pytest.MonkeyPatch) -> None:
    told = facts.document_facts
    files = {"files": [row.files for row in DOCUMENTS]}
    patch.setattr(answers, "document_facts", lambda c, a: told(c, a) | files)


def _ids_go_to_strangers(patch: pytest.MonkeyPatch) -> None:
    told = recipients.to_sender
    patch.setattr(
        answers,
        "to_sender",
        lambda kind, cause, known, claim=None: told(
            kind, cause, known | (facts.ids(claim) if claim else {}), claim
        ),
    )


@pytest.mark.parametrize(
    ("tier", "break_it"),
    [
        (B, _table_tells_all),
        (B, _receipt_forgets_the_table),
        (B, _reminder_forgets_the_table),
        (B, _response_forgets_the_table),
        (A, _files_are_named),
        (C, _ids_go_to_strangers),
    ],
)
def test_an_email_that_forgets_the_table_is_found(
    monkeypatch: pytest.MonkeyPatch,
    tier: SenderTier,
    break_it: Callable[[pytest.MonkeyPatch], None],
) -> None:
    break_it(monkeypatch)

    assert any(leaks(heard, reply) for heard, reply in every_email(tier))
