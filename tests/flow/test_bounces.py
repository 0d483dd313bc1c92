"""Bounces of our own e-mails on the real steps: what they undo, and what not."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.builders import a_package, a_when, an_order
from tests.builders_mail import bounce, claim_files, make_claim_mail, make_mail
from tests.office import OPENING, Office, an_office
from worker import decide
from worker.domain.claim import ClaimState, Event
from worker.domain.deadlines import SlaState, reclocked, sla_state

DELIVERED = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FORGER = "Mail Delivery System <mailer-daemon@attacker.example>"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    package = dataclasses.replace(
        a_package(), arrived=a_when(DELIVERED - DAY), delivered=a_when(DELIVERED)
    )
    order = an_order("ORD-20261104-0183", packages=(package,))
    with an_office(tmp_path / "office", order) as office:
        yield office


@pytest.fixture
def answered(office: Office) -> Office:
    """A complete claim that the worker itself answered two hours before the end."""
    office.deliver(make_claim_mail())
    office.wait_until(RECEIVED + 7 * DAY - 2 * HOUR)
    assert office.kinds == ["received", "response"]
    assert office.claim.responded_at == RECEIVED + 7 * DAY - 2 * HOUR
    return office


def alerts_of_machines(office: Office) -> list[str]:
    """What every alert about a machine that named a claim is about."""
    with office.store.database.read() as session:
        rows = session.connection().exec_driver_sql(
            "select ref from alerts where code = 'machine_named_claim'"
        )
        return [row[0] for row in rows]


def alerts(office: Office) -> list[tuple[str, str, int | None]]:
    """Every alert about bounces: its code, about what, and of which claim."""
    with office.store.database.read() as session:
        rows = session.connection().exec_driver_sql(
            "select code, ref, claim_id from alerts where code like '%bounce%'"
        )
        return [(row[0], row[1], row[2]) for row in rows]


def came_back(office: Office, kind: str, **changes: str) -> int:
    """Deliver a report about the e-mail of a kind; return the report's mail id."""
    (email,) = [one for one in office.emails if one.kind == kind]
    return office.deliver(bounce(original_id=email.message_id, **changes))


def status_of(office: Office, kind: str) -> str:
    (email,) = [one for one in office.emails if one.kind == kind]
    return email.status


def test_an_email_that_came_back_is_marked_and_a_person_is_told(office: Office) -> None:
    office.deliver(make_claim_mail(files=claim_files()[1:]))
    before = office.claim

    mail_id = came_back(office, "received")

    assert office.fate(mail_id) == "bounce"
    assert status_of(office, "received") == "bounced"
    assert alerts(office) == [("email_bounced", "email:1", before.claim_id)]
    assert office.state() is ClaimState.AWAITING_DOCUMENTS
    assert office.claim.next_due_at == before.next_due_at
    last = office.store.claims.events(before.claim_id)[-1]
    assert (last.event, last.clauses) == (Event.EMAIL_BOUNCED, ())


def test_C10_a_response_that_bounced_does_not_count_as_sent(answered: Office) -> None:
    answered.clock.at += timedelta(minutes=5)

    came_back(answered, "response")

    claim = answered.claim
    assert status_of(answered, "response") == "bounced"
    assert (claim.responded_at, claim.promised_at) == (None, None)
    assert claim.respond_by == RECEIVED + 7 * DAY
    now = RECEIVED + 7 * DAY
    assert sla_state(claim, now=now) is SlaState.DUE_SOON
    assert sla_state(claim, now=now + timedelta(seconds=1)) is SlaState.BREACHED
    ref = f"email:{answered.emails[-1].email_id}"
    assert alerts(answered) == [("email_bounced", ref, claim.claim_id)]
    last = answered.store.claims.events(claim.claim_id)[-1]
    assert (last.event, last.clauses) == (Event.EMAIL_BOUNCED, ("C10",))


def test_C10_a_decision_that_bounced_does_not_count_as_sent(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())
    decide.approve(office.parts, office.claim, amount="100", by="test", reason="Seen.")
    office.run()
    assert office.claim.responded_at is not None

    came_back(office, "approved")

    claim = office.claim
    assert claim.responded_at is None
    assert sla_state(claim, now=OPENING) is not SlaState.MET


def test_the_same_bounce_a_second_time_changes_nothing(answered: Office) -> None:
    came_back(answered, "response")
    after = answered.claim

    came_back(answered, "response", status="5.2.2")

    assert answered.claim == after
    assert len(alerts(answered)) == 1


def test_an_older_response_that_bounces_leaves_the_newer_ones_clock(
    answered: Office,
) -> None:
    first = answered.emails[-1]
    answered.wait_until(RECEIVED + 14 * DAY - 2 * HOUR - 2 * HOUR)
    assert answered.kinds == ["received", "response", "response"]
    before = answered.claim

    answered.deliver(bounce(original_id=first.message_id))

    assert answered.claim.respond_by == before.respond_by
    assert answered.claim.responded_at == before.responded_at


def test_a_delay_changes_nothing(answered: Office) -> None:
    before = answered.claim
    email = answered.emails[-1]
    report = bounce(original_id=email.message_id, status="4.4.1")

    answered.deliver(report.replace(b"Action: failed", b"Action: delayed"))

    assert answered.claim == before
    assert status_of(answered, "response") == "sent"
    assert alerts(answered) == []


def test_a_bounce_in_words_that_answers_our_email_counts_too(answered: Office) -> None:
    email = answered.emails[-1]
    raw = make_mail(
        sender="MAILER-DAEMON@mx.post.example",
        subject="failure notice",
        text="<lena@mail.example>:\nSorry, no mailbox here by that name. (#5.1.1)",
        headers=[("References", email.message_id), ("Return-Path", "<>")],
    )

    answered.deliver(raw)

    assert status_of(answered, "response") == "bounced"


@pytest.mark.parametrize(
    "named",
    [
        "<sent@claims.example>",
        "<aaaaaaaaaaaaaaaa.aaaaaaaa.aaaaaaaaaaaaaaaa@logistics.example>",
        "<one@mail.example>",
    ],
    ids=["some id", "the form of ours", "the member's own"],
)
def test_a_forged_bounce_of_a_stranger_undoes_nothing(
    answered: Office, named: str
) -> None:
    before, sent = answered.claim, [one.status for one in answered.emails]
    forged = bounce(original_id=named).replace(
        b"Mail Delivery System <MAILER-DAEMON@mail.post.example>", FORGER.encode()
    )

    mail_id = answered.deliver(forged)

    assert answered.fate(mail_id) == "bounce"
    assert answered.claim == before
    assert [one.status for one in answered.emails] == sent
    assert alerts(answered) == []


def test_a_bounce_that_only_names_our_members_address_is_shown_and_undoes_nothing(
    answered: Office,
) -> None:
    before = answered.claim
    report = bounce(original_id="<changed@relay.example>")

    answered.deliver(
        report.replace(b"jonas.weber@post.example", b"Lena.Hoffmann@mail.example")
    )

    assert answered.claim == before
    assert status_of(answered, "response") == "sent"
    ref = f"email:{answered.emails[-1].email_id}"
    assert alerts(answered) == [("bounce_unproven", ref, before.claim_id)]


def test_a_bounce_stops_no_later_mail_to_the_member(office: Office) -> None:
    office.deliver(make_claim_mail(files=claim_files()[1:]))
    came_back(office, "received")

    office.wait_until(OPENING + 3 * DAY)

    assert office.kinds == ["received", "documents_reminder"]
    assert status_of(office, "documents_reminder") == "sent"


def test_what_fell_due_while_a_bounced_answer_counted_is_due_at_once(
    answered: Office,
) -> None:
    """A person answered early, so nothing was due at T-2 h; then it came back."""
    now = RECEIVED + 7 * DAY - HOUR
    running = dataclasses.replace(
        answered.claim, respond_by=RECEIVED + 7 * DAY, responded_at=RECEIVED + DAY
    )

    after = reclocked(running, [], answered.parts.policy, now=now)

    assert after.next_due_at == now
    early = reclocked(running, [], answered.parts.policy, now=RECEIVED + 2 * DAY)
    assert early.next_due_at == RECEIVED + 5 * DAY


# -- a claim that passes for a machine's ----------------------------------------------


def test_a_members_claim_through_a_list_is_not_answered_but_somebody_looks(
    office: Office,
) -> None:
    through_a_list = make_claim_mail(headers=[("List-Id", "<family.groups.example>")])

    mail_id = office.deliver(through_a_list)

    assert office.fate(mail_id) == "not_a_claim"
    assert office.kinds == []
    assert alerts_of_machines(office) == [f"mail:{mail_id}"]


def test_an_absence_that_answers_us_and_a_strangers_newsletter_raise_no_alert(
    office: Office,
) -> None:
    absence = make_claim_mail(
        headers=[("Auto-Submitted", "auto-replied"), ("In-Reply-To", "<a@b.example>")]
    )
    newsletter = make_claim_mail(
        sender="shop@shop.example", headers=[("List-Id", "<news.shop.example>")]
    )

    office.deliver(absence, newsletter)

    assert alerts_of_machines(office) == []
