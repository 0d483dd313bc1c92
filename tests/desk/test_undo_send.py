"""A reply can be taken back for ten seconds; then it goes out once, or not at all."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.desk.claims import a_damage, a_follow_up, fields_of, reply
from tests.desk.visitors import Visitor, signed_in
from tests.office import Office
from worker import desk_send
from worker.actors import KINDS
from worker.adapters.store import Work
from worker.adapters.store.schema import JobRow
from worker.domain.claim import ClaimState, Event
from worker.domain.errors import GiveUp
from worker.domain.written import OUR_FAULT, UNDO_FOR
from worker.runner import Runner

S = ClaimState


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with a_damage(tmp_path / "office") as office:
        yield office


@pytest.fixture
def mei(office: Office) -> Iterator[Visitor]:
    with signed_in(office) as visitor:
        yield visitor


def send(visitor: Visitor) -> None:
    sent = reply(visitor, "send", body="The lid is broken.", amount="80.00")
    assert sent.status_code == 303


def the_job(office: Office) -> tuple[int, int]:
    """The number of the job that sends, and in how many ms it is due."""
    with office.store.database.read() as session:
        job, left = (
            session.connection()
            .exec_driver_sql(
                "select id, run_at_ms - (julianday('now') - 2440587.5) * 86400000"
                " from jobs where kind = 'desk_send'"
            )
            .one()
        )
    return int(job), int(left)


def test_for_ten_seconds_nothing_has_happened(office: Office, mei: Visitor) -> None:
    before = office.claim
    send(mei)
    office.run()
    page = mei.get("/claims/1").text

    _, left = the_job(office)
    assert UNDO_FOR - timedelta(seconds=8) < timedelta(milliseconds=left) <= UNDO_FOR
    assert office.claim == before
    assert office.kinds == ["received"]
    assert "Goes out in a moment" in page
    assert 'action="/claims/1/reply/undo"' in page


def test_undone_is_as_if_it_was_never_sent(office: Office, mei: Visitor) -> None:
    before = office.claim, office.store.claims.events(1)
    send(mei)

    undone = mei.post("/claims/1/reply/undo")
    office.run_again()

    assert undone.headers["location"] == "/claims/1#reply"
    assert (office.claim, office.store.claims.events(1)) == before
    assert office.kinds == ["received"]
    assert fields_of(mei.get("/claims/1"))["body"] == "The lid is broken."


def test_after_undoing_it_can_be_sent_again_and_waits_anew(
    office: Office, mei: Visitor
) -> None:
    send(mei)
    first, _ = the_job(office)
    mei.post("/claims/1/reply/undo")
    send(mei)
    make_due(office, first)
    Runner(office.parts, KINDS).run(first)
    waiting = office.parts.desk.writing.pending_of(1)
    office.run_again()

    assert waiting is not None
    assert office.kinds == ["received", "approved"]


def test_it_is_too_late_once_it_went_out(office: Office, mei: Visitor) -> None:
    send(mei)
    office.run_again()
    mei.post("/claims/1/reply/undo")
    page = mei.get("/claims/1")

    assert "Too late: nothing waits to go out." in page.text
    assert office.state() is S.APPROVED_PARTIAL


def test_a_double_click_sends_once(office: Office, mei: Visitor) -> None:
    form = fields_of(mei.get("/claims/1")) | {"body": "The lid.", "amount": "80.00"}

    answers = [mei.post("/claims/1/reply", **form, do="send") for _ in range(2)]
    office.run_again()
    late = mei.post("/claims/1/reply", **form, do="send")
    office.run_again()

    assert [one.status_code for one in answers] == [303, 303]
    assert late.status_code == 409
    assert office.kinds == ["received", "approved"]


def test_two_people_do_not_send_two_replies(office: Office, mei: Visitor) -> None:
    with signed_in(office, name="kim") as kim:
        hers = fields_of(kim.get("/claims/1"))
        send(mei)
        edit = office.parts.desk.writing.edit_of(1)
        assert edit is not None
        form = {**hers, "base": edit.at.isoformat(), "kind": "respond", "body": "Soon."}
        refused = kim.post("/claims/1/reply", **form, do="send")
        office.run_again()

    assert refused.status_code == 409
    assert "another reply is about to go out" in refused.text
    assert office.kinds == ["received", "approved"]


def test_a_mail_that_comes_meanwhile_stops_it(office: Office, mei: Visitor) -> None:
    send(mei)
    office.deliver(a_follow_up())
    office.run_again()
    page = mei.get("/claims/1")

    assert office.state() is S.UNDER_REVIEW
    assert "approved" not in office.kinds
    assert "Not sent." in page.text
    assert "something came to CLM-000001" in page.text
    assert fields_of(page)["body"] == "The lid is broken."
    assert "reply_not_sent" in [a.code for a in office.store.alerts.newest(limit=5)]
    mei.post("/claims/1/reply/read")
    assert "Not sent." not in mei.get("/claims/1").text
    send(mei)
    office.run_again()
    assert office.kinds[-1] == "approved"


def test_who_was_disabled_meanwhile_decides_nothing(
    office: Office, mei: Visitor
) -> None:
    send(mei)
    person = office.parts.desk.people.named("mei")
    assert person is not None
    office.parts.desk.people.disable(person.person_id)
    office.run_again()

    assert office.state() is S.UNDER_REVIEW
    waiting = office.parts.desk.writing.pending_of(1)
    assert waiting is not None
    assert waiting.why_not == "the account mei was disabled meanwhile"


def test_a_worker_that_dies_in_the_middle_sends_once(
    office: Office, mei: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Like a kill: nothing of the program catches it."""

    send(mei)
    job, _ = the_job(office)
    make_due(office, job)

    def die(_work: Work, *_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Work, "finish", die)
        with pytest.raises(Killed):
            Runner(office.parts, KINDS).run(job)
    assert office.state() is S.UNDER_REVIEW
    assert office.parts.desk.writing.pending_of(1) is not None

    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update jobs set lease_until_ms = 0 where kind = 'desk_send'"
        )
    another = Runner(office.parts, KINDS)
    another.run(job)
    another.run(job)
    office.run_again()

    assert office.kinds == ["received", "approved"]
    events = [one.event for one in office.store.claims.events(1)]
    assert events.count(Event.APPROVED_PARTIAL) == 1


def make_due(office: Office, job: int) -> None:
    """Let a job be due, as if its time had come."""
    with office.store.database.write() as session:
        session.execute(sa.update(JobRow).where(JobRow.id == job).values(run_at_ms=0))


def test_the_page_learns_that_it_went_out(office: Office, mei: Visitor) -> None:
    send(mei)
    waiting = mei.get("/claims/1/reply/state", headers={"HX-Request": "true"})
    office.run_again()
    done = mei.get("/claims/1/reply/state", headers={"HX-Request": "true"})

    assert "HX-Redirect" not in waiting.headers
    assert done.headers["HX-Redirect"] == "/claims/1"


def test_a_reply_whose_job_dies_says_so_and_can_be_written_again(
    office: Office, mei: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise GiveUp("no_claim")

    send(mei)
    with monkeypatch.context() as patch:
        patch.setattr(desk_send, "carry_out", fail)
        office.run_again()
    page = mei.get("/claims/1").text

    assert OUR_FAULT in page
    assert "Goes out in a moment" not in page
    assert 'id="reply-body"' in page
    assert office.kinds == ["received"]
