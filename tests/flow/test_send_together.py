"""E-mails that wait leave together, each with an end of its own."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.office import Office, an_office
from worker.adapters.store import NewEmail, NewJob
from worker.adapters.store.outbox import Email
from worker.composing import queue_emails
from worker.ports import Attempt, Delivery
from worker.steps import delivery

ACCEPTED = Attempt(Delivery.ACCEPTED, "250")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office") as office:
        yield office


def queue(office: Office, *kinds: str) -> None:
    with office.store.transaction() as work:
        emails = [
            NewEmail(
                dedup_key=f"{kind}:{number}",
                kind=kind,
                recipient=f"member{number}@mail.example",
                status="queued",
                raw=b"Subject: %d\r\n\r\n%d\r\n" % (number, number),
            )
            for number, kind in enumerate(kinds, start=1)
        ]
        queue_emails(work, emails)


def statuses(office: Office) -> list[str]:
    return [email.status for email in office.emails]


def jobs(office: Office, column: str) -> list[object]:
    with office.store.database.read() as session:
        rows = session.connection().exec_driver_sql(
            f"select {column} from jobs order by id"  # noqa: S608 - ours
        )
        return [row[0] for row in rows]


def first_ring(office: Office) -> None:
    """Let the worker hear the first ring and no other one."""
    bell = office.queue.bells[0]
    office.queue.bells.clear()
    office.queue.bells.append(bell)
    office.run()


def test_one_ring_sends_all_that_wait(office: Office) -> None:
    queue(office, *["received"] * 5)

    first_ring(office)

    assert statuses(office) == ["sent"] * 5
    assert [email.attempts for email in office.emails] == [1] * 5
    assert [to for to, _ in office.relay.taken] == [
        f"member{number}@mail.example" for number in range(1, 6)
    ]
    assert jobs(office, "state") == ["done"] * 5


def test_a_ring_leads_to_the_next_and_no_more_are_begun_at_once_than_may_be(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    send = office.relay.send

    def look(*, envelope_from: str, recipient: str, raw: bytes) -> Attempt:
        begun.append(office.store.outbox.counts()["sending"])
        return send(envelope_from=envelope_from, recipient=recipient, raw=raw)

    monkeypatch.setattr(office.relay, "send", look)
    queue(office, *["received"] * (delivery.MOST_TOGETHER + 3))

    first_ring(office)

    assert max(begun) == delivery.MOST_TOGETHER
    assert statuses(office) == ["sent"] * (delivery.MOST_TOGETHER + 3)


def test_an_email_that_two_jobs_are_about_goes_out_once(office: Office) -> None:
    """One was released by a person while its first job waited."""
    queue(office, *["received"] * 3)
    with office.store.transaction() as work:
        work.add_jobs(NewJob("send", "2:again", queue="send"))

    first_ring(office)

    assert statuses(office) == ["sent"] * 3
    assert len(office.relay.taken) == 3
    assert jobs(office, "state") == ["done"] * 4


def test_a_sweep_rings_once_for_many_that_may_go_together(office: Office) -> None:
    queue(office, *["received"] * 7)
    office.queue.bells.clear()

    bells = office.store.jobs.due(
        "send", limit=99, quiet_for=timedelta(), most_by_kind={"send": 3}
    )

    assert [bell.job_id for bell in bells] == [1, 4, 7]


def test_a_sweep_rings_for_each_that_ever_went_wrong(office: Office) -> None:
    office.relay.script = [Attempt(Delivery.DEFERRED, "unreachable")]
    queue(office, *["received"] * 3)
    first_ring(office)
    with office.store.database.write() as session:
        session.connection().exec_driver_sql("update jobs set run_at_ms = 0")

    bells = office.store.jobs.due(
        "send", limit=99, quiet_for=timedelta(), most_by_kind={"send": 3}
    )

    assert [bell.job_id for bell in bells] == [1, 2, 3]


def test_the_rings_of_what_went_out_with_others_send_nothing_again(
    office: Office,
) -> None:
    queue(office, *["received"] * 4)

    office.run()

    assert len(office.relay.taken) == 4
    assert jobs(office, "attempts") == [1] * 4


def test_a_decision_is_begun_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[list[Email]] = []
    send = office.relay.send

    def look(*, envelope_from: str, recipient: str, raw: bytes) -> Attempt:
        begun.append([one for one in office.emails if one.status == "sending"])
        return send(envelope_from=envelope_from, recipient=recipient, raw=raw)

    monkeypatch.setattr(office.relay, "send", look)
    queue(office, "received", "approved", "received", "completed")

    first_ring(office)

    by_kind = [[email.kind for email in sending] for sending in begun]
    assert by_kind == [["received"] * 2] * 2 + [["approved"], ["completed"]]
    assert statuses(office) == ["sent"] * 4


def test_one_that_is_refused_stops_no_other(office: Office) -> None:
    office.relay.script = [ACCEPTED, Attempt(Delivery.REFUSED, "550"), ACCEPTED]
    queue(office, *["received"] * 3)

    first_ring(office)

    assert statuses(office) == ["sent", "refused", "sent"]
    assert [alert.code for alert in office.store.alerts.newest(limit=9)] == [
        "email_refused"
    ]


def test_one_that_is_deferred_is_tried_later_by_itself(office: Office) -> None:
    office.relay.script = [ACCEPTED, Attempt(Delivery.DEFERRED, "451"), ACCEPTED]
    queue(office, *["received"] * 3)

    first_ring(office)

    assert statuses(office) == ["sent", "queued", "sent"]
    assert jobs(office, "state") == ["done", "ready", "done"]
    office.run_again()
    assert statuses(office) == ["sent"] * 3
    assert len(office.relay.taken) == 3


def test_where_the_relay_is_away_the_others_are_not_tried(office: Office) -> None:
    office.relay.script = [ACCEPTED, Attempt(Delivery.DEFERRED, "unreachable")]
    queue(office, *["received"] * 4)

    first_ring(office)

    assert len(office.relay.taken) == 1
    assert statuses(office) == ["sent", "queued", "queued", "queued"]
    assert jobs(office, "transients") == [0, 1, 1, 1]


def test_silence_after_the_final_dot_is_uncertain_for_that_e_mail_alone(
    office: Office,
) -> None:
    office.relay.script = [Attempt(Delivery.UNCERTAIN, "timeout")]
    queue(office, *["received"] * 3)

    first_ring(office)

    assert [email.uncertain for email in office.emails] == [1, 0, 0]
    assert statuses(office) == ["queued"] * 3


def test_after_a_death_in_the_middle_the_same_bytes_go_out_again(
    office: Office,
) -> None:
    queue(office, *["received"] * 3)
    with office.store.transaction() as work:
        work.begin_attempts([1, 2, 3])  # nobody saw the end

    office.run()

    assert [email.uncertain for email in office.emails] == [1] * 3
    assert statuses(office) == ["sent"] * 3
    assert [raw for _, raw in office.relay.taken] == [e.raw for e in office.emails]


def test_a_bug_costs_each_of_them_one_failure_and_then_they_go_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = office.relay.send

    def stumble(*, envelope_from: str, recipient: str, raw: bytes) -> Attempt:
        if recipient.startswith("member2"):
            raise ZeroDivisionError
        return send(envelope_from=envelope_from, recipient=recipient, raw=raw)

    monkeypatch.setattr(office.relay, "send", stumble)
    queue(office, *["received"] * 3)

    first_ring(office)
    for _ in range(3):
        office.run_again()

    assert statuses(office) == ["sent", "held", "sent"]
    assert jobs(office, "state") == ["done", "quarantined", "done"]


def test_who_lost_its_lease_records_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = office.relay.send

    def lose(*, envelope_from: str, recipient: str, raw: bytes) -> Attempt:
        with office.store.database.write() as session:
            session.connection().exec_driver_sql(
                "update jobs set token = 'another' where id = 2"
            )
        return send(envelope_from=envelope_from, recipient=recipient, raw=raw)

    monkeypatch.setattr(office.relay, "send", lose)
    queue(office, *["received"] * 3)

    first_ring(office)

    assert statuses(office) == ["sent", "sending", "sent"]
    assert jobs(office, "state") == ["done", "running", "done"]
