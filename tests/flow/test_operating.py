"""Dead letters and queues in the hands of operators, on the real steps."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import an_order
from tests.builders_mail import make_claim_mail
from tests.office import InlineReader, Office, Relay, an_office
from worker import operating
from worker.adapters.store import Work
from worker.adapters.store.desk.dead_letters import DeadLetter
from worker.domain.errors import GiveUp, UsageError
from worker.domain.mail import Fate
from worker.ports import Attempt, Delivery

BY = "ruth"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office", an_order()) as office:
        yield office


class BrokenReader:
    """Reads nothing."""

    def read(self, _sha256: str) -> object:
        raise GiveUp("raw_damaged")

    def close(self) -> None:
        """Nothing is open."""


def park(office: Office, *raws: bytes) -> int:
    """Deliver mails that cannot be read; return the last one's number."""
    reader = office.parts.reader
    office.parts.__dict__["reader"] = BrokenReader()
    mail_id = office.deliver(*(raws or (make_claim_mail(),)))
    office.parts.__dict__["reader"] = reader
    return mail_id


def dead(office: Office) -> list[DeadLetter]:
    return office.parts.desk.dead_letters.listed(limit=100)


def requeue_all(office: Office) -> operating.Result:
    return operating.requeue_matching(office.parts, operating.Matching(), by=BY)


def log(office: Office) -> list[tuple[str, str, str, str]]:
    lines = office.parts.desk.actions.newest(limit=10)
    return [(line.by, line.action, line.target, line.reason) for line in lines]


def test_T8_a_parked_mail_that_is_requeued_becomes_the_claim_that_it_is(
    office: Office,
) -> None:
    mail_id = park(office)
    (letter,) = dead(office)

    result = operating.requeue(office.parts, [letter.job_id], by=BY)
    office.run()

    assert (letter.kind, letter.mail_id, letter.reason) == (
        "read",
        mail_id,
        "raw_damaged",
    )
    assert result.done == (letter.job_id,)
    assert office.fate(mail_id) == Fate.CLAIM
    assert office.kinds == ["received"]
    assert dead(office) == []
    assert log(office) == [(BY, "dead letter requeued", f"job:{letter.job_id}", "")]


def test_requeueing_twice_does_it_once(office: Office) -> None:
    park(office)
    (letter,) = dead(office)

    first = operating.requeue(office.parts, [letter.job_id, letter.job_id], by=BY)
    at_once = operating.requeue(office.parts, [letter.job_id], by=BY)
    office.run()
    later = operating.requeue(office.parts, [letter.job_id], by=BY)

    assert first.done == (letter.job_id,)
    assert (at_once.done, later.done) == ((), ())
    assert office.kinds == ["received"]
    assert len(log(office)) == 1


def test_a_mail_that_fails_again_is_a_dead_letter_again(office: Office) -> None:
    mail_id = park(office)
    office.parts.__dict__["reader"] = BrokenReader()

    requeue_all(office)
    office.run()

    (letter,) = dead(office)
    assert letter.attempts == 2
    assert office.fate(mail_id) == Fate.PARKED


def test_a_mail_that_cannot_be_understood_is_understood_when_it_is_requeued(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_work: Work, *_rest: object) -> None:
        raise GiveUp("made_to_fail")

    with monkeypatch.context() as patched:
        patched.setattr(Work, "settle_mail", fail)
        mail_id = office.deliver(make_claim_mail())
    (letter,) = dead(office)
    parked = office.fate(mail_id)

    requeue_all(office)
    office.run()

    assert letter.kind == "understand"
    assert parked == Fate.PARKED
    assert office.fate(mail_id) == Fate.CLAIM


def test_a_parked_mail_that_a_person_has_placed_is_left_alone(office: Office) -> None:
    mail_id = park(office)
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            f"update mails set fate = 'not_a_claim' where id = {mail_id}"  # noqa: S608
        )

    result = requeue_all(office)

    assert (result.done, len(result.skipped)) == ((), 1)
    assert len(dead(office)) == 1
    assert office.fate(mail_id) == Fate.NOT_A_CLAIM


def refuse_for_days(office: Office) -> None:
    """Let the relay put the receipt off until its job is given up."""
    office.relay.script = [Attempt(Delivery.DEFERRED, "451")] * 3
    office.deliver(make_claim_mail())
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            "update jobs set first_transient_ms = 1 where kind = 'send'"
        )
    office.run_again()


def test_an_email_whose_job_died_goes_out_once_when_it_is_requeued(
    office: Office,
) -> None:
    refuse_for_days(office)
    (email,) = office.emails
    (letter,) = dead(office)
    office.relay.script = []

    requeue_all(office)
    requeue_all(office)
    office.run()

    assert (letter.kind, letter.email_id) == ("send", email.email_id)
    assert letter.claim_id == office.claim.claim_id
    assert email.status == "held"
    assert [one.status for one in office.emails] == ["sent"]
    assert len(office.relay.taken) == 1


def test_an_email_that_a_person_released_meanwhile_is_not_queued_twice(
    office: Office,
) -> None:
    from worker import decide  # noqa: PLC0415 - as commands do

    refuse_for_days(office)
    office.relay.script = []
    decide.release(office.parts, office.emails[0].email_id, by=BY)

    result = requeue_all(office)
    office.run()

    assert len(result.skipped) == 1
    assert len(office.relay.taken) == 1


def test_those_that_are_skipped_keep_nobody_from_the_next_ones(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from worker import decide  # noqa: PLC0415 - as commands do

    monkeypatch.setattr(operating, "MOST_AT_ONCE", 1)
    refuse_for_days(office)
    office.relay.script = []
    decide.release(office.parts, office.emails[0].email_id, by=BY)
    park(office, make_claim_mail(subject="M104233 + one"))
    park(office, make_claim_mail(subject="M104233 + another"))
    settled, first, second = sorted(one.job_id for one in dead(office))

    result = requeue_all(office)
    rest = operating.requeue_matching(
        office.parts, operating.Matching(), by=BY, after=result.last
    )

    assert result == operating.Result((first,), (settled,), has_more=True, last=first)
    assert rest == operating.Result((second,), last=second)


def test_only_those_that_match_are_requeued(office: Office) -> None:
    park(office, make_claim_mail(), make_claim_mail(subject="M104233 + another"))
    first, second = sorted(one.job_id for one in dead(office))
    with office.store.database.write() as session:
        session.connection().exec_driver_sql(
            f"update jobs set reason = 'other' where id = {second}"  # noqa: S608
        )

    result = operating.requeue_matching(
        office.parts, operating.Matching("read", "raw_damaged"), by=BY
    )

    assert result.done == (first,)
    assert [one.job_id for one in dead(office)] == [second]


def test_a_discarded_dead_letter_leaves_the_mail_parked_and_says_why(
    office: Office,
) -> None:
    mail_id = park(office)
    (letter,) = dead(office)

    result = operating.discard(
        office.parts, [letter.job_id], by=BY, reason="a test of a colleague"
    )
    again = requeue_all(office)

    assert result.done == (letter.job_id,)
    assert again.done == ()
    assert office.fate(mail_id) == Fate.PARKED
    assert log(office)[0][3] == "a test of a colleague"


def test_nothing_is_discarded_without_a_reason(office: Office) -> None:
    park(office)

    with pytest.raises(UsageError, match="say why"):
        operating.discard(office.parts, [dead(office)[0].job_id], by=BY, reason=" ")

    assert len(dead(office)) == 1


def test_the_raw_mail_of_a_dead_letter_can_be_had(office: Office) -> None:
    raw = make_claim_mail()
    park(office, raw)

    assert operating.raw_of(office.parts, dead(office)[0]) == raw


def test_a_paused_queue_rests_and_runs_on_when_it_is_resumed(office: Office) -> None:
    operating.pause(office.parts, "send", by=BY)
    office.deliver(make_claim_mail())
    while_paused = list(office.relay.taken)

    operating.resume(office.parts, "send", by=BY)
    office.run()

    assert isinstance(office.relay, Relay)
    assert isinstance(office.parts.reader, InlineReader)
    assert while_paused == []
    assert len(office.relay.taken) == 1
    assert [line[:3] for line in log(office)] == [
        (BY, "queue resumed", "queue:send"),
        (BY, "queue paused", "queue:send"),
    ]


def test_the_sweep_rings_nothing_of_a_paused_queue(office: Office) -> None:
    operating.pause(office.parts, "read", by=BY)
    office.deliver(make_claim_mail())

    due = office.store.jobs.due("read", limit=10, quiet_for=timedelta())

    assert due == []


def test_pausing_twice_is_one_pause(office: Office) -> None:
    assert operating.pause(office.parts, "send", by=BY)
    assert not operating.pause(office.parts, "send", by="somebody else")

    (paused,) = office.parts.desk.paused.listed()
    assert paused.by == BY
    assert operating.resume(office.parts, "send", by=BY)
    assert not operating.resume(office.parts, "send", by=BY)


def test_a_queue_that_does_not_exist_cannot_be_paused(office: Office) -> None:
    with pytest.raises(UsageError, match="there is no queue"):
        operating.pause(office.parts, "sned", by=BY)
