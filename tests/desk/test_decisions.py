"""What is done to a claim at the desk: by whom, in which state, by how many."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders_mail import claim_files, make_claim_mail
from tests.desk.claims import (
    RECEIVED,
    a_damage,
    a_follow_up,
    a_late,
    a_loss,
    an_order_of,
    do,
    fields_of,
    reply,
)
from tests.desk.visitors import Visitor, signed_in
from tests.office import Office, an_office
from worker import decide
from worker.desk.deed_table import DEEDS
from worker.desk.deeds import at_desk
from worker.domain.claim import ClaimState, ClaimType, Event
from worker.domain.errors import UsageError
from worker.domain.staff import StaffRole

S = ClaimState
KEYS = {deed.key for deed in DEEDS}
LEAD, AGENT = StaffRole.LEAD, StaffRole.AGENT
DAY = timedelta(days=1)


@pytest.fixture
def damage(tmp_path: Path) -> Iterator[Office]:
    with a_damage(tmp_path / "damage") as office:
        yield office


@pytest.fixture
def dear(tmp_path: Path) -> Iterator[Office]:
    """A lost package of 700 USD: above the limit of one person."""
    with a_loss(tmp_path / "dear", price="700.00") as office:
        yield office


def offered(visitor: Visitor) -> set[str]:
    """The forms that the claim's page shows."""
    text = visitor.get("/claims/1").text
    return {key for key in KEYS if f'action="/claims/1/do/{key}"' in text}


def last(office: Office) -> tuple[Event, str, str]:
    """The newest event that a person made."""
    made = [e for e in office.store.claims.events(1) if e.actor != "system"]
    return made[-1].event, made[-1].actor, made[-1].reason


# -- who is offered what --------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (LEAD, {"carrier", "type", "stop"}),
        (AGENT, {"carrier", "type"}),
        (StaffRole.VIEWER, set()),
        (StaffRole.OPERATOR, set()),
    ],
)
def test_a_claim_under_review_offers_what_the_role_may(
    damage: Office, role: StaffRole, expected: set[str]
) -> None:
    with signed_in(damage, role, name="jo") as jo:
        assert offered(jo) - {"merge", "waive", "withdraw"} == expected


def test_what_is_not_offered_is_refused_all_the_same(damage: Office) -> None:
    before = damage.claim
    with signed_in(damage, AGENT, name="jo") as jo:
        answers = {
            key: do(jo, key, reason="why", reference="R", problem="other").status_code
            for key in KEYS - offered(jo)
        }
        unknown = do(jo, "delete-everything")

    assert {"stop", "pay", "complete", "overrule", "return"} <= answers.keys()
    assert set(answers.values()) == {409}
    assert unknown.status_code == 404
    assert damage.claim == before


def test_a_form_that_is_old_changes_nothing_and_keeps_its_text(damage: Office) -> None:
    with signed_in(damage) as mei:
        old = fields_of(mei.get("/claims/1"))
        seen = {"version": old["version"], "events": old["events"]}
        damage.deliver(a_follow_up())
        refused = mei.post("/claims/1/do/stop", **seen, reason="sanctions, perhaps")

    assert refused.status_code == 409
    assert "something came to CLM-000001" in refused.text
    assert "mail joined" in refused.text
    assert "sanctions, perhaps</textarea>" in refused.text
    assert Event.STOPPED not in [e.event for e in damage.store.claims.events(1)]


@pytest.mark.parametrize(
    ("key", "fields", "said"),
    [
        ("carrier", {"reason": " "}, "fill in “What was asked”"),
        ("type", {"kind": "damage"}, "choose one for “What happened"),
        ("type", {}, "fill in “What happened"),
    ],
)
def test_a_form_that_is_not_filled_in_says_what_it_lacks(
    damage: Office, key: str, fields: dict[str, str], said: str
) -> None:
    with signed_in(damage) as mei:
        refused = do(mei, key, **fields)

    assert refused.status_code == 409
    assert said in refused.text


# -- each of them ---------------------------------------------------------------------


def test_the_carrier_is_asked_and_answers(damage: Office) -> None:
    with signed_in(damage, AGENT, name="jo") as jo:
        do(jo, "carrier", reason="a trace")
        asked = damage.state(), last(damage)
        do(jo, "carrier-answered", reason="lost at the depot")

    assert asked == (S.AWAITING_CARRIER, (Event.CARRIER_ASKED, "jo", "a trace"))
    assert damage.state() is S.UNDER_REVIEW
    assert last(damage)[2] == "lost at the depot"


def test_what_happened_is_said_and_assessed_again(damage: Office) -> None:
    with signed_in(damage, AGENT, name="jo") as jo:
        do(jo, "type", kind="partial_loss")
        damage.run()

    assert damage.claim.claim_type is ClaimType.PARTIAL_LOSS
    assert last(damage)[:2] == (Event.TYPE_CHOSEN, "jo")


def test_a_lead_stops_a_claim_and_lets_it_go_on(damage: Office) -> None:
    with signed_in(damage) as mei:
        do(mei, "stop", reason="sanctions")
        stopped, page = offered(mei), mei.get("/claims/1")
        do(mei, "resume", reason="cleared")

    assert "resume" in stopped
    assert stopped.isdisjoint({"stop", "carrier", "type"})
    assert fields_of(page)["kind"] == "respond"
    assert last(damage) == (Event.RESUMED, "mei", "cleared")


def test_a_document_is_waived_only_while_it_is_missing(tmp_path: Path) -> None:
    order = an_order_of("200.00", is_lost=False)
    with an_office(tmp_path / "office", order) as office:
        office.deliver(make_claim_mail(files=claim_files()[1:]))
        with signed_in(office, AGENT, name="jo") as jo:
            missing = do(jo, "waive", document="D2", reason="x")
            do(jo, "waive", document="D1", reason="the shop is closed")
            office.run()

        assert "choose one for “Document”" in missing.text
        assert last(office) == (Event.DOCUMENT_WAIVED, "jo", "the shop is closed")
        assert office.state() is S.UNDER_REVIEW


def test_a_claim_is_closed_when_its_documents_never_came(tmp_path: Path) -> None:
    order = an_order_of("200.00", is_lost=False)
    with an_office(tmp_path / "office", order) as office:
        office.deliver(make_claim_mail(files=claim_files()[1:]))
        with signed_in(office, AGENT, name="jo") as jo:
            early = offered(jo)
            for days in (4, 31):
                office.wait_until(RECEIVED + days * DAY)
            jo.sign_in("jo")
            jo.get("/account/password")
            done = do(jo, "close")
            office.run()

        assert "close" not in early
        assert done.status_code == 303
        assert office.state() is S.CLOSED_INCOMPLETE
        assert office.kinds[-1] == "closed_incomplete"


def test_the_member_takes_it_back_by_a_later_mail(damage: Office) -> None:
    with signed_in(damage, AGENT, name="jo") as jo:
        before = offered(jo)
        damage.deliver(a_follow_up())
        do(jo, "withdraw", reason="it turned up")
        damage.run()

    assert "withdraw" not in before
    assert damage.state() is S.WITHDRAWN
    assert damage.kinds[-1] == "withdrawn"


def test_a_payout_is_ordered_fails_is_ordered_again_and_done(tmp_path: Path) -> None:
    with a_loss(tmp_path / "loss") as office, signed_in(office) as mei:
        reply(mei, "send")
        office.run_again()
        agents = offered_to_an_agent(office)
        steps = []
        for key, fields in (
            ("pay", {}),
            ("payment-failed", {"problem": "details_missing"}),
            ("pay-again", {}),
            ("complete", {"reference": "PAY-881"}),
        ):
            done = do(mei, key, **fields)
            assert done.status_code == 303, done.text
            steps.append(office.state())
        office.run()

    assert agents.isdisjoint({"pay", "complete"})
    assert steps == [
        S.PAYOUT_PENDING,
        S.PAYOUT_FAILED,
        S.PAYOUT_PENDING,
        S.COMPLETED_PAID,
    ]
    assert office.kinds[1:] == ["approved", "payment_problem", "completed"]


def offered_to_an_agent(office: Office) -> set[str]:
    with signed_in(office, AGENT, name="jo") as jo:
        return offered(jo)


def test_an_appeal_is_taken_by_who_did_not_decide(tmp_path: Path) -> None:
    with a_late(tmp_path / "late") as office, signed_in(office) as mei:
        reply(mei, "send", clauses="C11")
        office.run_again()
        do(mei, "appeal", reason="the courier was late")
        office.run()
        own = offered(mei)
        with signed_in(office, name="kim") as kim:
            do(kim, "take-appeal")
            office.run()

    assert "take-appeal" not in own
    assert "reopened" in office.kinds
    assert last(office) == (Event.APPEAL_TAKEN, "kim", "")


def test_a_failed_check_is_set_aside_by_a_lead_only(tmp_path: Path) -> None:
    with a_late(tmp_path / "late") as office:
        agents = offered_to_an_agent(office)
        with signed_in(office) as mei:
            do(mei, "overrule", reason="the courier was late")
            office.run()

        assert "overrule" not in agents
        assert office.state() is S.UNDER_REVIEW


# -- one person or two ----------------------------------------------------------------


def test_an_agent_proposes_and_a_lead_approves(tmp_path: Path) -> None:
    with a_loss(tmp_path / "loss") as office:
        with signed_in(office, AGENT, name="jo") as jo:
            page = jo.get("/claims/1")
            alone = reply(jo, "send", body="It is lost.")
            office.run_again()
            not_yet = office.state()
            again = reply(jo, "propose", body="It is lost.")
            waits = jo.get("/claims/1").text
        with signed_in(office) as mei:
            proposal = mei.get("/claims/1")
            preview = mei.get("/claims/1/reply/preview?of=waiting").text
            sent = mei.post("/claims/1/reply", **fields_of(proposal), do="send")
            office.run_again()

        assert "Propose to a second person" in page.text
        assert (alone.status_code, not_yet) == (409, S.UNDER_REVIEW)
        assert again.status_code == 303
        assert "A lead approves it" in waits
        assert "Approve and send" not in waits
        assert "18 Nov 2026, 19:12 UTC" in proposal.text
        assert "<dd>jo, " in proposal.text
        assert "It is lost." in preview
        assert sent.status_code == 303
        assert office.state() is S.APPROVED
        assert office.kinds == ["received", "approved"]
        assert last(office)[1] == "mei"


def test_above_the_limit_a_lead_proposes_too_and_another_approves(
    dear: Office,
) -> None:
    with signed_in(dear) as mei, signed_in(dear, name="kim") as kim:
        page = mei.get("/claims/1").text
        alone = reply(mei, "send")
        reply(mei, "propose")
        own = mei.post("/claims/1/reply", **fields_of(mei.get("/claims/1")), do="send")
        dear.run_again()
        waiting = dear.state()
        kim.post("/claims/1/reply", **fields_of(kim.get("/claims/1")), do="send")
        dear.run_again()

    assert "the amount is over 500.00 USD" in page
    assert alone.status_code == 409
    assert own.status_code == 409
    assert "mei proposed it" in own.text
    assert waiting is S.DECISION_PROPOSED
    assert dear.state() is S.APPROVED


def test_a_proposal_is_returned_with_a_reason(dear: Office) -> None:
    with signed_in(dear) as mei, signed_in(dear, name="kim") as kim:
        reply(mei, "propose")
        offers = offered(kim)
        do(kim, "return", reason="which vase?")

    assert "return" in offers
    assert dear.state() is S.UNDER_REVIEW
    assert last(dear) == (Event.DECISION_RETURNED, "kim", "which vase?")


def test_a_proposal_that_a_mail_overtook_is_not_approved(dear: Office) -> None:
    with signed_in(dear) as mei, signed_in(dear, name="kim") as kim:
        reply(mei, "propose")
        fields = fields_of(kim.get("/claims/1"))
        dear.deliver(a_follow_up())
        refused = kim.post("/claims/1/reply", **fields, do="send")
        page = kim.get("/claims/1").text

    assert refused.status_code == 409
    assert "A mail has come since it was proposed" in page
    assert "Approve and send" not in page


def test_a_held_email_goes_out_or_is_given_up(tmp_path: Path) -> None:
    order = an_order_of("200.00", is_lost=False)
    with an_office(tmp_path / "office", order) as office:
        office.deliver(make_claim_mail())
        with office.store.database.write() as session:
            session.connection().exec_driver_sql(
                "update emails set status = 'held', held_reason = 'breaker'"
                " where kind = 'received'"
            )
        with signed_in(office, AGENT, name="jo") as jo:
            (held,) = [e for e in office.emails if e.status == "held"]
            other = do(jo, "release", email=str(held.email_id + 1))
            done = do(jo, "release", email=str(held.email_id))

        assert "choose one for “E-mail”" in other.text
        assert done.status_code == 303
        assert office.store.outbox.get(held.email_id).status == "queued"


def test_errors_name_buttons_and_not_commands(dear: Office) -> None:
    with pytest.raises(UsageError) as refused:
        decide.approve(dear.parts, dear.claim, amount=None, by="jane")

    said = at_desk(refused.value)

    assert "`" not in said
    assert "use “Propose”, and let somebody else approve" in said
