"""The note for staff: twelve points of a claim, kept with it, beside its draft."""

import shlex
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import sqlalchemy as sa
import typer.main

from tests.builders_mail import make_claim_mail
from tests.flow.test_schedule import the_order
from tests.office import OPENING, Office, an_office
from worker import decide
from worker.adapters.imap_drafts import ImapNotes
from worker.adapters.render import JinjaRenderer
from worker.adapters.resources import folder
from worker.adapters.store.desk_schema import PausedQueueRow
from worker.cli import make_app
from worker.domain.claim import ClaimState
from worker.domain.clauses import ClauseId
from worker.domain.findings import FindingVerdict
from worker.domain.note import TITLES, Note, Row
from worker.notify import note_reply
from worker.samples import (
    a_claim,
    a_complete_claim,
    a_failed_check,
    a_finding,
    a_note,
    a_total_loss_proposal,
    an_assessment,
    an_incomplete_assessment,
)

STAFF = "desk@logistics.example"
HOSTILE = "<script>x</script> {{ claim }} [bold]Approve this claim![/] \u202e now"


def rows(note: Note, number: int) -> list[Row]:
    return list(note.points[number - 1].rows)


def texts(note: Note, number: int) -> str:
    return "\n".join(f"{one.label}: {one.text}" for one in rows(note, number))


def test_a_note_has_the_twelve_points_and_each_says_something() -> None:
    note = a_note(a_complete_claim(), an_assessment())

    assert [one.number for one in note.points] == list(range(1, 13))
    assert tuple(one.title for one in note.points) == TITLES
    assert all(one.rows for one in note.points)


def test_what_may_decide_is_named_with_its_source() -> None:
    note = a_note(a_complete_claim(), an_assessment())

    assert "2026-11-25 19:10:00 UTC; 167:58:00 hours left" in texts(note, 1)
    assert "Delivered: 2026-11-18 14:30:00 UTC = 2026-11-18 15:30:00 CET" in texts(
        note, 3
    )
    assert [(one.label, one.mark) for one in rows(note, 4)][1:3] == [
        ("C11", "pass"),
        ("C12", "pass"),
    ]
    assert "before the delivery" in texts(note, 5)
    assert rows(note, 5)[-1].source == "seen before in CLM-000004 (3 bits differ)"
    assert "Total: 118.75 USD" in texts(note, 6)
    assert "X5: the label shows another street" in texts(note, 7)
    assert "CLM-000004" in texts(note, 7)
    assert "Still to fill in: [amount], [why this amount]" in texts(note, 9)
    assert "version 2026-11" in texts(note, 11)


@pytest.mark.parametrize(
    ("findings", "confidence"),
    [((), "high"), (("C1",), "medium"), (("C1", "C2", "C7"), "low")],
)
def test_confidence_falls_with_every_doubt(
    findings: tuple[str, ...], confidence: str
) -> None:
    unclear = tuple(a_finding(one, FindingVerdict.UNCLEAR) for one in findings)
    loss = an_assessment(findings=unclear, proposal=a_total_loss_proposal())
    note = a_note(a_complete_claim(), loss, is_known=False)

    assert rows(note, 8)[0].text == "Approve 462.50 USD."
    assert rows(note, 8)[1].mark == confidence
    assert len(rows(note, 8)) == 2 + max(1, min(2, len(findings)))


def test_the_strongest_counter_arguments_come_first() -> None:
    hint = a_finding("X6", FindingVerdict.UNCLEAR, flags=("contact_lost",))
    note = a_note(
        a_complete_claim(),
        an_assessment(findings=(a_finding("C1", FindingVerdict.UNCLEAR), hint)),
    )

    against = [one.text for one in rows(note, 8) if one.label == "Against it"]

    assert against == ["A person flagged X5.", "X6: for staff only"]


def test_a_failed_check_is_recommended_for_rejection_and_doubted() -> None:
    claim = a_complete_claim(state=ClaimState.INELIGIBLE_PROPOSED)
    note = a_note(claim, an_assessment(findings=(a_failed_check("C11"),)))

    assert "Reject under C11" in texts(note, 8)
    assert "C11 rests on the record" in texts(note, 8)
    assert "claims overrule CLM-000012 --reason WHY --by NAME" in texts(note, 10)


@pytest.mark.parametrize("state", ClaimState)
def test_every_alternative_is_a_command_that_exists(state: ClaimState) -> None:
    note = a_note(a_claim(state=state), an_incomplete_assessment())
    known = typer.main.get_command(make_app()).commands  # type: ignore[attr-defined]

    commands = [shlex.split(one.text) for one in rows(note, 10)]

    assert commands
    for program, name, *arguments in commands:
        assert program == "claims"
        known[name].make_context(name, arguments)


def test_what_a_sender_wrote_is_quoted_escaped_and_on_one_line() -> None:
    claim = a_complete_claim()
    note = a_note(claim, an_assessment(), words=f"{HOSTILE}\n1. Claim: pay all")
    renderer = JinjaRenderer(folder("templates") / "emails")

    (said,) = [one for one in rows(note, 2) if one.label == "In the member's words"]
    reply = note_reply(note, claim, STAFF)
    rendered = renderer.render(reply.kind, reply.facts, locale="en")

    assert said.is_quoted
    assert "\n" not in said.text
    assert "\u202e" not in said.text
    assert "<script>" not in rendered.html
    assert "{{ claim }}" in rendered.text
    assert reply.to == STAFF
    assert reply.in_reply_to is None


# -- kept with the claim, laid beside its draft --------------------------------------


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """One whose staff have a folder for notes; nothing is laid into it here."""
    with an_office(tmp_path / "office", the_order()) as opened:
        opened.parts.__dict__["notes"] = ImapNotes(
            "imap://staff:secret@127.0.0.1/Drafts"
        )
        yield opened


def test_without_a_folder_for_it_the_note_is_kept_and_is_no_e_mail(
    office: Office,
) -> None:
    office.parts.__dict__["notes"] = None
    office.deliver(make_claim_mail())

    assert drafts(office).keys() == {"approved"}
    assert office.store.notes.of_claim(office.claim.claim_id) is not None


def drafts(office: Office) -> dict[str, bytes]:
    return {
        one.kind: one.raw
        for one in office.store.outbox.of_claim(office.claim.claim_id)
        if one.status == "draft"
    }


def test_a_draft_and_its_note_are_replaced_together_and_taken_away_together(
    office: Office,
) -> None:
    office.deliver(make_claim_mail())
    first = drafts(office)
    office.deliver(make_claim_mail(text="One more word."))
    second = drafts(office)
    decide.approve(
        office.parts, office.claim, amount="80.00", by="jane", reason="Seen."
    )

    assert first.keys() == second.keys() == {"approved", "staff_draft_note"}
    assert all(first[kind] != second[kind] for kind in first)
    assert drafts(office) == {}


def test_two_mails_that_are_assessed_one_after_the_other_leave_a_draft(
    office: Office,
) -> None:
    """The first job for the draft has seen both; the second finds nothing to do."""
    with office.store.database.write() as session:
        session.add(PausedQueueRow(queue="validate", by="ada", at=OPENING))
    office.deliver(make_claim_mail(), make_claim_mail(text="One more word."))
    with office.store.database.write() as session:
        session.execute(sa.delete(PausedQueueRow))

    office.run_again()

    assert drafts(office).keys() == {"approved", "staff_draft_note"}


def test_the_note_is_for_staff_and_out_of_the_members_thread(office: Office) -> None:
    office.deliver(make_claim_mail())

    found = drafts(office)
    note = message_from_bytes(found["staff_draft_note"], policy=policy.default)
    draft = message_from_bytes(found["approved"], policy=policy.default)

    assert note["To"] == "claims@logistics.example"
    assert "Internal" in note["Subject"]
    assert note["References"] is note["In-Reply-To"] is None
    assert note["Message-ID"] != draft["Message-ID"]


def test_a_stored_note_is_stale_once_the_claim_has_moved(office: Office) -> None:
    office.deliver(make_claim_mail())
    note = office.store.notes.of_claim(1)
    assert note is not None

    assert not note.is_stale(office.claim.state, 1)
    assert note.is_stale(office.claim.state, 2)
    assert note.is_stale(ClaimState.APPROVED, 1)


def test_a_flag_that_a_person_set_stands_in_the_next_note(office: Office) -> None:
    office.deliver(make_claim_mail())
    decide.set_flag(
        office.parts, office.claim, ClauseId("X5"), evidence="other street", by="jo"
    )
    office.run()

    note = office.store.notes.of_claim(1)

    assert note is not None
    assert Row(
        label="X5", text="other street", mark="open", source="set by jo"
    ) in rows(note, 7)
