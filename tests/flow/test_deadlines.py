"""The clocks of clauses C10, C11 and C12, and which time of a mail counts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from worker.domain.claim import Claim, ClaimState, ClaimType
from worker.domain.deadlines import (
    Due,
    DueKind,
    SlaState,
    collect_by,
    due_events,
    latest,
    next_due_at,
    received_stamp,
    report_by,
    respond_by,
    sla_state,
)
from worker.domain.mail import Hop, ReceivedFrom, ReceivedStamp
from worker.domain.orders import Precision, When, parse_when
from worker.domain.policy import (
    Policy,
    RespondCount,
    ThirtyDayCount,
    TimestampSource,
)

POLICY = Policy()
SECOND = timedelta(seconds=1)
MX = "mx.logistics.example"
NOON = datetime(2024, 5, 11, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def when(text: str, tz: str = "UTC") -> When:
    return parse_when(text, ZoneInfo(tz))


def a_stamp(
    *,
    trusted_at: datetime | None = None,
    internaldate_at: datetime | None = None,
    header_date_at: datetime | None = None,
    policy: Policy = POLICY,
    given_at: datetime | None = None,
) -> ReceivedStamp:
    hops = () if trusted_at is None else (Hop(0, MX, trusted_at),)
    return received_stamp(
        hops,
        internaldate_at=internaldate_at,
        first_seen_at=NOON + timedelta(days=1),
        header_date_at=header_date_at,
        trusted_mx=[MX],
        policy=policy,
        given_at=given_at,
    )


def a_claim(**changes: Any) -> Claim:  # noqa: ANN401 - any field of it
    values: dict[str, Any] = {
        "claim_id": 12,
        "member_id": "M10023",
        "order_number": "ORD-1",
        "package_id": "1",
        "claim_type": ClaimType.DAMAGE,
        "state": ClaimState.UNDER_REVIEW,
        "version": 1,
        "received_at": NOON,
        "docs_complete_at": NOON,
        "respond_by": NOON + timedelta(hours=168),
    }
    return Claim(**(values | changes))


# -- which time of a mail counts (clauses.md 1.1) -----------------------------------


def test_EX_32_a_slow_hop_of_ours_costs_the_member_nothing() -> None:
    stamp = a_stamp(
        trusted_at=at("2024-05-11T14:10:00Z"),
        internaldate_at=at("2024-05-11T15:05:00Z"),
    )

    assert stamp.received_at == at("2024-05-11T14:10:00Z")
    assert stamp.received_from is ReceivedFrom.TRUSTED_RECEIVED
    assert stamp.received_at <= report_by(when("2024-05-10T14:30:00Z"))


def test_internaldate_decides_when_it_is_a_little_earlier() -> None:
    stamp = a_stamp(trusted_at=NOON, internaldate_at=NOON - SECOND)

    assert stamp.received_at == NOON - SECOND
    assert stamp.received_from is ReceivedFrom.INTERNALDATE
    assert stamp.flags == ()


def test_of_equal_clocks_our_own_exchanger_is_named() -> None:
    stamp = a_stamp(trusted_at=NOON, internaldate_at=NOON)

    assert stamp.received_from is ReceivedFrom.TRUSTED_RECEIVED


@pytest.mark.parametrize(
    ("gap", "source", "flags"),
    [
        pytest.param(
            timedelta(minutes=5), ReceivedFrom.INTERNALDATE, (), id="exactly-5-minutes"
        ),
        pytest.param(
            timedelta(minutes=5) + SECOND,
            ReceivedFrom.TRUSTED_RECEIVED,
            ("internaldate_ignored",),
            id="one-second-more",
        ),
    ],
)
def test_an_imported_internaldate_is_ignored(
    gap: timedelta, source: ReceivedFrom, flags: tuple[str, ...]
) -> None:
    stamp = a_stamp(trusted_at=NOON, internaldate_at=NOON - gap)

    assert stamp.received_from is source
    assert stamp.flags == flags
    assert stamp.internaldate_at == NOON - gap


@pytest.mark.parametrize(
    ("gap", "flags"),
    [
        pytest.param(timedelta(hours=1), (), id="exactly-1-hour"),
        pytest.param(
            timedelta(hours=1) + SECOND, ("date_mismatch",), id="one-second-more"
        ),
        pytest.param(-timedelta(hours=1) - SECOND, ("date_mismatch",), id="date-ahead"),
    ],
)
def test_a_date_header_far_away_raises_a_flag_and_decides_nothing(
    gap: timedelta, flags: tuple[str, ...]
) -> None:
    stamp = a_stamp(trusted_at=NOON, header_date_at=NOON - gap)

    assert stamp.received_at == NOON
    assert stamp.flags == flags


def test_EX_31_the_date_header_never_makes_a_claim_early() -> None:
    stamp = a_stamp(
        internaldate_at=at("2024-05-11T20:00:00Z"),
        header_date_at=at("2024-05-11T10:00:00Z"),
    )

    assert stamp.flags == ("date_mismatch",)
    assert stamp.received_at > report_by(when("2024-05-10T14:30:00Z"))


def test_the_topmost_stamp_of_ours_counts_and_nothing_below_it() -> None:
    hops = (
        Hop(0, "store.logistics.example", NOON + timedelta(hours=1)),
        Hop(1, "MX.Logistics.Example.", NOON),
        Hop(2, MX, NOON - timedelta(days=2)),
    )

    stamp = received_stamp(
        hops,
        internaldate_at=None,
        first_seen_at=NOON + timedelta(hours=2),
        header_date_at=None,
        trusted_mx=[MX],
        policy=POLICY,
    )

    assert stamp.received_at == NOON


def test_an_unreadable_stamp_of_ours_does_not_let_a_forged_one_count() -> None:
    hops = (Hop(0, MX, None), Hop(1, MX, NOON - timedelta(days=2)))

    stamp = received_stamp(
        hops,
        internaldate_at=NOON,
        first_seen_at=NOON,
        header_date_at=None,
        trusted_mx=[MX],
        policy=POLICY,
    )

    assert stamp.received_at == NOON
    assert stamp.received_trusted_at is None


def test_first_sight_counts_when_nothing_else_is_known() -> None:
    stamp = a_stamp()

    assert stamp.received_from is ReceivedFrom.FIRST_SEEN
    assert stamp.received_at == NOON + timedelta(days=1)


def test_a_given_time_wins_over_all_clocks() -> None:
    stamp = a_stamp(trusted_at=NOON, internaldate_at=NOON, given_at=NOON - SECOND)

    assert stamp.received_at == NOON - SECOND
    assert stamp.received_from is ReceivedFrom.GIVEN


def test_the_switch_leaves_internaldate_alone() -> None:
    policy = Policy(timestamp_source=TimestampSource.INTERNALDATE)

    stamp = a_stamp(
        trusted_at=NOON, internaldate_at=NOON + timedelta(hours=1), policy=policy
    )

    assert stamp.received_at == NOON + timedelta(hours=1)
    assert a_stamp(trusted_at=NOON, policy=policy).received_at == NOON


def test_every_instant_comes_back_in_utc() -> None:
    local = NOON.astimezone(ZoneInfo("Asia/Taipei"))

    stamp = a_stamp(trusted_at=local, internaldate_at=local, header_date_at=local)

    assert stamp.received_at.tzinfo is UTC
    assert stamp.internaldate_at is not None
    assert stamp.internaldate_at.tzinfo is UTC
    assert stamp.header_date_at is not None
    assert stamp.header_date_at.tzinfo is UTC


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        a_stamp(internaldate_at=NOON.replace(tzinfo=None))


# -- 24 hours (C11) -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("received", "claimed", "is_in_time"),
    [
        pytest.param("2024-05-10T14:30:00Z", "2024-05-11T14:30:00Z", True, id="EX-26"),
        pytest.param("2024-05-10T14:30:00Z", "2024-05-11T14:30:01Z", False, id="EX-27"),
        pytest.param(
            "2024-03-09T14:00:00-05:00", "2024-03-10T14:30:00-04:00", True, id="EX-28"
        ),
        pytest.param(
            "2024-11-02T14:00:00-04:00", "2024-11-03T13:30:00-05:00", False, id="EX-29"
        ),
        pytest.param(
            "2024-06-01T09:00:00+08:00", "2024-06-01T20:59:59-04:00", True, id="EX-30"
        ),
        pytest.param("2024-02-28T23:15:00Z", "2024-02-29T23:15:00Z", True, id="EX-33"),
        pytest.param("2024-02-28T23:15:00Z", "2024-03-01T00:00:00Z", False, id="EX-34"),
        pytest.param("2023-02-28T23:15:00Z", "2023-03-01T23:15:00Z", True, id="EX-35"),
    ],
)
def test_C11_counts_24_real_hours(
    received: str, claimed: str, *, is_in_time: bool
) -> None:
    assert (at(claimed) <= report_by(when(received))) is is_in_time


def test_EX_28_and_EX_29_local_clocks_are_converted_before_subtracting() -> None:
    new_york = ZoneInfo("America/New_York")
    spring = datetime(2024, 3, 10, 14, 30, tzinfo=new_york)
    autumn = datetime(2024, 11, 3, 13, 30, tzinfo=new_york)

    assert spring <= report_by(when("2024-03-09T14:00:00", "America/New_York"))
    assert autumn > report_by(when("2024-11-02T14:00:00", "America/New_York"))


def test_EX_36_minutes_run_to_the_end_of_the_minute() -> None:
    scan = when("2024-06-03T14:05", "America/New_York")

    assert scan.precision is Precision.MINUTE
    assert report_by(scan) == at("2024-06-04T18:05:59Z")
    assert at("2024-06-04T18:05:40Z") <= report_by(scan)


def test_EX_37_a_date_runs_to_the_end_of_that_day() -> None:
    delivered = when("2024-07-04", "America/Chicago")

    assert delivered.precision is Precision.DAY
    assert latest(delivered) == at("2024-07-05T05:00:00Z")
    assert report_by(delivered) == at("2024-07-06T05:00:00Z")


def test_EX_38_a_time_that_occurs_twice_runs_from_the_later_one() -> None:
    delivered = when("2024-11-03T01:30:00", "America/New_York")

    assert delivered.earliest_at == at("2024-11-03T05:30:00Z")
    assert delivered.latest_at == at("2024-11-03T06:30:00Z")
    assert report_by(delivered) == at("2024-11-04T06:30:00Z")


# -- reading written times ----------------------------------------------------------


def test_a_time_that_the_clocks_skipped_keeps_the_offset_before() -> None:
    skipped = when("2024-03-10T02:30:00", "America/New_York")

    assert skipped.earliest_at == skipped.latest_at == at("2024-03-10T07:30:00Z")


def test_seconds_written_as_zero_are_seconds() -> None:
    assert when("2024-06-03T14:05:00Z").precision is Precision.SECOND
    assert when("2024-06-03 14:05Z").precision is Precision.MINUTE


def test_a_written_offset_wins_over_the_zone() -> None:
    written = when(" 2024-06-01T09:00:00+08:00 ", "America/New_York")

    assert written.earliest_at == at("2024-06-01T01:00:00Z")
    assert written.written == "2024-06-01T09:00:00+08:00"


def test_a_day_on_which_the_clocks_change_has_its_true_length() -> None:
    long_day = when("2024-11-03", "America/New_York")

    assert long_day.latest_at - long_day.earliest_at == timedelta(hours=25) - SECOND


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3 Jun 2024 14:05",
        "2024-02-30",
        "2024-06-03T24:00",
        "2024-06-03T14",
        "0024-06-03",
    ],
)
def test_other_ways_to_write_a_time_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|day is out of range|day must be"):
        when(text)


# -- 30 days (C12) ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrived", "tz", "first_late_at"),
    [
        pytest.param(
            "2024-01-31T10:00:00", "Asia/Singapore", "2024-03-01T16:00:00Z", id="EX-41"
        ),
        pytest.param(
            "2023-01-31T10:00:00", "Asia/Singapore", "2023-03-02T16:00:00Z", id="EX-42"
        ),
        pytest.param("2024-10-10", "Europe/Berlin", "2024-11-09T23:00:00Z", id="EX-44"),
    ],
)
def test_C12_counts_calendar_days_at_the_destination(
    arrived: str, tz: str, first_late_at: str
) -> None:
    last_good_at = collect_by(when(arrived, tz), POLICY, destination_tz=tz)

    assert last_good_at + SECOND == at(first_late_at)


def test_EX_43_720_hours_end_earlier_than_day_30() -> None:
    arrived = when("2024-01-31T10:00:00", "Asia/Singapore")
    hours = Policy(thirty_day_count=ThirtyDayCount.HOURS_720)
    collected = at("2024-03-01T10:00:00Z")

    by_day = collect_by(arrived, POLICY, destination_tz="Asia/Singapore")
    by_hour = collect_by(arrived, hours, destination_tz="Asia/Singapore")

    assert by_hour == at("2024-03-01T02:00:00Z")
    assert by_hour < collected <= by_day


def test_without_a_destination_zone_days_count_in_the_policy_zone() -> None:
    arrived = when("2024-01-31T20:00:00Z")
    policy = Policy(policy_tz="Asia/Singapore")

    assert collect_by(arrived, POLICY, destination_tz=None) == at(
        "2024-03-01T23:59:59Z"
    )
    assert collect_by(arrived, policy, destination_tz=None) == at(
        "2024-03-02T15:59:59Z"
    )


# -- 7 days (C10) -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("complete", "due"),
    [
        pytest.param(
            "2024-02-26T16:45:00Z", "2024-03-04T16:45:00Z", id="EX-47-leap-year"
        ),
        pytest.param(
            "2023-02-26T16:45:00Z", "2023-03-05T16:45:00Z", id="EX-47-other-year"
        ),
        pytest.param("2024-05-03T09:20:00Z", "2024-05-10T09:20:00Z", id="EX-48"),
        pytest.param("2024-12-28T10:00:00Z", "2025-01-04T10:00:00Z", id="EX-53"),
    ],
)
def test_C10_is_due_after_168_hours(complete: str, due: str) -> None:
    assert respond_by(at(complete), POLICY) == at(due)


def test_EX_49_the_due_time_moves_on_the_wall_when_the_clocks_do() -> None:
    new_york = ZoneInfo("America/New_York")

    due_at = respond_by(datetime(2024, 3, 8, 12, tzinfo=new_york), POLICY)

    assert due_at == at("2024-03-15T17:00:00Z")
    assert f"{due_at.astimezone(new_york):%H:%M %Z}" == "13:00 EDT"


def test_C10_by_calendar_days_ends_with_the_seventh_day() -> None:
    policy = Policy(respond_count=RespondCount.CALENDAR_DAYS, policy_tz="Asia/Taipei")

    due_at = respond_by(at("2024-05-03T20:00:00Z"), policy)

    assert due_at == at("2024-05-11T15:59:59Z")


@pytest.mark.parametrize(
    ("late_by", "state"),
    [
        pytest.param(timedelta(0), SlaState.MET, id="at-the-due-second"),
        pytest.param(SECOND, SlaState.BREACHED, id="one-second-later"),
    ],
)
def test_EX_50_the_due_second_is_met(late_by: timedelta, state: SlaState) -> None:
    claim = a_claim()
    assert claim.respond_by is not None
    responded_at = claim.respond_by + late_by

    answered = a_claim(responded_at=responded_at, state=ClaimState.COMPLETED_REJECTED)

    assert sla_state(answered, now=responded_at) is state


def test_EX_51_an_answer_to_an_earlier_clock_does_not_stop_the_new_one() -> None:
    complete_at = at("2024-05-07T08:00:00Z")
    claim = a_claim(
        responded_at=at("2024-05-05T10:00:00Z"),
        docs_complete_at=complete_at,
        respond_by=respond_by(complete_at, POLICY),
    )

    assert claim.respond_by == at("2024-05-14T08:00:00Z")
    assert sla_state(claim, now=complete_at) is SlaState.RUNNING


def test_EX_52_without_an_answer_the_clock_runs() -> None:
    assert sla_state(a_claim(), now=NOON) is SlaState.RUNNING


@pytest.mark.parametrize(
    ("left", "state"),
    [
        pytest.param(timedelta(hours=48) + SECOND, SlaState.RUNNING, id="over-48-h"),
        pytest.param(timedelta(hours=48), SlaState.DUE_SOON, id="48-h"),
        pytest.param(timedelta(0), SlaState.DUE_SOON, id="due-second"),
        pytest.param(-SECOND, SlaState.BREACHED, id="one-second-over"),
    ],
)
def test_the_clock_is_read_at_an_instant(left: timedelta, state: SlaState) -> None:
    claim = a_claim()
    assert claim.respond_by is not None

    assert sla_state(claim, now=claim.respond_by - left) is state


@pytest.mark.parametrize("state", [ClaimState.WITHDRAWN, ClaimState.AWAITING_DOCUMENTS])
def test_no_clock_runs_where_nobody_waits_for_us(state: ClaimState) -> None:
    later = NOON + timedelta(days=30)

    assert sla_state(a_claim(state=state), now=later) is SlaState.NONE
    assert sla_state(a_claim(respond_by=None), now=later) is SlaState.NONE


# -- the schedule -------------------------------------------------------------------


def test_a_running_clock_warns_twice_and_then_answers() -> None:
    due_at = NOON + timedelta(hours=168)

    assert due_events(a_claim(), POLICY) == (
        Due(DueKind.WARN_48H, due_at - timedelta(hours=48)),
        Due(DueKind.WARN_24H, due_at - timedelta(hours=24)),
        Due(DueKind.AUTO_RESPONSE, due_at - timedelta(hours=2)),
    )


def test_the_automatic_answer_can_be_turned_off() -> None:
    kinds = [due.kind for due in due_events(a_claim(), Policy(auto_response=False))]

    assert kinds == [DueKind.WARN_48H, DueKind.WARN_24H]


def test_an_answered_clock_has_nothing_due() -> None:
    assert due_events(a_claim(responded_at=NOON + SECOND), POLICY) == ()
    assert due_events(a_claim(responded_at=NOON - SECOND), POLICY) != ()


@pytest.mark.parametrize(
    ("answered_after", "is_due"),
    [
        pytest.param(timedelta(0), True, id="only-the-promise"),
        pytest.param(SECOND, False, id="one-second-later"),
    ],
)
def test_a_response_that_names_a_date_starts_the_next_clock(
    answered_after: timedelta, *, is_due: bool
) -> None:
    promised_at = NOON + timedelta(days=6)
    claim = a_claim(
        responded_at=promised_at + answered_after,
        promised_at=promised_at,
        respond_by=promised_at + timedelta(days=7),
    )

    state = sla_state(claim, now=promised_at + timedelta(days=1))

    assert (due_events(claim, POLICY) != ()) is is_due
    assert state is (SlaState.RUNNING if is_due else SlaState.MET)


def test_missing_documents_are_reminded_on_day_3_and_expire() -> None:
    claim = a_claim(
        state=ClaimState.AWAITING_DOCUMENTS,
        docs_complete_at=None,
        respond_by=None,
        documents_asked_at=NOON,
        documents_due_at=NOON + timedelta(days=7),
    )

    assert due_events(claim, POLICY) == (
        Due(DueKind.DOCUMENTS_REMINDER, NOON + timedelta(days=3)),
        Due(DueKind.DOCUMENTS_EXPIRY, NOON + timedelta(days=7)),
    )


def test_only_a_request_of_its_own_expires_while_the_member_is_asked() -> None:
    asked: dict[str, Any] = {
        "state": ClaimState.AWAITING_MEMBER,
        "responded_at": NOON + timedelta(days=1),
        "documents_due_at": NOON + timedelta(days=8),
    }

    before = a_claim(documents_asked_at=NOON - timedelta(days=1), **asked)
    after = a_claim(documents_asked_at=NOON + timedelta(days=1), **asked)

    assert due_events(before, POLICY) == ()
    assert [due.kind for due in due_events(after, POLICY)] == [
        DueKind.DOCUMENTS_REMINDER,
        DueKind.DOCUMENTS_EXPIRY,
    ]


@pytest.mark.parametrize("state", [ClaimState.COMPLETED_PAID, ClaimState.IDENTITY_HOLD])
def test_nothing_falls_due_for_a_claim_that_waits_for_nothing(
    state: ClaimState,
) -> None:
    assert due_events(a_claim(state=state, documents_asked_at=NOON), POLICY) == ()


def test_the_next_due_instant_is_strictly_later() -> None:
    claim = a_claim()
    first_at = NOON + timedelta(hours=120)
    last_at = NOON + timedelta(hours=166)

    assert next_due_at(claim, POLICY, first_at - SECOND) == first_at
    assert next_due_at(claim, POLICY, first_at) == NOON + timedelta(hours=144)
    assert next_due_at(claim, POLICY, last_at) is None
