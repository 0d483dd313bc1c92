"""What becomes due, on the real steps with a clock that the test moves."""

import dataclasses
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.builders import a_package, a_when, an_order
from tests.builders_mail import claim_files, make_claim_mail
from tests.fakes import FakeStop
from tests.office import Office, Relay, an_office
from tests.services import Postgres
from worker.actors import QUEUES
from worker.adapters import processes
from worker.adapters.mime import parse
from worker.adapters.store import NewJob
from worker.domain.claim import ClaimState, Event
from worker.domain.errors import RetryLater
from worker.domain.orders import Order
from worker.domain.policy import Policy
from worker.ports import Attempt, Bell, Delivery, Rendered
from worker.schedule import DEEP, MOST_RUNG_DEEP, Scheduler

DELIVERED = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)
OPENED = datetime(2026, 11, 18, 19, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RESPOND_BY = RECEIVED + 7 * DAY
RESPONSE_AT = RESPOND_BY - 2 * HOUR
MORE = "M104233+ORD-20261104-0183+Claim"


def the_order() -> Order:
    package = dataclasses.replace(
        a_package(), arrived=a_when(DELIVERED - DAY), delivered=a_when(DELIVERED)
    )
    return an_order("ORD-20261104-0183", packages=(package,))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path / "office", the_order()) as office:
        yield office


@pytest.fixture
def complete(office: Office) -> Office:
    """An office with one complete claim, which is to be answered by RESPOND_BY."""
    office.deliver(make_claim_mail())
    assert office.claim.respond_by == RESPOND_BY
    return office


@pytest.fixture
def incomplete(office: Office) -> Office:
    """An office with one claim that waits for its invoice."""
    office.deliver(make_claim_mail(files=claim_files()[1:]))
    assert office.state() is ClaimState.AWAITING_DOCUMENTS
    return office


def rows(office: Office, query: str) -> list[tuple[Any, ...]]:
    with office.store.database.read() as session:
        return [tuple(row) for row in session.execute(sa.text(query))]


def alerts(office: Office) -> list[str]:
    return [code for (code,) in rows(office, "select code from alerts order by id")]


def events(office: Office) -> list[Event]:
    return [one.event for one in office.store.claims.events(office.claim.claim_id)]


def pass_time(office: Office, start: datetime, end: datetime) -> None:
    """Let the scheduler look every hour."""
    at = start
    while at <= end:
        office.wait_until(at)
        at += HOUR


def write_again(office: Office, text: str = "Any news?") -> None:
    office.deliver(
        make_claim_mail(subject=f"Re: {MORE}", text=text, received_at=office.clock.at)
    )


# -- the seven days -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        pytest.param(48 * HOUR + SECOND, [], id="48 h and a second"),
        pytest.param(48 * HOUR, ["warn_48h"], id="48 h"),
        pytest.param(24 * HOUR + SECOND, ["warn_48h"], id="24 h and a second"),
        pytest.param(24 * HOUR, ["warn_48h", "warn_24h"], id="24 h"),
    ],
)
def test_staff_are_warned_at_48_and_at_24_hours(
    complete: Office, left: timedelta, expected: list[str]
) -> None:
    complete.wait_until(RESPOND_BY - left)

    assert alerts(complete) == expected
    assert events(complete).count(Event.SLA_WARNED) == len(expected)
    assert complete.kinds == ["received"]


def test_each_warning_comes_once_however_often_the_scheduler_looks(
    complete: Office,
) -> None:
    pass_time(complete, OPENED, RESPONSE_AT - HOUR)

    assert alerts(complete) == ["warn_48h", "warn_24h"]
    assert events(complete).count(Event.SLA_WARNED) == 2


def test_the_worker_answers_itself_two_hours_before_the_end(complete: Office) -> None:
    complete.wait_until(RESPONSE_AT - SECOND)
    assert complete.kinds == ["received"]

    complete.wait_until(RESPONSE_AT)

    assert complete.kinds == ["received", "response"]
    assert [email.status for email in complete.emails] == ["sent", "sent"]
    assert complete.state() is ClaimState.UNDER_REVIEW


def test_the_response_names_the_date_from_which_the_clock_goes_on(
    complete: Office,
) -> None:
    """A holding answer starts the next seven days instead of ending the matter."""
    complete.wait_until(RESPONSE_AT)

    claim, response = complete.claim, complete.emails[-1]
    named = RESPONSE_AT + 7 * DAY
    assert claim.respond_by == named
    assert claim.responded_at == claim.promised_at == RESPONSE_AT
    assert claim.next_due_at == named - 48 * HOUR
    assert f"{named:%d %B %Y}".lstrip("0") in parse(response.raw).text
    assert events(complete)[-1] is Event.STATUS_SENT


def test_the_next_clock_warns_and_answers_for_itself(complete: Office) -> None:
    pass_time(complete, RESPOND_BY - 2 * DAY, RESPONSE_AT)
    next_at = RESPONSE_AT + 7 * DAY - 2 * HOUR

    pass_time(complete, RESPONSE_AT, next_at)

    assert complete.kinds == ["received", "response", "response"]
    assert alerts(complete) == ["warn_48h", "warn_24h"] * 2
    assert complete.claim.respond_by == next_at + 7 * DAY


def test_a_response_that_is_deferred_counts_from_when_it_was_written(
    complete: Office,
) -> None:
    """What the mail names is kept, however late the relay takes it."""
    complete.relay.script = [Attempt(Delivery.DEFERRED, "451")]
    complete.wait_until(RESPONSE_AT)
    assert complete.claim.responded_at is None

    complete.clock.at = RESPONSE_AT + HOUR
    complete.run_again()

    assert complete.claim.responded_at == RESPONSE_AT + HOUR
    assert complete.claim.respond_by == RESPONSE_AT + 7 * DAY


def test_a_response_that_is_refused_does_not_count_as_an_answer(
    complete: Office,
) -> None:
    complete.relay.script = [Attempt(Delivery.REFUSED, "550")]

    pass_time(complete, RESPONSE_AT, RESPOND_BY + DAY)

    assert complete.claim.responded_at is None
    assert complete.claim.respond_by == RESPOND_BY
    assert complete.kinds == ["received", "response"]
    assert "email_refused" in alerts(complete)


def test_a_policy_switch_turns_the_workers_own_answer_off(office: Office) -> None:
    office.parts.__dict__["policy"] = Policy(auto_response=False)
    office.deliver(make_claim_mail())

    pass_time(office, RESPOND_BY - 3 * DAY, RESPOND_BY + DAY)

    assert office.kinds == ["received"]
    assert alerts(office) == ["warn_48h", "warn_24h"]


def test_S4_the_answer_to_a_claim_from_before_go_live_is_held(complete: Office) -> None:
    after = sa.text("update mailboxes set go_live_at = :at")
    at = (RECEIVED + SECOND).replace(tzinfo=None)
    with complete.store.database.write() as session:
        session.execute(after, {"at": str(at)})

    complete.wait_until(RESPONSE_AT)

    response = complete.emails[-1]
    assert (response.kind, response.status) == ("response", "held")
    assert response.held_reason == "before_go_live"
    assert complete.claim.responded_at is None
    assert alerts(complete)[-1] == "before_go_live"  # the seven days do not wait


@pytest.mark.parametrize("left", [47 * HOUR, 23 * HOUR], ids=["47 h", "23 h"])
def test_T6_a_mail_that_comes_after_a_warning_stops_no_later_deadline(
    complete: Office, left: timedelta
) -> None:
    complete.wait_until(RESPOND_BY - left)
    write_again(complete)
    assert complete.claim.respond_by == RESPOND_BY

    pass_time(complete, RESPOND_BY - left, RESPOND_BY)

    assert alerts(complete) == ["warn_48h", "warn_24h"]
    assert complete.kinds == ["received", "response"]


class BrokenRenderer:
    """Has a bug."""

    def render(self, kind: str, facts: object, *, locale: str) -> Rendered:
        raise KeyError(kind, facts, locale)


def test_a_deadline_that_fails_for_good_leaves_the_others_that_are_due(
    complete: Office,
) -> None:
    """Nobody to write to, say: staff are warned all the same."""
    nobody = dataclasses.replace(the_order().member, addresses=())
    complete.store.orders.import_orders(
        [dataclasses.replace(the_order(), member=nobody)]
    )
    before = complete.claim
    with complete.store.transaction() as work:
        work.save_claim(before, dataclasses.replace(before, member_address=None))

    pass_time(complete, RESPONSE_AT, RESPOND_BY)

    assert alerts(complete) == ["warn_48h", "warn_24h", "no_address_on_file"]
    assert complete.kinds == ["received"]


def test_a_deadline_whose_job_became_a_dead_letter_is_looked_at_again(
    complete: Office,
) -> None:
    renderer = complete.parts.renderer
    complete.parts.__dict__["renderer"] = BrokenRenderer()
    complete.wait_until(RESPONSE_AT)
    for _ in range(2):
        complete.run_again()
    while_broken = (complete.kinds, alerts(complete))

    complete.parts.__dict__["renderer"] = renderer
    pass_time(complete, RESPONSE_AT, RESPONSE_AT + HOUR)

    assert while_broken == (["received"], ["dead_letter"])
    assert complete.kinds == ["received", "response"]
    assert alerts(complete) == ["dead_letter", "warn_48h", "warn_24h"]


# -- documents ----------------------------------------------------------------------


def test_the_member_is_reminded_on_day_three_once(incomplete: Office) -> None:
    incomplete.wait_until(OPENED + 3 * DAY - SECOND)
    assert incomplete.kinds == ["received"]

    pass_time(incomplete, OPENED + 3 * DAY, OPENED + 6 * DAY)

    assert incomplete.kinds == ["received", "documents_reminder"]
    assert incomplete.emails[-1].created_at == OPENED + 3 * DAY
    assert events(incomplete).count(Event.DOCS_REMINDER) == 1


def test_closing_is_proposed_on_the_due_day_once_and_left_to_a_person(
    incomplete: Office,
) -> None:
    due_at = OPENED + 7 * DAY
    incomplete.wait_until(due_at - SECOND)
    assert alerts(incomplete) == []

    pass_time(incomplete, due_at, due_at + 3 * DAY)

    assert alerts(incomplete) == ["documents_expiry"]
    assert events(incomplete).count(Event.DOCS_EXPIRY_PROPOSED) == 1
    assert incomplete.state() is ClaimState.AWAITING_DOCUMENTS
    assert incomplete.kinds == ["received", "documents_reminder"]


def test_a_claim_that_became_complete_is_not_reminded(incomplete: Office) -> None:
    incomplete.clock.at = OPENED + DAY
    incomplete.deliver(make_claim_mail(received_at=RECEIVED + DAY))
    assert incomplete.state() is ClaimState.UNDER_REVIEW

    pass_time(incomplete, OPENED + DAY, OPENED + 5 * DAY)

    assert "documents_reminder" not in incomplete.kinds


def test_a_second_request_that_expires_is_told_again(incomplete: Office) -> None:
    first_due, second_due = OPENED + 7 * DAY, OPENED + 21 * DAY
    incomplete.wait_until(first_due)
    before = incomplete.claim
    asked_again = dataclasses.replace(
        before,
        documents_asked_at=OPENED + 14 * DAY,
        documents_due_at=second_due,
        next_due_at=second_due,
    )
    with incomplete.store.transaction() as work:
        work.save_claim(before, asked_again)

    incomplete.wait_until(second_due)

    assert alerts(incomplete) == ["documents_expiry"] * 2


# -- outages, and several schedulers ------------------------------------------------


def test_scenario_40_what_fell_due_during_a_week_off_is_done_once(
    complete: Office,
) -> None:
    pass_time(complete, RESPOND_BY + 7 * DAY, RESPOND_BY + 7 * DAY + 3 * HOUR)

    assert alerts(complete) == ["warn_48h", "warn_24h"]
    assert complete.kinds == ["received", "response"]
    assert complete.claim.respond_by == RESPOND_BY + 14 * DAY


def test_a_reminder_and_an_expiry_that_were_missed_are_done_once(
    incomplete: Office,
) -> None:
    pass_time(incomplete, OPENED + 14 * DAY, OPENED + 14 * DAY + 3 * HOUR)

    assert incomplete.kinds == ["received", "documents_reminder"]
    assert alerts(incomplete) == ["documents_expiry"]


def test_T6_two_schedulers_at_once_make_one_job_and_one_mail(complete: Office) -> None:
    complete.clock.at = RESPONSE_AT
    start = threading.Barrier(4)

    def look() -> None:
        scheduler = Scheduler(complete.parts)
        start.wait()
        scheduler.enqueue_deadlines(RESPONSE_AT)

    schedulers = [threading.Thread(target=look) for _ in range(4)]
    for scheduler in schedulers:
        scheduler.start()
    for scheduler in schedulers:
        scheduler.join(60)
    complete.run()

    assert rows(complete, "select count(*) from jobs where kind = 'remind'") == [(1,)]
    assert complete.kinds == ["received", "response"]
    assert len(complete.relay.taken) == 2


def test_T6_the_same_job_twice_does_nothing_twice(complete: Office) -> None:
    """As after a kill between the effects and the doorbell's end (scenario 8)."""
    complete.clock.at = RESPONSE_AT
    with complete.store.transaction() as work:
        work.add_jobs(*(NewJob("remind", f"1:again{n}", "validate") for n in range(3)))

    complete.run()

    assert complete.kinds == ["received", "response"]
    assert alerts(complete) == ["warn_48h", "warn_24h"]


def test_scenario_39_a_clock_that_jumps_fires_nothing_twice_and_nothing_early(
    complete: Office,
) -> None:
    complete.wait_until(RESPOND_BY - 24 * HOUR)

    complete.wait_until(RESPOND_BY - 26 * HOUR)
    complete.wait_until(RESPOND_BY - 24 * HOUR)

    assert alerts(complete) == ["warn_48h", "warn_24h"]
    assert complete.kinds == ["received"]


def test_T4_deadlines_count_real_hours_over_the_change_of_clocks(
    tmp_path: Path,
) -> None:
    """Seven times 24 hours, although that Sunday has 25 in Berlin."""
    received = datetime(2026, 10, 22, 17, 0, tzinfo=UTC)
    package = dataclasses.replace(
        a_package(),
        arrived=a_when(received - DAY),
        delivered=a_when(received - HOUR),
        destination_tz="Europe/Berlin",
    )
    order = an_order("ORD-20261104-0183", packages=(package,))
    with an_office(tmp_path / "office", order) as office:
        office.clock.at = received
        office.deliver(make_claim_mail(received_at=received))

        office.wait_until(received + 5 * DAY - SECOND)
        early = alerts(office)
        office.wait_until(received + 5 * DAY)

        assert early == []
        assert alerts(office) == ["warn_48h"]


class BusyRelay(Relay):
    """Takes a mail while somebody else is changing its claim."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self._office = office
        self._has_changed = threading.Event()
        self.changing = threading.Thread(target=self._change)

    def send(self, *, envelope_from: str, recipient: str, raw: bytes) -> Attempt:
        if not self.taken:
            self.changing.start()
            self._has_changed.wait(10)
        return super().send(envelope_from=envelope_from, recipient=recipient, raw=raw)

    def _change(self) -> None:
        before = self._office.claim
        with self._office.store.transaction() as work:
            work.save_claim(before, dataclasses.replace(before, flags=("changed",)))
            self._has_changed.set()
            threading.Event().wait(0.5)  # the end of the attempt is recorded meanwhile


def test_D1_a_response_that_the_relay_took_is_not_sent_again_because_its_claim_changed(
    tmp_path: Path, postgres: Postgres
) -> None:
    url = postgres.database()
    with an_office(tmp_path / "office", the_order(), database_url=url) as office:
        office.deliver(make_claim_mail())
        relay = office.parts.relay = BusyRelay(office)

        office.wait_until(RESPONSE_AT)
        relay.changing.join(10)
        office.run_again()

        assert len(relay.taken) == 1
        assert office.emails[-1].status == "sent"
        assert office.claim.responded_at == RESPONSE_AT
        assert office.claim.flags == ("changed",)
    postgres.drop(url)


# -- the sweep ----------------------------------------------------------------------


@pytest.fixture
def depths(office: Office) -> dict[str, int | None]:
    """How many rings wait on each queue; None: Redis cannot be asked."""
    depths: dict[str, int | None] = dict.fromkeys(QUEUES, 0)
    office.parts.__dict__["queue_depth"] = depths.__getitem__
    return depths


def lost_job(office: Office, queue: str = "send") -> Bell:
    """A job that is due and whose ring was lost."""
    with office.store.transaction() as work:
        work.add_jobs(NewJob("send", queue, queue))
    bell = office.queue.bells.pop()
    ring_long_ago(office)
    return bell


def ring_long_ago(office: Office) -> None:
    with office.store.database.write() as session:
        session.execute(sa.text("update jobs set rung_at_ms = 0"))


@pytest.mark.usefixtures("depths")
def test_scenario_4_a_job_whose_ring_was_lost_is_rung_by_the_next_sweep(
    office: Office,
) -> None:
    bell = lost_job(office)

    rung = Scheduler(office.parts).ring_due()

    assert rung == 1
    assert office.queue.bells == [bell]


@pytest.mark.usefixtures("depths")
def test_a_job_is_not_rung_again_at_each_sweep(office: Office) -> None:
    lost_job(office)
    scheduler = Scheduler(office.parts)

    rung = [scheduler.ring_due() for _ in range(3)]

    assert rung == [1, 0, 0]


def test_of_a_deep_queue_the_oldest_are_rung_first_and_it_holds_up_no_other(
    office: Office, depths: dict[str, int | None]
) -> None:
    depths["understand"] = DEEP
    with office.store.transaction() as work:
        work.add_jobs(*(NewJob("understand", str(n), "understand") for n in range(30)))
    waiting = list(office.queue.bells)
    ring_long_ago(office)
    bell = lost_job(office, "send")

    scheduler = Scheduler(office.parts)
    rung = [scheduler.ring_due() for _ in range(12)]

    assert rung == [MOST_RUNG_DEEP + 1] + [0] * 11
    assert office.queue.bells == [bell, *waiting[:MOST_RUNG_DEEP], *waiting]


def test_while_redis_is_away_nothing_counts_as_rung(
    office: Office, depths: dict[str, int | None]
) -> None:
    bell = lost_job(office)
    scheduler = Scheduler(office.parts)
    depths["send"] = None
    while_away = scheduler.ring_due()

    depths["send"] = 0
    afterwards = scheduler.ring_due()

    assert (while_away, afterwards) == (0, 1)
    assert office.queue.bells == [bell]


def nothing() -> None:
    """Let a second pass."""


@pytest.mark.usefixtures("depths")
def test_a_running_scheduler_rings_and_fires(complete: Office) -> None:
    bell = lost_job(complete)
    complete.clock.at = RESPONSE_AT

    Scheduler(complete.parts).run(FakeStop(*[nothing] * 5))

    assert complete.queue.bells[0] == bell
    assert [b.queue for b in complete.queue.bells[1:]] == ["validate"]


def test_a_scheduler_outlives_an_outage_and_says_so_once(complete: Office) -> None:
    complete.clock.at = RESPONSE_AT
    is_down = True

    def depth(_queue: str) -> int:
        if is_down:
            raise RetryLater("database_unreachable")
        return 0

    def come_back() -> None:
        nonlocal is_down
        is_down = False

    complete.parts.__dict__["queue_depth"] = depth
    with capture_logs() as logs:
        Scheduler(complete.parts).run(
            FakeStop(*[nothing] * 6, come_back, *[nothing] * 5)
        )
    complete.run()

    assert [one["event"] for one in logs].count("sweep_failed") == 1
    assert "response" in complete.kinds


def test_a_sweep_finds_nothing_to_do_when_everything_was_done(
    complete: Office,
) -> None:
    """Its cost depends on what is due, not on what exists."""
    complete.wait_until(RESPONSE_AT)

    assert Scheduler(complete.parts).enqueue_deadlines(RESPONSE_AT) == 0


# -- the dead -----------------------------------------------------------------------


def run_by(office: Office, owner: str, pid: int, ticks: int) -> Bell:
    """Let a process take a job with a long lease; return its bell."""
    office.store.processes.register(
        owner=owner, role="work", host=processes.host(), pid=pid, boot_ticks=ticks
    )
    with office.store.transaction() as work:
        work.add_jobs(NewJob("send", owner, "send"))
    bell = office.queue.bells.pop()
    assert office.store.jobs.take(bell.job_id, lease_for=DAY) is not None
    set_owner = sa.text("update jobs set owner = :owner, rung_at_ms = 0 where id = :id")
    with office.store.database.write() as session:
        session.execute(set_owner, {"owner": owner, "id": bell.job_id})
    return bell


def test_scenario_6_the_jobs_of_a_dead_process_run_again_at_once(
    office: Office, depths: dict[str, int | None]
) -> None:
    assert depths["send"] == 0
    us = processes.boot_ticks(os.getpid())
    assert us is not None
    dead = run_by(office, "dead", 2**22 + 1, 5)
    reborn = run_by(office, "pid given to another", os.getpid(), us - 1)
    alive = run_by(office, "alive", os.getpid(), us)
    scheduler = Scheduler(office.parts)

    scheduler.bury_the_dead()
    scheduler.ring_due()

    assert office.queue.bells == [dead, reborn]
    assert alive not in office.queue.bells
    (left,) = office.store.processes.on_host(processes.host())
    assert left[0] == "alive"


def test_a_process_of_another_machine_is_left_alone(
    office: Office, depths: dict[str, int | None]
) -> None:
    assert depths["send"] == 0
    run_by(office, "elsewhere", 2**22 + 1, 5)
    with office.store.database.write() as session:
        session.execute(sa.text("update processes set host = 'another'"))
    scheduler = Scheduler(office.parts)

    scheduler.bury_the_dead()

    assert scheduler.ring_due() == 0
