"""The figures in SQL: what counts, what does not, the same on both databases."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from worker.adapters.clock import StillClock
from worker.adapters.queue import CollectingQueue
from worker.adapters.store import Store
from worker.adapters.store.desk.figure_kinds import Load, PeriodFigures, Span, Spread
from worker.adapters.store.desk.figures import Figures
from worker.domain.claim import Claim, ClaimEvent, ClaimState, Event
from worker.domain.money import Money
from worker.samples import a_claim, a_proposal, an_assessment, an_order

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WEEK = Span(NOON - 5 * DAY, NOON + 2 * DAY)
LATER = NOON + 30 * DAY
S, E = ClaimState, Event


class Record:
    """A record in which claims are made by their events alone."""

    def __init__(self, store: Store, clock: StillClock) -> None:
        self.store = store
        self.clock = clock
        self.figures = Figures(store.database)
        self._number = 0

    def claim(self, **changes: object) -> Claim:
        self._number += 1
        made = a_claim(order_number=f"ORD-{self._number}", **changes)
        with self.store.transaction() as work:
            return work.open_claim(made)

    def happened(
        self,
        claim: Claim,
        event: Event,
        at: datetime,
        *,
        actor: str = "system",
        clauses: tuple[str, ...] = (),
        data: dict[str, str] | None = None,
    ) -> None:
        state = claim.state
        one = ClaimEvent(event, actor, at, state, state, clauses=clauses, data=data)
        with self.store.transaction() as work:
            work.append_event(claim.claim_id, one)

    def answered(self, complete_at: datetime, at: datetime, **changes: object) -> Claim:
        given = {
            "state": S.UNDER_REVIEW,
            "docs_complete_at": complete_at,
            "respond_by": complete_at + 7 * DAY,
            "responded_at": at,
        }
        claim = self.claim(**(given | changes))
        self.happened(claim, E.STATUS_SENT, at)
        return claim

    def of(self, span: Span = WEEK, *, now: datetime = LATER) -> PeriodFigures:
        return self.figures.of(span, now=now, respond_within=7 * DAY)


@pytest.fixture
def record(database_url: str) -> Iterator[Record]:
    clock = StillClock(NOON)
    store = Store(database_url, owner="one", clock=clock, queue=CollectingQueue())
    store.create_tables()
    yield Record(store, clock)
    store.close()


def test_an_empty_record_has_no_figures(record: Record) -> None:
    found = record.of()

    assert found.respond == Spread(0, None, None)
    assert found.decide == Spread(0, None, None)
    assert found.kept is found.overrule_rate is found.appeal_rate is None
    assert found.late_share is found.paid_share is None
    assert record.figures.clauses(WEEK) == []
    assert record.figures.load(WEEK) == []
    assert record.figures.liability().proposed_usd == Decimal("0.00")


def test_median_and_p90_are_interpolated_between_ranks(record: Record) -> None:
    for hours in (10, 20, 30, 40):
        record.answered(NOON - hours * HOUR, NOON)

    found = record.of()

    assert found.respond == Spread(4, 25 * HOUR, 37 * HOUR)
    assert found.kept == 1.0


def test_one_answer_is_its_own_median(record: Record) -> None:
    record.answered(NOON - 3 * HOUR, NOON)

    assert record.of().respond == Spread(1, 3 * HOUR, 3 * HOUR)


@pytest.mark.parametrize(
    ("after", "in_time"),
    [
        pytest.param(timedelta(0), 1, id="at the last second"),
        pytest.param(timedelta(seconds=1), 0, id="a second later"),
    ],
)
def test_C10_an_answer_at_the_limit_is_in_time(
    record: Record, after: timedelta, in_time: int
) -> None:
    record.answered(NOON - 7 * DAY - after, NOON)

    assert record.of().answered_in_time == in_time


def test_C10_an_answer_that_named_a_later_date_is_held_to_the_first_limit(
    record: Record,
) -> None:
    complete_at = NOON - 8 * DAY
    record.answered(complete_at, NOON, promised_at=NOON, respond_by=NOON + 7 * DAY)

    found = record.of()

    assert (found.respond.count, found.answered_in_time) == (1, 0)


def test_only_the_first_answer_counts_and_only_in_its_period(record: Record) -> None:
    claim = record.answered(NOON - 9 * DAY, NOON - 6 * DAY)
    record.happened(claim, E.STATUS_SENT, NOON)

    assert record.of().respond.count == 0
    assert record.of(WEEK.before).respond == Spread(1, 3 * DAY, 3 * DAY)


def test_an_answer_before_the_set_was_complete_again_counts_for_nothing(
    record: Record,
) -> None:
    record.answered(
        NOON + HOUR, NOON, responded_at=NOON, respond_by=NOON + HOUR + 7 * DAY
    )

    assert record.of().respond.count == 0


def test_an_answer_that_came_back_counts_for_nothing(record: Record) -> None:
    record.answered(NOON - DAY, NOON, responded_at=None)

    assert record.of().respond.count == 0


def test_a_note_about_a_mail_of_staff_answers_no_clock(record: Record) -> None:
    claim = record.claim(docs_complete_at=NOON - DAY, responded_at=NOON)
    record.happened(claim, E.STATUS_SENT, NOON, actor="jane@logistics.example")

    assert record.of().respond.count == 0


def test_a_decision_that_staff_sent_from_their_own_program_answers_the_clock(
    record: Record,
) -> None:
    claim = record.claim(docs_complete_at=NOON - DAY, responded_at=NOON)
    record.happened(
        claim, E.APPROVED, NOON, actor="jane", data={"sent_at": "2026-11-10"}
    )

    assert record.of().respond == Spread(1, DAY, DAY)


@pytest.mark.parametrize(
    ("changes", "overdue"),
    [
        pytest.param({}, 1, id="nobody answered"),
        pytest.param({"responded_at": NOON - HOUR}, 0, id="answered"),
        pytest.param({"state": S.AWAITING_DOCUMENTS}, 0, id="no clock runs"),
        pytest.param({"respond_by": NOON - 6 * DAY}, 0, id="due before the period"),
    ],
)
def test_a_limit_that_passed_without_an_answer_is_not_kept(
    record: Record, changes: dict[str, object], overdue: int
) -> None:
    given = {
        "state": S.UNDER_REVIEW,
        "docs_complete_at": NOON - 7 * DAY,
        "respond_by": NOON,
    }
    record.claim(**(given | changes))

    assert record.of().overdue == overdue
    assert record.of(now=NOON - HOUR).overdue == 0


def test_the_time_to_decide_ends_with_the_first_decision(record: Record) -> None:
    claim = record.claim(received_at=NOON - 4 * DAY)
    record.happened(claim, E.REJECTED, NOON - DAY)
    record.happened(claim, E.APPROVED, NOON)

    found = record.of()

    assert found.decide == Spread(1, 3 * DAY, 3 * DAY)
    assert found.decided == 2


def test_decisions_are_counted_by_each_clause_that_they_rest_on(
    record: Record,
) -> None:
    for clauses in (("C11", "X3"), ("C11",), ("C11",)):
        record.happened(record.claim(), E.REJECTED, NOON, clauses=clauses)
    record.happened(record.claim(), E.APPROVED, NOON, clauses=("G6",))
    record.happened(record.claim(), E.APPROVED_PARTIAL, NOON, clauses=("G6", "X3"))

    found = record.figures.clauses(WEEK)

    assert [(one.clause, one.total) for one in found] == [
        ("C11", 3),
        ("G6", 2),
        ("X3", 2),
    ]
    assert (found[1].approved, found[1].partial, found[1].rejected) == (1, 1, 0)


def test_rates_divide_by_what_could_have_gone_the_other_way(record: Record) -> None:
    record.happened(record.claim(), E.INELIGIBLE_OVERRULED, NOON, actor="jane")
    for _ in range(3):
        record.happened(record.claim(), E.INELIGIBLE_CONFIRMED, NOON, actor="jane")
    record.happened(record.claim(), E.REJECTED, NOON, actor="jane")
    record.happened(record.claim(), E.APPROVED_PARTIAL, NOON, actor="jane")
    record.happened(record.claim(), E.APPROVED, NOON, actor="jane")
    record.happened(record.claim(), E.APPEAL_FILED, NOON, actor="jane")

    found = record.of()

    assert found.overrule_rate == 0.25
    assert found.appeal_rate == 0.5


def test_C11_a_claim_that_failed_twice_is_late_once(record: Record) -> None:
    late = record.claim()
    for claim in (late, record.claim(), record.claim(), record.claim()):
        record.happened(claim, E.OPENED, NOON)
    record.happened(late, E.CHECK_FAILED, NOON, clauses=("C11",))
    record.happened(late, E.CHECK_FAILED, NOON + HOUR, clauses=("G1", "C11"))
    record.happened(late, E.CHECK_FAILED, NOON + HOUR, clauses=("C12",))

    found = record.of()

    assert (found.late, found.late_share) == (1, 0.25)


def assessed(record: Record, claim: Claim, usd: str, points: int = 0) -> None:
    proposal = replace(a_proposal(), total=Money(Decimal(usd)), points_restored=points)
    with record.store.transaction() as work:
        made = an_assessment(proposal=proposal)
        work.save_assessed(claim, claim, made, an_order())
        work.save_assessment(claim.claim_id, made, job_id=None)


def test_what_was_paid_is_what_was_approved_before_each_payout(
    record: Record,
) -> None:
    claim = record.claim()
    assessed(record, claim, "400.00")
    steps: tuple[tuple[Event, dict[str, str]], ...] = (
        (E.APPROVED_PARTIAL, {"amount_usd": "100.10"}),
        (E.PAYOUT_DONE, {}),
        (E.APPROVED_PARTIAL, {"amount_usd": "99.90"}),
        (E.PAYOUT_DONE, {}),
    )
    for event, data in steps:
        record.happened(claim, event, NOON, actor="jane", data=data)

    found = record.of()

    assert (found.paid, found.paid_usd) == (2, Decimal("200.00"))
    assert found.paid_proposed_usd == Decimal("400.00")
    assert found.paid_share == 0.5


def test_the_liability_is_what_stands_open_now(record: Record) -> None:
    review = record.claim(state=S.UNDER_REVIEW)
    assessed(record, review, "120.50", points=300)
    record.claim(state=S.AWAITING_DOCUMENTS)
    approved = record.claim(state=S.APPROVED)
    assessed(record, approved, "80.00", points=20)
    ineligible = record.claim(state=S.INELIGIBLE_PROPOSED)
    assessed(record, ineligible, "999.00")
    over = record.claim(state=S.COMPLETED_PAID)
    assessed(record, over, "999.00", points=999)
    with record.store.transaction() as work:
        work.set_decided(approved.claim_id, Decimal("70.25"))

    found = record.figures.liability()

    assert (found.undecided, found.without_figure) == (2, 1)
    assert found.proposed_usd == Decimal("120.50")
    assert (found.owed, found.owed_usd) == (1, Decimal("70.25"))
    assert found.points == 320


def test_the_load_names_people_and_not_the_program(record: Record) -> None:
    record.happened(record.claim(), E.STATUS_SENT, NOON)
    record.happened(record.claim(), E.REJECTED, NOON, actor="kim")
    record.happened(record.claim(), E.DECISION_PROPOSED, NOON, actor="jane")
    record.happened(record.claim(), E.INFO_REQUESTED, NOON, actor="jane")
    record.happened(record.claim(), E.REJECTED, WEEK.until, actor="late")

    assert record.figures.load(WEEK) == [
        Load("kim", proposals=0, decisions=1, replies=1),
        Load("jane", proposals=1, decisions=0, replies=1),
    ]


def test_each_day_of_the_period_is_there_by_utc(record: Record) -> None:
    span = Span(datetime(2026, 11, 9, tzinfo=UTC), datetime(2026, 11, 12, tzinfo=UTC))
    end_of_day = datetime(2026, 11, 10, 23, 59, 59, tzinfo=UTC)
    record.happened(record.claim(), E.OPENED, end_of_day)
    record.happened(record.claim(), E.HELD, end_of_day)
    record.happened(record.claim(), E.WITHDRAWN, end_of_day + timedelta(seconds=1))

    found = [(one.on, one.opened, one.closed) for one in record.figures.days(span)]

    assert found == [
        (date(2026, 11, 9), 0, 0),
        (date(2026, 11, 10), 2, 0),
        (date(2026, 11, 11), 0, 1),
    ]


@pytest.mark.parametrize(
    ("moved", "counted"),
    [
        pytest.param(lambda span: span.since, 1, id="the first instant"),
        pytest.param(lambda span: span.until, 0, id="the end itself"),
    ],
)
def test_a_period_begins_with_its_first_instant_and_ends_before_its_last(
    record: Record, moved: Callable[[Span], datetime], counted: int
) -> None:
    record.happened(record.claim(), E.OPENED, moved(WEEK))

    assert record.of().opened == counted
