"""Arrow 3: which e-mail goes to whom, under which key, and what it may say."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from worker.adapters.languages import Language
from worker.adapters.render import JinjaRenderer
from worker.adapters.resources import folder
from worker.domain.authentication import Authentication
from worker.domain.claim import ASSESSED_STATES, ClaimState, ClaimType
from worker.domain.clauses import ClauseId
from worker.domain.deadlines import span_in_words
from worker.domain.documents import Verdict
from worker.domain.errors import GiveUp, UsageError
from worker.domain.findings import FindingVerdict
from worker.domain.identity import SenderTier
from worker.domain.mail import Fate
from worker.domain.money import Money
from worker.domain.orders import Precision, When
from worker.domain.reply import (
    Reply,
    ReplyKind,
    gaps,
)
from worker.notify import (
    WHAT_WE_MAY_SAY,
    Identity,
    Topic,
    answer_assessed,
    answer_held,
    answer_unmatched,
    decide,
    draft,
    remind,
    respond,
)
from worker.replies.values import instant, money, recorded, span
from worker.samples import (
    ALL_THERE,
    APPROVAL,
    DELIVERED_AT,
    DUE_AT,
    NOW,
    ON_FILE,
    OWN,
    RECEIVED_AT,
    REJECTION,
    RESPOND_BY,
    STRANGER,
    a_cause,
    a_claim,
    a_complete_claim,
    a_draft,
    a_failed_check,
    a_finding,
    a_member,
    a_package,
    a_proposal,
    a_sender,
    a_total_loss_proposal,
    an_assessment,
    an_incomplete_assessment,
    an_order,
    answers,
    at,
    documents,
    every_reply,
    unmatched,
)

RENDERER = JinjaRenderer(folder("templates") / "emails")
ENGLISH = Language("en", folder("templates") / "locale")
A, B, C = SenderTier
Kind = ReplyKind
NEXT_AT = RESPOND_BY + timedelta(days=7)
WAITING = a_claim(state=ClaimState.AWAITING_DOCUMENTS, documents_due_at=DUE_AT)
HELD = a_claim(state=ClaimState.IDENTITY_HOLD)


def kinds(replies: tuple[Reply, ...]) -> list[tuple[Kind, str]]:
    return [(reply.kind, reply.to) for reply in replies]


def everything_said(reply: Reply) -> str:
    rendered = RENDERER.render(reply.kind, reply.facts, locale=reply.locale)
    html = re.sub("<style>.*</style>", "", rendered.html, flags=re.DOTALL)
    return f"{rendered.subject}\n{rendered.text}\n{html}"


# -- what we may say ----------------------------------------------------------------

AMOUNTS = ("450.00", "480.00", "62.50", "462.50", "118.75", "USD", "5,000 points")
NAME = ("Lena", "Hoffmann")
ORDER_DATA = ("PKG-77", "TRK0183", "14:30", "17 November", "Berlin", "Guarantee was")
IDS = ("M104233", "ORD-20261104-0183", "CLM-000012")
BY_THE_SENDER = ("photo.jpg", "zero@", "one@", "mail.example", "other.example", "@")
FORBIDDEN = {
    Topic.AMOUNTS: AMOUNTS,
    Topic.NAME: NAME,
    Topic.ORDER: ORDER_DATA,
    Topic.IDS: IDS,
}
BY_A_PERSON = {Kind.APPROVED, Kind.REJECTED, Kind.COMPLETED}
SAID = [
    pytest.param(tier, reply, id=f"{tier}-{name}-{reply.kind}")
    for tier in SenderTier
    for name, replies in every_reply(tier).items()
    for reply in replies
]


@pytest.mark.parametrize(("tier", "reply"), SAID)
def test_no_email_tells_more_than_its_recipient_may_hear(
    tier: SenderTier, reply: Reply
) -> None:
    """The table holds for each e-mail that a sender of the tier can cause.

    An address on file that proved nothing hears what tier B hears; what a person
    decided tells all. Nothing that a sender wrote is ever told to anybody.
    """
    heard_by = tier
    if reply.kind in BY_A_PERSON:
        heard_by = A
    elif tier is C and reply.to == ON_FILE:
        heard_by = B
    said = everything_said(reply)

    for topic, leaks in FORBIDDEN.items():
        if topic not in WHAT_WE_MAY_SAY[heard_by]:
            assert [leak for leak in leaks if leak in said] == []
    assert [leak for leak in BY_THE_SENDER if leak in said] == []


def test_the_table_grows_with_proof() -> None:
    assert WHAT_WE_MAY_SAY[C] < WHAT_WE_MAY_SAY[B] < WHAT_WE_MAY_SAY[A]
    assert WHAT_WE_MAY_SAY[C] == {Topic.OWN_MAIL}
    assert WHAT_WE_MAY_SAY[B] - WHAT_WE_MAY_SAY[C] == {
        Topic.IDS,
        Topic.RECEIPT,
        Topic.DOCUMENTS,
    }


def test_full_proof_is_told_what_we_understood() -> None:
    (reply,) = answers(a_complete_claim(), an_assessment())
    said = everything_said(reply)

    for told in (*IDS, "Dear Lena Hoffmann", "PKG-77", "Berlin time", "damaged"):
        assert told in said


@pytest.mark.parametrize(("_tier", "reply"), SAID)
def test_facts_are_plain_data(_tier: SenderTier, reply: Reply) -> None:
    assert json.loads(json.dumps(reply.facts)) == reply.facts


@pytest.mark.parametrize(
    "name",
    [
        "Visit www.win.example",
        "a@b.example",
        "Lena\r\nBcc: x",
        "x" * 61,
        "",
        "💰 winner",
        "\u202eanel",
        "<b>Lena</b>",
        "call 0900 123",
    ],
)
def test_a_name_that_is_no_name_greets_nobody(name: str) -> None:
    order = an_order(member=a_member(name=name))

    (reply,) = answers(a_complete_claim(), an_assessment(), order=order)

    assert reply.facts["name"] is None or reply.facts["name"] == "anel"


@pytest.mark.parametrize("name", ["José Ó Súilleabháin-Ng", "J. D'Arcy", "田中 芽衣"])
def test_names_of_all_kinds_are_greeted(name: str) -> None:
    order = an_order(member=a_member(name=name))

    (reply,) = answers(a_complete_claim(), an_assessment(), order=order)

    assert reply.facts["name"] == name


# -- mails that match nothing (E2, E3) ----------------------------------------------


def test_a_stranger_who_names_no_ids_is_asked_for_them() -> None:
    """Scenario 11."""
    (reply,) = unmatched()

    assert (reply.kind, reply.to) == (Kind.CANNOT_MATCH, STRANGER)
    assert reply.facts["missing"] == "both"
    assert reply.in_reply_to == "<one@mail.example>"
    assert reply.references == ("<zero@mail.example>", "<one@mail.example>")
    said = everything_said(reply)
    assert "M123456+ORD-20261231-0042+Claim" in said
    assert "Wednesday 18 November 2026, 19:10 UTC" in said
    assert "The time of your first e-mail counts" in said


@pytest.mark.parametrize(
    ("member", "order", "missing"),
    [(True, False, "order_number"), (False, True, "member_id")],
)
def test_only_the_missing_part_is_asked_for(
    member: bool,  # noqa: FBT001
    order: bool,  # noqa: FBT001
    missing: str,
) -> None:
    (reply,) = unmatched(member=member, order=order)

    assert reply.facts["missing"] == missing


def test_a_stranger_hears_the_same_whether_the_order_exists_or_not() -> None:
    (about_nothing,) = unmatched(member=True, order=True)
    about_a_claim = answer_held(HELD, a_cause(C), a_member())[0]

    assert about_nothing.kind is about_a_claim.kind is Kind.CONFIRM_IDENTITY
    assert everything_said(about_nothing) == everything_said(about_a_claim)
    assert about_nothing.facts == about_a_claim.facts == {}
    assert replace(about_a_claim, claim_id=None) == about_nothing


def test_a_member_whose_ids_do_not_fit_together_is_told_so() -> None:
    (reply,) = unmatched(B, member=True, order=True)

    assert (reply.kind, reply.facts["missing"]) == (Kind.CANNOT_MATCH, "pair")


@pytest.mark.parametrize(
    "sender",
    [
        pytest.param(a_sender(C, None, Authentication.NONE), id="unproven"),
        pytest.param(a_sender(C, None, Authentication.FAIL), id="forged"),
        pytest.param(replace(a_sender(C), address=None), id="no-address"),
        pytest.param(a_sender(C, OWN.address), id="ourselves"),
    ],
)
def test_who_may_not_be_answered_gets_nothing(sender: object) -> None:
    replies = answer_unmatched(
        Fate.CANNOT_MATCH,
        a_cause(sender=sender),
        names_member=False,
        names_order=False,
        own=OWN,
    )

    assert replies == ()


def test_our_own_address_is_known_in_any_case() -> None:
    replies = answer_unmatched(
        Fate.CANNOT_MATCH,
        a_cause(sender=a_sender(C, "claims@logistics.example")),
        names_member=False,
        names_order=False,
        own=Identity("Claims@Logistics.example"),
    )

    assert replies == ()


@pytest.mark.parametrize("fate", [f for f in Fate if f is not Fate.CANNOT_MATCH])
def test_other_fates_are_not_answered_as_unmatched(fate: Fate) -> None:
    assert (
        answer_unmatched(fate, a_cause(C), names_member=True, names_order=True, own=OWN)
        == ()
    )


# -- held claims (T5) ---------------------------------------------------------------


def test_a_stranger_is_asked_and_the_member_is_told() -> None:
    """Scenario 16."""
    replies = answer_held(HELD, a_cause(C), a_member())

    assert kinds(replies) == [
        (Kind.CONFIRM_IDENTITY, STRANGER),
        (Kind.IDENTITY_NOTICE, ON_FILE),
    ]
    notice = replies[1]
    assert notice.in_reply_to is None
    assert not notice.is_automatic_reply


def test_a_forged_address_on_file_gets_nothing_at_all() -> None:
    """Scenario 17."""
    forged = replace(a_sender(C, ON_FILE, Authentication.FAIL), is_on_file=True)

    assert answer_held(HELD, a_cause(sender=forged), a_member()) == ()


def test_an_unproven_stranger_gets_nothing_and_the_member_still_hears_of_it() -> None:
    unproven = a_sender(C, STRANGER, Authentication.NONE)

    replies = answer_held(HELD, a_cause(sender=unproven), a_member())

    assert kinds(replies) == [(Kind.IDENTITY_NOTICE, ON_FILE)]


def test_a_member_without_an_address_gets_no_notice() -> None:
    replies = answer_held(HELD, a_cause(C), a_member(addresses=()))

    assert kinds(replies) == [(Kind.CONFIRM_IDENTITY, STRANGER)]


# -- assessed claims (E1, E4, E5) ---------------------------------------------------


def test_a_first_mail_with_everything_is_told_the_respond_by_instant() -> None:
    """Scenario 01. Clause C10."""
    (reply,) = answers(a_complete_claim(), an_assessment())

    assert (reply.kind, reply.to) == (Kind.RECEIVED, ON_FILE)
    assert reply.facts["is_complete"]
    assert "respond by Wednesday 25 November 2026, 19:10 UTC" in everything_said(reply)
    assert reply.is_automatic_reply
    assert reply.claim_id == 12
    assert reply.mail_id == 7


def test_a_first_mail_with_gaps_is_told_which_and_until_when() -> None:
    """Scenarios 02, 22. Clause C8."""
    claim = a_claim(state=ClaimState.AWAITING_DOCUMENTS, documents_due_at=DUE_AT)

    (reply,) = answers(claim, an_incomplete_assessment())

    assert reply.kind is Kind.RECEIVED
    rows = {row["kind"]: (row["mark"], row["why"]) for row in reply.facts["documents"]}
    assert rows == {
        "D1": ("need", "encrypted"),
        "D2": ("have", None),
        "D3": ("have", None),
        "D4": ("need", "missing"),
    }
    said = everything_said(reply)
    assert "The file is locked with a password" in said
    assert "We still need 2 documents from you." in said
    assert "missing by Wednesday 25 November 2026, 19:12" in said


def test_a_stored_due_date_wins_over_a_new_one() -> None:
    early = NOW + timedelta(days=2)
    claim = replace(WAITING, documents_due_at=early)

    (reply,) = answers(claim, an_incomplete_assessment(), is_first=False)

    assert reply.facts["due"] == instant(early, "Europe/Berlin")


@pytest.mark.parametrize("past", [NOW, NOW - timedelta(days=1)])
def test_a_date_that_has_passed_is_not_promised(past: datetime) -> None:
    (complete,) = answers(a_complete_claim(respond_by=past), an_assessment())
    late = replace(WAITING, documents_due_at=past)
    (missing,) = answers(late, an_incomplete_assessment(), is_first=False)

    assert complete.facts["respond_by"] is None
    assert missing.facts["due"] is None


def test_a_later_mail_that_completes_the_set_is_thanked() -> None:
    """Scenario 03."""
    (reply,) = answers(
        a_complete_claim(), an_assessment(), before=WAITING, is_first=False
    )

    assert reply.kind is Kind.DOCUMENTS_COMPLETE


def test_a_later_mail_with_documents_that_do_not_complete_gets_the_list() -> None:
    replies = answers(WAITING, an_incomplete_assessment(), is_first=False)

    assert kinds(replies) == [(Kind.DOCUMENTS_MISSING, ON_FILE)]


def test_a_later_mail_without_documents_gets_no_answer() -> None:
    """Scenario 27."""
    assert (
        answers(
            a_complete_claim(),
            an_assessment(),
            is_first=False,
            brought_documents=False,
        )
        == ()
    )


@pytest.mark.parametrize("state", ClaimState)
def test_once_a_person_has_taken_over_nothing_goes_out_by_itself(
    state: ClaimState,
) -> None:
    claim = a_complete_claim(state=state)

    replies = answers(claim, an_assessment(), before=claim, is_first=False)

    assert bool(replies) == (state in ASSESSED_STATES)


def test_a_proposed_rejection_is_not_in_the_receipt() -> None:
    """Scenarios 05, 07, 08. Clause G1, C11, C12: a person decides first (T13)."""
    claim = a_complete_claim(state=ClaimState.INELIGIBLE_PROPOSED)
    failed = an_assessment(
        state=claim.state, findings=tuple(map(a_failed_check, ("G1", "C11", "C12")))
    )

    (reply,) = answers(claim, failed)
    (ordinary,) = answers(a_complete_claim(), an_assessment())

    assert reply.facts == ordinary.facts


def test_an_unproven_sender_gets_no_answer_about_a_claim() -> None:
    assert answers(a_complete_claim(), an_assessment(), tier=C) == ()


def test_a_release_by_staff_is_told_to_the_address_on_file() -> None:
    """T6: the mail that was held is answered now."""
    (reply,) = answer_assessed(
        HELD,
        a_complete_claim(member_address=None),
        an_assessment(),
        an_order(),
        None,
        is_first=True,
        brought_documents=True,
        now=NOW,
    )

    assert (reply.kind, reply.to) == (Kind.RECEIVED, ON_FILE)
    assert reply.facts["name"] is None
    assert not reply.is_automatic_reply


@pytest.mark.parametrize(
    ("before", "expected"),
    [(WAITING, [(Kind.DOCUMENTS_COMPLETE, ON_FILE)]), (a_complete_claim(), [])],
    ids=["completes", "was-complete"],
)
def test_a_waiver_is_told_once_when_it_completes_the_set(
    before: object, expected: list[tuple[Kind, str]]
) -> None:
    replies = answer_assessed(
        before,  # type: ignore[arg-type]
        a_complete_claim(),
        an_assessment(),
        an_order(),
        None,
        is_first=False,
        brought_documents=False,
        now=NOW,
    )

    assert kinds(replies) == expected


def test_an_address_that_left_the_file_gets_no_more_mail() -> None:
    claim = a_complete_claim(member_address="old@mail.example")

    (reply,) = answers(claim, an_assessment())

    assert reply.to == ON_FILE


def test_the_second_address_on_file_is_answered_where_it_wrote() -> None:
    claim = a_complete_claim(member_address="lena@work.example")

    (reply,) = answers(claim, an_assessment())

    assert reply.to == "lena@work.example"


def test_the_photos_that_a_member_cannot_send_are_not_asked_for_again() -> None:
    """Clause C7: if available."""
    no_photos = documents(*[Verdict.SATISFIED] * 2, *[Verdict.MISSING] * 2)
    assessment = an_incomplete_assessment(
        documents=no_photos, flags=("claims_photos_unavailable",)
    )

    (reply,) = answers(WAITING, assessment, is_first=False)

    assert reply.facts["open_count"] == 0
    assert not reply.facts["is_complete"]
    assert "You do not need to do anything now." in everything_said(reply)


def test_photos_do_not_block_a_claim_of_unknown_type_but_are_wished_for() -> None:
    no_photos = documents(*[Verdict.SATISFIED] * 2, *[Verdict.MISSING] * 2)
    claim = a_complete_claim(claim_type=ClaimType.UNKNOWN)
    assessment = an_assessment(claim_type=ClaimType.UNKNOWN, documents=no_photos)

    (reply,) = answers(claim, assessment)

    assert reply.facts["is_complete"]
    assert [row["mark"] for row in reply.facts["documents"]][2:] == ["wish", "wish"]
    assert "what_happened" in reply.facts["questions"]


@pytest.mark.parametrize(
    ("tier", "question"), [(A, "which_package"), (B, "which_package_if_several")]
)
def test_several_packages_are_told_to_full_proof_only(
    tier: SenderTier, question: str
) -> None:
    claim = a_complete_claim(package_id=None)

    (reply,) = answers(claim, an_assessment(), tier=tier)

    assert question in reply.facts["questions"]


# -- keys ---------------------------------------------------------------------------


def test_one_mail_leads_to_at_most_one_email_per_recipient() -> None:
    for tier in SenderTier:
        for replies in every_reply(tier).values():
            recipients = [reply.to for reply in replies]
            assert len(recipients) == len(set(recipients))


def test_the_same_promise_has_the_same_key_and_another_has_another() -> None:
    def key(**changes: object) -> str:
        (reply,) = answers(
            replace(WAITING, **changes),  # type: ignore[arg-type]
            an_incomplete_assessment(),
            is_first=False,
        )
        return reply.dedup_key

    assert key() == key(version=9) == "claim:12:documents_missing:mail-7"
    assert answers(a_complete_claim(), an_assessment())[0].dedup_key == (
        "claim:12:received:1"
    )


def test_every_key_names_its_kind_and_is_used_by_one_email_of_a_claim() -> None:
    """Samples are variants of one situation; the keys tell the situations apart."""
    for replies in every_reply().values():
        for reply in replies:
            owner, number, kind, _ = reply.dedup_key.split(":")
            assert kind == reply.kind
            assert (owner, number) in {("claim", "12"), ("mail", "7")}


def test_a_response_is_one_for_each_clock() -> None:
    def key(respond_by: datetime, now: datetime) -> str:
        claim = a_complete_claim(respond_by=respond_by)
        return respond(claim, an_assessment(), an_order(), now, NEXT_AT).dedup_key

    assert key(RESPOND_BY, NOW) == key(RESPOND_BY, NOW + timedelta(minutes=5))
    assert key(RESPOND_BY, NOW) != key(NEXT_AT, NOW)


def test_a_reminder_is_one_for_each_time_documents_were_asked_for() -> None:
    def key(asked_at: datetime) -> str:
        claim = replace(WAITING, documents_asked_at=asked_at)
        assessment = an_incomplete_assessment()
        return remind(claim, assessment, an_order(), now=NOW).dedup_key

    assert key(NOW) == key(NOW)
    assert key(NOW) != key(NOW + timedelta(days=9))


def test_a_decision_is_one_for_each_cycle() -> None:
    def key(cycle: int) -> str:
        decision = replace(APPROVAL, cycle=cycle)
        return decide(Kind.APPROVED, WAITING, an_order(), decision).dedup_key

    assert key(1) == key(1) == "claim:12:approved:1"
    assert key(2) == "claim:12:approved:2"


# -- the reminder and the response (E4r, E6) ----------------------------------------


def test_a_reminder_threads_under_the_members_mails() -> None:
    thread = ("<first@mail.example>", "<last@mail.example>")

    reply = remind(
        WAITING, an_incomplete_assessment(), an_order(), now=NOW, thread=thread
    )

    assert reply.in_reply_to == "<last@mail.example>"
    assert reply.references == thread
    assert not reply.is_automatic_reply


def test_without_an_address_on_file_a_person_must_look() -> None:
    order = an_order(member=a_member(addresses=()))

    with pytest.raises(GiveUp, match="no_address_on_file"):
        remind(WAITING, an_incomplete_assessment(), order, now=NOW)
    assert draft(a_complete_claim(), an_assessment(), order) is None
    assert answers(a_complete_claim(), an_assessment(), order=order) == ()


def test_a_response_names_what_was_found_what_is_open_and_the_next_date() -> None:
    """Clause C10."""
    reply = respond(
        a_complete_claim(), an_assessment(), an_order(), NOW, NEXT_AT, tier=A
    )
    said = everything_said(reply)

    assert reply.facts["waits_for"] == "decision"
    assert "Your claim reached us within 24 hours" in said
    assert "Wednesday 18 November 2026, 14:30 UTC (15:30 Berlin time)" in said
    assert "again by Wednesday 2 December 2026, 19:10 UTC" in said


def test_a_response_tells_no_findings_that_are_for_staff() -> None:
    findings = (a_finding("X6", FindingVerdict.UNCLEAR), a_finding("C1"))
    reply = respond(
        a_complete_claim(),
        an_assessment(findings=findings),
        an_order(),
        NOW,
        NEXT_AT,
        tier=A,
    )

    assert reply.facts["checks"] == []
    assert "staff" not in everything_said(reply)


@pytest.mark.parametrize("tier", [A, B])
def test_a_failed_check_is_told_with_its_facts_to_full_proof_only(
    tier: SenderTier,
) -> None:
    claim = a_complete_claim(
        state=ClaimState.INELIGIBLE_PROPOSED,
        received_at=DELIVERED_AT + timedelta(hours=24, seconds=1),
    )
    assessment = an_assessment(findings=(a_failed_check("C11"),))

    reply = respond(claim, assessment, an_order(), NOW, NEXT_AT, tier=tier)

    assert ("24 hours and 1 second" in everything_said(reply)) == (tier is A)
    assert reply.facts["waits_for"] == ("eligibility" if tier is A else "decision")


# -- drafts and decisions (E7, E8, E9) ----------------------------------------------


def test_a_total_loss_is_drafted_with_its_arithmetic() -> None:
    """Clauses G3, G5."""
    assessment = an_assessment(proposal=a_total_loss_proposal())

    reply = a_draft(a_complete_claim(), assessment)

    assert reply.kind is Kind.APPROVED
    assert reply.is_draft
    assert reply.facts["amount"] == money(Money.of("462.50"))
    assert [line["clause"] for line in reply.facts["lines"]] == ["G5", "G3", "P13"]
    assert gaps(everything_said(reply)) == ()


def test_what_an_audit_decides_is_left_open_beside_the_maximum() -> None:
    """Clauses G4, G7, G8."""
    reply = a_draft(a_complete_claim(), an_assessment())
    said = everything_said(reply)

    assert reply.facts["maximum"] == money(Money.of("118.75"))
    assert gaps(said) == ("[amount]", "[why this amount]")


def test_the_cap_is_quoted_where_it_was_applied() -> None:
    """Clause G6."""
    capped = replace(a_total_loss_proposal(), cap_applied=True)

    reply = a_draft(a_complete_claim(), an_assessment(proposal=capped))

    assert [c["id"] for c in reply.facts["clauses"]] == ["G5", "G3", "P13", "G6"]


def test_a_failed_check_is_drafted_as_a_rejection_with_clause_and_times() -> None:
    """Clause C11, to the second."""
    claim = a_complete_claim(
        state=ClaimState.INELIGIBLE_PROPOSED,
        received_at=DELIVERED_AT + timedelta(hours=24, seconds=1),
    )

    reply = a_draft(claim, an_assessment(findings=(a_failed_check("C11"),)))
    said = everything_said(reply)

    assert (reply.kind, reply.is_draft) == (Kind.REJECTED, True)
    assert "after more than 24 hours after receiving the package." in said
    assert "Thursday 19 November 2026, 14:30:01 UTC (15:30:01 Berlin time)" in said
    assert "24 hours and 1 second" in said
    assert "within 30 days" in said


@pytest.mark.parametrize(
    ("claim", "assessment"),
    [
        (WAITING, an_assessment()),
        (HELD, an_assessment()),
        (a_complete_claim(), an_assessment(proposal=None)),
        (a_complete_claim(state=ClaimState.INELIGIBLE_PROPOSED), an_assessment()),
        (a_complete_claim(state=ClaimState.DECISION_PROPOSED), an_assessment()),
    ],
    ids=["waiting", "held", "no-proposal", "nothing-failed", "proposed-by-a-person"],
)
def test_without_something_to_decide_there_is_no_draft(
    claim: object, assessment: object
) -> None:
    assert draft(claim, assessment, an_order()) is None  # type: ignore[arg-type]


def test_a_draft_changes_its_key_with_the_claim() -> None:
    keys = {
        a_draft(a_complete_claim(version=version), an_assessment()).dedup_key
        for version in (1, 2)
    }

    assert len(keys) == 2


def test_an_approval_says_amount_clauses_points_and_appeal() -> None:
    reply = decide(Kind.APPROVED, a_complete_claim(), an_order(), APPROVAL)
    said = everything_said(reply)

    assert not reply.is_draft
    for told in (
        "462.50 USD",
        "clause G3",
        "5,000 points",
        "until Friday 18 December 2026",
    ):
        assert told in said


def test_a_rejection_without_the_guarantee_explains_how_it_is_bought() -> None:
    """Clause G1, EX-11."""
    reply = decide(
        Kind.REJECTED,
        a_complete_claim(),
        an_order(guarantee_fee_usd=Decimal(0)),
        replace(REJECTION, clauses=(ClauseId("G1"),)),
    )
    said = everything_said(reply)

    assert "Logistics Guarantee on this order: not bought" in said
    assert "10% of the product value" in said


def test_a_rejection_for_waiting_too_long_names_both_instants() -> None:
    """Clause C12."""
    arrived = datetime(2026, 10, 3, 9, tzinfo=UTC)
    order = an_order(packages=(a_package(arrived=at(arrived)),))
    decision = replace(REJECTION, clauses=(ClauseId("C12"),))

    reply = decide(Kind.REJECTED, a_complete_claim(), order, decision)
    facts = {row["what"]: row["value"] for row in reply.facts["relied_on"]}

    assert set(facts) == {"arrived", "collected", "between"}
    assert ENGLISH.in_words(facts["between"]) == "46 days"


def test_a_package_never_collected_is_counted_until_the_claim() -> None:
    arrived = datetime(2026, 10, 3, 9, tzinfo=UTC)
    waiting = a_package(arrived=at(arrived), collected=None, delivered=None)
    decision = replace(REJECTION, clauses=(ClauseId("C12"), ClauseId("C11")))

    reply = decide(
        Kind.REJECTED, a_complete_claim(), an_order(packages=(waiting,)), decision
    )

    assert [row["what"] for row in reply.facts["relied_on"]] == [
        "arrived",
        "claim_received",
        "between",
        "delivered",
        "claim_received",
    ]
    assert reply.facts["relied_on"][3]["value"] == "unknown"


def test_a_completion_says_when_how_and_that_packaging_may_go() -> None:
    """Clause C13."""
    paid = replace(APPROVAL, paid_at=NOW, payment_reference="P-881\r\nBcc: x")

    said = everything_said(decide(Kind.COMPLETED, a_complete_claim(), an_order(), paid))

    for told in ("462.50 USD", "P-881 Bcc: x", "18 November 2026", "no longer need"):
        assert told in said


@pytest.mark.parametrize(
    ("kind", "changes", "fault"),
    [
        (Kind.APPROVED, {"amount": None}, "enter the amount"),
        (Kind.COMPLETED, {}, "when it was paid"),
        (Kind.REJECTED, {}, "name at least one clause"),
        (Kind.REJECTED, {"clauses": (ClauseId("Z9"),)}, "whose text is known"),
        (Kind.APPROVED, {"reason": "because [why]"}, r"fill in \[why\]"),
        (Kind.APPROVED, {"reason": "This is Fraud."}, "never used"),
        (Kind.APPROVED, {"reason": "Das ist Betrug."}, "never used"),
        (Kind.APPROVED, {"reason": "Es una estafa."}, "never used"),
        (Kind.APPROVED, {"reason": "这是诈骗。"}, "never used"),
        (Kind.RECEIVED, {}, "choose approved"),
    ],
)
def test_a_decision_that_lacks_something_is_not_written(
    kind: Kind, changes: dict[str, object], fault: str
) -> None:
    decision = replace(APPROVAL, **changes)  # type: ignore[arg-type]

    with pytest.raises(UsageError, match=fault):
        decide(kind, a_complete_claim(), an_order(), decision)


def test_a_sum_may_be_told_in_german() -> None:
    """Its verb "betrug" is spelled as the noun for fraud is, but for its capital."""
    decision = replace(APPROVAL, reason="Der Schaden betrug 40 USD.")

    reply = decide(Kind.APPROVED, a_complete_claim(), an_order(), decision)

    assert reply.facts["reason"] == ["Der Schaden betrug 40 USD."]


def test_the_staffs_reason_is_told_in_its_paragraphs() -> None:
    decision = replace(APPROVAL, reason="One\nline.\n\n\nTwo {{ 7 * 7 }}.\n")

    reply = decide(Kind.APPROVED, a_complete_claim(), an_order(), decision)

    assert reply.facts["reason"] == ["One line.", "Two {{ 7 * 7 }}."]


def test_the_proposal_of_a_draft_is_never_told_to_anybody_else() -> None:
    (reply,) = answers(a_complete_claim(), an_assessment(proposal=a_proposal()))

    assert "118.75" not in everything_said(reply)


# -- instants in words --------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        (None, ""),
        ("UTC", ""),
        ("Nowhere/Land", ""),
        ("../etc/passwd", ""),
        ("Europe/Berlin", " (20:10 Berlin time)"),
        ("Asia/Taipei", " (Thursday 26 November 2026, 03:10 Taipei time)"),
        ("America/New_York", " (14:10 New York time)"),
    ],
)
def test_an_instant_is_told_in_utc_and_at_the_destination(
    zone: str | None, words: str
) -> None:
    expected = f"Wednesday 25 November 2026, 19:10 UTC{words}"

    assert ENGLISH.in_words(instant(RESPOND_BY, zone)) == expected


def test_our_deadline_never_reads_later_than_it_is() -> None:
    late = RESPOND_BY + timedelta(seconds=59)

    told = ENGLISH.in_words([instant(late), instant(late, is_exact=True)])

    assert told[0].endswith("19:10 UTC")
    assert told[1].endswith("19:10:59 UTC")


def test_a_day_is_told_as_a_day() -> None:
    """EX-37: 4 July in Chicago."""
    day = When(
        datetime(2024, 7, 4, 5, tzinfo=UTC),
        datetime(2024, 7, 5, 4, 59, 59, tzinfo=UTC),
        Precision.DAY,
        "2024-07-04",
    )

    told = ENGLISH.in_words(recorded(day, "America/Chicago"))

    assert told == "Thursday 4 July 2024 (the time of day is not recorded)"


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(hours=24, seconds=1), "24 hours and 1 second"),
        (timedelta(hours=23, minutes=30), "23 hours and 30 minutes"),
        (timedelta(hours=1, minutes=2, seconds=3), "1 hour, 2 minutes and 3 seconds"),
        (timedelta(hours=72), "3 days"),
        (
            timedelta(hours=72) - timedelta(seconds=1),
            "71 hours, 59 minutes and 59 seconds",
        ),
        (timedelta(days=46, hours=3), "46 days"),
        (timedelta(0), "0 seconds"),
        (-timedelta(minutes=5), "5 minutes"),
    ],
)
def test_a_span_is_told_exactly_where_it_decides(length: timedelta, words: str) -> None:
    assert ENGLISH.in_words(span(length)) == span_in_words(length) == words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("M1+O1+Claim [#CLM-000012]", ()),
        (
            "You get [amount], since [why this amount]; [amount]",
            ("[amount]", "[why this amount]"),
        ),
        ("nothing", ()),
    ],
)
def test_gaps_are_what_a_person_must_still_fill(
    text: str, found: tuple[str, ...]
) -> None:
    assert gaps(text) == found


def test_the_samples_are_complete() -> None:
    assert all(row.verdict is Verdict.SATISFIED for row in ALL_THERE)
    assert RECEIVED_AT < NOW < DUE_AT
